"""The accounts of the console: who may sign in, with what, and how."""

"""The rules: who may use a buyer's contact, for what, by which way; knows nothing of the service."""

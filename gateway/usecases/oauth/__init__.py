"""Clients that prove themselves by keys of their own, and the tokens that they get for it."""

"""Envelope encryption of contacts; keys live here and in the key provider, never beside the ciphertext."""

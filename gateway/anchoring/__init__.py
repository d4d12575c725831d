"""Brings checkpoints out of the service's own reach: to witnesses that cosign, and to outside holders."""

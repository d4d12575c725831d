"""The ways to a carrier: each takes the contact out through the one release, and through no other door."""

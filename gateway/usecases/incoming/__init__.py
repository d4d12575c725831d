"""Orders as they come in, from streams and marketplaces, and what marketplaces tell of them later."""

"""The nouns of the service: pure values without input or output."""

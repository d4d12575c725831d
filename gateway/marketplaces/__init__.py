"""Where orders come from: a marketplace's documents in, the service's own nouns out."""

"""The life of keys: shown, rotated, let go, and contacts brought under new ones."""

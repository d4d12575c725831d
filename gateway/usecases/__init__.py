"""What the service does, one verb a file; each reads top to bottom."""

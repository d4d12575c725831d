"""The log as people read it: sought, counted, explained, exported; it never writes but that it was read."""

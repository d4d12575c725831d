"""Files of contacts for carriers: each format in a module of its own, all from the same rows; pure."""

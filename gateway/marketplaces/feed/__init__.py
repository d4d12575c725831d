"""A shop or marketplace whose export is read by a column map."""

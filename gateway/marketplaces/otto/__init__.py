"""OTTO Market: its order documents read, checked and derived into orders with their contacts."""

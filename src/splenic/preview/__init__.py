"""A case as one picture."""

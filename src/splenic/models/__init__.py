"""The bundle format: read, verify, install; the shipped bundle lies in models/shipped."""

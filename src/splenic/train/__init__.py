"""Cases → bundle (extra `train`)."""

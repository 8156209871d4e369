"""One case from input to record; many cases: queue and resume."""

"""Volume → probability → mask."""

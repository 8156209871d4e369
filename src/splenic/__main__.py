"""``python -m splenic``."""

from __future__ import annotations

from splenic.cli import main

if __name__ == "__main__":
    main()

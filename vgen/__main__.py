"""`python -m vgen` is the same as `vgen`."""

from __future__ import annotations

import sys

from vgen.cli import main

if __name__ == "__main__":
    sys.exit(main())

"""Every test process: coverage measures it, and not the programs that it starts."""

from __future__ import annotations

import os

if "PYTEST_XDIST_WORKER" in os.environ:
    # Programs would start at half the speed, and those that are killed would leave broken data.
    for name in [name for name in os.environ if name.startswith("COVERAGE")]:
        del os.environ[name]

"""The environment for processes that cannot write coverage data."""

from __future__ import annotations

import os

UNCOVERED = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
"""This process's variables without coverage's: a process that is killed, or may write
only small files, leaves a broken data file that `coverage combine` complains of."""

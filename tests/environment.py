"""The environment for processes that a test kills."""

from __future__ import annotations

import os

UNCOVERED = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
"""This process's variables without coverage's: a process that is killed leaves a broken data file,
and `coverage combine` stops at it."""

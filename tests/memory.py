"""A fast place for files that are synced often: memory, where the machine has it."""

from __future__ import annotations

from pathlib import Path

_SHM = Path("/dev/shm")  # noqa: S108 (folders with names of their own are made below it)

IN_MEMORY = str(_SHM) if _SHM.is_dir() else None

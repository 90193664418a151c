"""The house has floors: imports point down, and plug-ins come in by the public door."""

from __future__ import annotations

from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from .imports import Import, imports_below

ROOT = Path(__file__).parents[2]

DOORS = 5
FLOORS = {
    "errors": 1,
    "records": 1,
    "scratch": 1,
    "ports": 2,
    "decisions": 3,
    "builtin": 4,
    "drive": 4,
    "video": 4,
    "__init__": DOORS,
    "__main__": DOORS,
    "abc": DOORS,
    "aio": DOORS,
    "blocking": DOORS,
    "cli": DOORS,
    "portal": DOORS,
    "testing": DOORS,
    "webhooks": DOORS,
}
BESIDE = {
    ("errors", "records"),  # errors carry records
    ("records", "errors"),  # records refuse bad values
    ("cli", "__init__"),  # the command line uses what any user of the library does
    ("cli", "abc"),
    ("__main__", "cli"),
    ("aio", "portal"),
    ("blocking", "portal"),
    ("testing", "portal"),  # what the threads run on in virtual time
    ("testing", "webhooks"),  # fakes sign theirs likewise
}
WALLS = {
    "runner": 6,
    "job": 5,
    "clip": 4,
    "attempt": 3,
    "limits": 2,
    "observe": 2,
    "media": 2,
    "exception_groups": 1,
}
"""The rooms of `vgen.drive`: runner, job, clip, attempt, and what they all use."""
BESIDE_IF_DEFERRED = {("drive", "video")}  # a job without a file to judge loads no codecs
PUBLIC = {
    "vgen.abc",
    "vgen.aio",
    "vgen.blocking",
    "vgen.errors",
    "vgen.testing",
    "vgen.testing.contracts",
    "vgen.video",
    "vgen.webhooks",
}


def test_imports_point_down() -> None:
    """A module of vgen imports from its own package and the floors below, from nowhere else."""
    assert not trespasses(ROOT / "vgen")


def test_plugins_use_the_public_door() -> None:
    """A plug-in, its tests included, imports what an outsider's may: the public modules."""
    assert not [str(found) for found in imports_below(ROOT / "backends") if not is_public(found)]


@pytest.mark.parametrize(
    ("file", "statement"),
    [
        ("decisions/retry.py", "from vgen.drive.runner import Runner"),
        ("decisions/retry.py", "from ..drive import runner"),
        ("decisions/retry.py", "from .. import drive"),
        ("records/clip.py", "import vgen.ports.backend"),
        ("errors.py", "if TYPE_CHECKING:\n    from vgen.ports import backend"),
        ("ports/backend.py", "from vgen import VideoBackend"),
        ("ports/backend.py", "def f():\n    import vgen"),
        ("builtin/ledger.py", "from vgen import video"),
        ("video/probe.py", "from vgen.builtin.ledger import Ledger"),
        ("drive/attempt/run.py", "from vgen.video import probe"),
        ("drive/attempt/run.py", "class A:\n    from vgen.video import probe"),
        ("drive/attempt/run.py", "def f():\n    from vgen.builtin import ledger"),
        ("drive/attempt/run.py", "from vgen.drive.clip.run import run_clip"),
        ("drive/attempt/run.py", "from ..clip import run"),
        ("drive/clip/run.py", "from vgen.drive.job.context import JobContext"),
        ("drive/job/context.py", "def f():\n    import vgen.drive.runner.open"),
        ("drive/limits/stop.py", "from vgen.drive.media.images import Images"),
        ("drive/observe/tracing.py", "if TYPE_CHECKING:\n    from vgen.drive.attempt import run"),
        ("drive/clip/run.py", "from vgen.drive.cellar import Box"),
        ("abc.py", "from vgen.testing import FakeBackend"),
        ("cli/generate.py", "from vgen.testing import FakeBackend"),
        ("attic/box.py", "from vgen.errors import VgenError"),
    ],
)
def test_a_planted_import_is_found(tmp_path: Path, file: str, statement: str) -> None:
    """An import that breaks the rule is named by file and line, however it is written."""
    planted = plant(tmp_path, file, statement)
    line = len(statement.splitlines())
    (found,) = trespasses(tmp_path / "vgen")
    assert found.startswith(f"{planted}:{line} imports vgen")


@pytest.mark.parametrize(
    ("file", "statement"),
    [
        ("__init__.py", "from vgen.drive.runner import open_runner"),
        ("abc.py", "from vgen.ports.backend import VideoBackend"),
        ("cli/generate.py", "from vgen import open_runner"),
        ("drive/attempt/run.py", "from . import polling"),
        ("drive/media/inspector.py", "def f():\n    from vgen.video import probe"),
        ("drive/media/inspector.py", "if TYPE_CHECKING:\n    from vgen.video import probe"),
        ("drive/runner/open.py", "from vgen.drive.job.context import JobContext"),
        ("drive/clip/claims.py", "from vgen.drive.exception_groups import single_error"),
        ("errors.py", "from vgen.records.clip import Clips"),
        ("testing/__init__.py", "from vgen.drive.runner import open_runner"),
        ("video/__init__.py", "from .probe import probe"),
    ],
)
def test_an_allowed_import_is_let_through(tmp_path: Path, file: str, statement: str) -> None:
    """Imports downward, within a package and out of a door are no offence."""
    plant(tmp_path, file, statement)
    assert not trespasses(tmp_path / "vgen")


@pytest.mark.parametrize(
    ("statement", "public"),
    [
        ("import vgen", True),
        ("from vgen import errors, ClipPrompt", True),
        ("from vgen.video import probe", True),
        ("from vgen import drive", False),
        ("from vgen.video.probe import probe", False),
        ("from vgen.records.clip import Clip", False),
        ("from vgen.attic.box import Box", False),
    ],
)
def test_a_private_door_is_found(tmp_path: Path, statement: str, *, public: bool) -> None:
    """Whatever is below a public module is private to plug-ins."""
    plant(tmp_path, "plugin.py", statement)
    assert all(is_public(found) for found in imports_below(tmp_path)) is public


def test_no_room_has_a_circle() -> None:
    """Within a package, too, no two modules import each other, directly or through others.

    Imports for typing count. `vgen.errors` names records in annotations and is not looked at.
    """
    modules = {path: module_of(path) for path in (ROOT / "vgen").rglob("*.py")}
    known = set(modules.values())
    imports: dict[str, set[str]] = {module: set() for module in known}
    for found in imports_below(ROOT / "vgen"):
        module = modules[found.path]
        if module != "vgen.errors":
            imports[module] |= found.modules(known) - {module}
    TopologicalSorter(imports).prepare()  # raises CycleError, which names the circle


def module_of(path: Path) -> str:
    """The name by which a file of the repository is imported."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def plant(tmp_path: Path, file: str, statement: str) -> Path:
    """Write a file of one statement into an otherwise empty `vgen`."""
    path = tmp_path / "vgen" / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(statement, "utf-8")
    return path


def trespasses(vgen: Path) -> list[str]:
    """The imports below `vgen` that do not point down, one line each."""
    return [str(found) for found in imports_below(vgen) if not points_down(found, vgen)]


def points_down(found: Import, vgen: Path) -> bool:
    """Whether the importing module may import the target."""
    here = found.path.relative_to(vgen).with_suffix("").parts[0]
    there = room_of(found.target)
    if here == there == "drive":
        return points_down_in_drive(found, vgen)
    if here == there or (here, there) in BESIDE:
        return True
    if (here, there) in BESIDE_IF_DEFERRED:
        return found.deferred
    return FLOORS[there] < FLOORS.get(here, 0)


def points_down_in_drive(found: Import, vgen: Path) -> bool:
    """Whether a module of the drive imports from its own room or from a lower one."""
    here = found.path.relative_to(vgen / "drive").with_suffix("").parts[0]
    there = found.target.split(".")[2] if found.target.count(".") > 1 else "__init__"
    return here == there or WALLS.get(there, 9) < WALLS.get(here, 0)


def room_of(target: str) -> str:
    """The first name below `vgen`, or `__init__` where that is a name and no module."""
    room = target.partition(".")[2].partition(".")[0]
    return room if room in FLOORS else "__init__"


def is_public(found: Import) -> bool:
    """Whether the target is a public module, or a name of `vgen` itself."""
    return found.target in PUBLIC or (
        found.target.count(".") <= 1 and room_of(found.target) == "__init__"
    )

"""What the repository's own files promise: their size, their exceptions, their commands."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LONGEST = 400
SUPPRESSION = re.compile(r"#\s*(?:noqa|type: ignore|pyright: ignore|pragma: no \w+)(?P<rest>.*)")
REASON = re.compile(r"(?::\s*[A-Z0-9, ]+|\[[\w, -]+\])?\s+(?:- |# |\()\w+")
IGNORED_RULE = re.compile(r'\s*"[A-Z]+\d*",(?P<rest>.*)')


def tracked(pattern: str) -> list[Path]:
    """Files that git tracks, or would once they are added, and that are still there."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", pattern]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def test_no_python_file_is_long() -> None:
    """A file above 400 lines holds a second idea."""
    long = [path for path in tracked("*.py") if path.read_text("utf-8").count("\n") > LONGEST]
    assert not long


def test_no_lock_file_is_tracked() -> None:
    """A lock file names the hosts that its packages came from."""
    assert not tracked("*uv.lock")


def test_every_ignored_rule_has_its_reason() -> None:
    """Each rule that ruff is told to ignore has a comment beside it."""
    lines = (ROOT / "pyproject.toml").read_text("utf-8").partition("[tool.ruff.lint]")[2]
    rules = [found for line in lines.splitlines() if (found := IGNORED_RULE.match(line))]
    assert rules
    assert not [found[0] for found in rules if not re.match(r"\s*# \w+", found["rest"])]


def test_every_suppression_has_its_reason() -> None:
    """A check silenced on a line names the rule, and says there why."""
    silent = [
        f"{path}:{number}"
        for path in tracked("*.py")
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if unexplained(line)
    ]
    assert not silent


@pytest.mark.parametrize(
    ("comment", "silent"),
    [
        ("noqa", True),
        ("noqa: S101", True),
        ("noqa: S101, S102 - the reason", False),
        ("noqa: S101 (the reason)", False),
        ("type: ignore[misc]", True),
        ("type: ignore[misc]  # the reason", False),
        ("pyright: ignore[reportUnknownMemberType]  # the reason", False),
        ("pragma: no cover", True),
        ("pragma: no branch - the reason", False),
        ("an ordinary comment", False),
    ],
)
def test_a_silent_suppression_is_found(comment: str, *, silent: bool) -> None:
    """The check above tells a reason from none."""
    assert unexplained("x = 1  #" + f" {comment}") is silent


def unexplained(line: str) -> bool:
    """Whether the line silences a check without a word of why."""
    found = SUPPRESSION.search(line)
    return found is not None and REASON.match(found["rest"]) is None


def test_newcomers_run_what_the_machines_run() -> None:
    """The command of `.ci/run` stands, word for word, in the README and for contributors."""
    command = (ROOT / ".ci/run").read_text("utf-8").splitlines()[-1]
    for page in ("README.md", "CONTRIBUTING.md"):
        assert command in (ROOT / page).read_text("utf-8")

"""Planting deliberate faults in a scratch copy of vgen, one by one, and running the tests on it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from attrs import frozen

from .table import Planted

ROOT = Path(__file__).parents[2]
RANDOM = "tests/drive/random_jobs"
EXAMPLES = ("tests/drive", "tests/decisions", "tests/contracts/test_ledgers.py")
NO_CACHES = shutil.ignore_patterns("__pycache__")
LONGEST = 900.0
"""How long tests may take, in seconds: a fault may keep a job in virtual time from ending."""


@frozen
class Caught:
    """What the tests said to a fault: what failed first, and at what plan; "" where nothing did."""

    random_jobs: str
    plan: str
    examples: str


def copy_house(scratch: Path) -> None:
    """Copy what the tests of the drive need into an empty folder."""
    for folder in ("vgen", "tests"):
        shutil.copytree(ROOT / folder, scratch / folder, ignore=NO_CACHES)
    shutil.copy(ROOT / "pyproject.toml", scratch)


def check_sound(scratch: Path, *, jobs: int) -> None:
    """See that the tests pass before anything is planted: else they would prove nothing."""
    said = complaint(run_tests(scratch, EXAMPLES, jobs=jobs))
    if said:
        raise RuntimeError(f"the tests fail without any fault: {said}")


def try_out(scratch: Path, fault: Planted, *, jobs: int, shrink: bool, both: bool) -> Caught:
    """Plant a fault, run the tests, and mend the copy again.

    The examples run where the random jobs noticed nothing, or with `both` in any case.
    """
    path = scratch / "vgen" / fault.path
    sound = path.read_text("utf-8")
    _write(path, sound.replace(fault.old, fault.new))
    try:
        profile = "planted-shrunk" if shrink else "planted"
        random = run_tests(scratch, [RANDOM, f"--hypothesis-profile={profile}"], jobs=jobs)
        examples = ""
        if both or not random:
            examples = run_tests(scratch, [*EXAMPLES, f"--ignore={RANDOM}"])
    finally:
        _write(path, sound)
        shutil.rmtree(scratch / ".hypothesis", ignore_errors=True)  # each fault is found anew
    plan = re.search(r"^[E| ]*plan=(Plan\(.*\)),$", random, re.MULTILINE)
    return Caught(complaint(random), plan[1] if plan else "", complaint(examples))


def _write(path: Path, source: str) -> None:
    """Write a module, and forget its bytecode: within a second, Python may not see the change."""
    path.write_text(source, "utf-8")
    for compiled in path.parent.glob(f"__pycache__/{path.stem}.*"):
        compiled.unlink()


def run_tests(scratch: Path, what: Sequence[str], *, jobs: int = 0) -> str:
    """Run some tests on the copy; gives their output, or "" where none failed.

    Tests that do not end have noticed the fault.
    """
    command = ["pytest", "-x", "-q", "--tb=short", "-p", "no:cacheprovider", *what]
    try:
        done = subprocess.run(
            [sys.executable, "-m", *command],
            cwd=scratch,
            env={**os.environ, "PYTHONPATH": str(scratch), "VGEN_RANDOM_JOBS": str(jobs)},
            capture_output=True,
            text=True,
            check=False,
            timeout=LONGEST,
        )
    except subprocess.TimeoutExpired:
        return f"FAILED tests::they did not end within {LONGEST:g} s\n"
    if done.returncode not in {0, 1}:
        raise RuntimeError(f"the tests did not run: {done.stdout}{done.stderr}")
    return done.stdout if done.returncode else ""


def complaint(output: str) -> str:
    """Return the line that says what failed."""
    found = re.findall(r"^FAILED .*?::(.*)$", output, re.MULTILINE)
    said = re.findall(r"^[E| ]+(\w*(?:Error|Exception|Interrupt)\b.*)$", output, re.MULTILINE)
    return f"{found[0].partition(' - ')[0]}: {said[-1] if said else ''}" if found else ""

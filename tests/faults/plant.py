"""Planting deliberate faults in a copy of the repository, and running the tests on each."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from attrs import frozen

from .scratch import REPLICATE, broken, run_tests
from .table import Planted

RANDOM = "tests/drive/random_jobs"
EXAMPLES = ("tests/drive", "tests/decisions", "tests/contracts/test_ledgers.py")
AT_REPLICATE = (f"{REPLICATE}/tests",)
LONGEST = 900.0
"""How long tests may take, in seconds: a fault may keep a job in virtual time from ending."""


@frozen
class Caught:
    """What the tests said to a fault: what failed first, and at what plan; "" where nothing did."""

    random_jobs: str
    plan: str
    examples: str


def check_sound(scratch: Path, *, jobs: int) -> None:
    """See that the tests pass before anything is planted: else they would prove nothing."""
    said = complaint(failing(scratch, [*EXAMPLES, *AT_REPLICATE], jobs=jobs))
    if said:
        raise RuntimeError(f"the tests fail without any fault: {said}")


def try_out(scratch: Path, fault: Planted, *, jobs: int, shrink: bool, both: bool) -> Caught:
    """Plant a fault, run the tests, and mend the copy again.

    The examples run where the random jobs noticed nothing, or with `both` in any case. Random jobs
    run on fakes: what is broken at a provider has its own tests.
    """
    at_replicate = fault.path.startswith(REPLICATE)
    sound = (scratch / fault.path).read_text("utf-8")
    with broken(scratch, fault.path, sound.replace(fault.old, fault.new).encode()):
        random = examples = ""
        if not at_replicate:
            profile = "planted-shrunk" if shrink else "planted"
            random = failing(scratch, [RANDOM, f"--hypothesis-profile={profile}"], jobs=jobs)
        if both or not random:
            what = AT_REPLICATE if at_replicate else (*EXAMPLES, f"--ignore={RANDOM}")
            examples = failing(scratch, what)
    shutil.rmtree(scratch / ".hypothesis", ignore_errors=True)  # each fault is found anew
    plan = re.search(r"^[E| ]*plan=(Plan\(.*\)),$", random, re.MULTILINE)
    return Caught(complaint(random), plan[1] if plan else "", complaint(examples))


def failing(scratch: Path, what: Sequence[str], *, jobs: int = 0) -> str:
    """Run some tests on the copy; gives their output, or "" where none failed.

    Tests that do not end have noticed the fault.
    """
    code, said = run_tests(scratch, what, jobs=jobs, limit=LONGEST)
    if code is None:
        return f"FAILED tests::they did not end within {LONGEST:g} s\n"
    if code not in {0, 1}:
        raise RuntimeError(f"the tests did not run: {said}")
    return said if code else ""


def complaint(output: str) -> str:
    """Return the line that says what failed."""
    found = re.findall(r"^FAILED .*?::(.*)$", output, re.MULTILINE)
    said = re.findall(r"^[E| ]+(\w*(?:Error|Exception|Interrupt)\b.*)$", output, re.MULTILINE)
    return f"{found[0].partition(' - ')[0]}: {said[-1] if said else ''}" if found else ""

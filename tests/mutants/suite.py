"""The tests of an area, and those of them that a mutant concerns."""

from __future__ import annotations

import json
from pathlib import Path

from attrs import frozen

from tests.faults.scratch import broken, run_tests

from .areas import Area
from .mutant import Mutant

JOBS = 200
"""How many random jobs are played for a mutant."""

SLOWER, LATER = 5.0, 10.0
"""A test that takes so many times longer, and so many seconds more, has noticed a mutant: a job in
virtual time may not end."""


PLUGIN = ("-p", "tests.mutants.plugin")
NO_TESTS = 5
"""What pytest exits with where it has found none."""


@frozen
class Suite:
    """The tests of an area: their seconds by their names, and which of them run which lines."""

    area: Area
    seconds: dict[str, float]
    lines: dict[str, dict[int, set[str]]]

    def tests_for(self, mutant: Mutant) -> dict[str, float]:
        """Return the tests that can notice a mutant, fastest first, with their limits."""
        lines = self.lines.get(mutant.path, {})
        concerned = set[str]().union(*(lines.get(n, ()) for n in mutant.lines or lines))
        if not concerned and mutant.lines is None:
            concerned = set(self.seconds)
        others = (name for name in self.seconds if name.startswith(self.area.processes))
        fastest_first = sorted(concerned.union(others), key=lambda name: self.seconds[name])
        return {name: SLOWER * self.seconds[name] + LATER for name in fastest_first}

    def notices(self, scratch: Path, mutant: Mutant) -> bool:
        """Whether a test fails on a mutant, or does not end; the copy is mended again."""
        if not (tests := self.tests_for(mutant)):
            return False
        chosen = scratch / ".tests.json"
        chosen.write_text(json.dumps(tests), "utf-8")
        files = sorted({name.partition("::")[0] for name in tests})
        with broken(scratch, mutant.path, mutant.planted((scratch / mutant.path).read_bytes())):
            code, said = run_tests(scratch, [*PLUGIN, f"--only-tests={chosen}", *files], jobs=JOBS)
        if code == NO_TESTS:
            raise RuntimeError(f"no tests ran: {said}")
        return code != 0


def measure(scratch: Path, area: Area) -> Suite:
    """Run the tests of an area, which must pass, and note what runs in each."""
    notes = scratch / ".lines.json"
    code, said = run_tests(scratch, [*PLUGIN, f"--note-lines={notes}", *area.tests], jobs=JOBS)
    if code:
        raise RuntimeError(f"the tests fail without any mutant: {said}")
    seconds, lines = json.loads(notes.read_text("utf-8"))
    names = list(seconds)
    by_name = {
        path: {int(line): {names[number] for number in numbers} for line, numbers in each.items()}
        for path, each in lines.items()
    }
    return Suite(area, seconds, by_name)

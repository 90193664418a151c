"""Change the code in small ways, one by one, and count the changes that the tests notice.

`python -m tests.mutants.run [--all] [--seed SEED] [COUNT] [AREA or PATH ...]`, from the
repository's root: a sample of COUNT mutants, or `--all`, of the areas or modules named. Prints
those that nothing noticed, and fails where they are too many.
"""

from __future__ import annotations

import sys
import tempfile
from argparse import ArgumentParser
from collections.abc import Collection, Sequence
from pathlib import Path
from random import Random

from tests.faults.scratch import ROOT, Copies

from .areas import AREAS, Area
from .mutant import Mutant
from .statements import mutants_of
from .suite import measure

SAMPLE = 300
LEAST_NOTICED = 0.85
COPIES = 2
"""How many mutants are tried at once, each in a copy of the repository of its own."""


def main(arguments: list[str]) -> int:
    """Try mutants, print those that went unnoticed, and say whether they are too many."""
    parser = ArgumentParser(prog="python -m tests.mutants.run")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("what", nargs="*")
    asked = parser.parse_args(arguments)
    counts = [int(word) for word in asked.what if word.isdigit()]
    names = [word for word in asked.what if not word.isdigit()]
    found = [(area, mutant) for area in AREAS for mutant in mutants_in(area, names)]
    count = len(found) if asked.all else min(len(found), *counts or [SAMPLE])
    chosen = sorted(Random(asked.seed).sample(range(len(found)), count))  # noqa: S311 - no secret
    noticed = try_out([found[number] for number in chosen])
    for area in AREAS:
        if generated := sum(other is area for other, _ in found):
            seen = [one for of, one in noticed if of is area]
            tell(f"{area.name}: {sum(seen)} of {len(seen)} noticed; there are {generated}")
    tell(f"{sum(seen for _, seen in noticed)} of {count} noticed")
    return sum(seen for _, seen in noticed) < LEAST_NOTICED * count


def mutants_in(area: Area, names: Collection[str]) -> list[Mutant]:
    """Return the mutants of an area: of all its modules, or of those named."""
    return [
        mutant
        for path in area.modules(ROOT)
        if not names or area.name in names or path in names
        for mutant in mutants_of(path, (ROOT / path).read_bytes())
    ]


def try_out(chosen: Sequence[tuple[Area, Mutant]]) -> list[tuple[Area, bool]]:
    """Plant the mutants one by one, say which nothing notices, and return whether each was."""
    areas = [area for area in AREAS if any(area is other for other, _ in chosen)]
    noticed: list[tuple[Area, bool]] = []
    with tempfile.TemporaryDirectory(prefix="vgen-mutants-") as folder:
        copies = Copies(folder, COPIES)
        suites = dict(zip(areas, copies.map(measure, areas), strict=True))

        def is_noticed(scratch: Path, one: tuple[Area, Mutant]) -> bool:
            area, mutant = one
            return suites[area].notices(scratch, mutant)

        for (area, mutant), seen in zip(chosen, copies.map(is_noticed, chosen), strict=True):
            noticed.append((area, seen))
            if not seen:
                tell(f"{mutant}  ({len(suites[area].tests_for(mutant))} tests)")
    return noticed


def tell(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

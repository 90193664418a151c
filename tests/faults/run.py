"""Plant every deliberate fault, or those of the rules named, and say what noticed it.

`python -m tests.faults.run [--both] [--shrink] [RULE ...]`, from the repository's root; fails where
a fault went unnoticed. With `--both` the examples are tried on every fault, not only on those that
the random jobs overlooked; with `--shrink` the plans that show the faults are shrunk first. Either
takes longer.
"""

from __future__ import annotations

import sys
import tempfile
from functools import partial
from pathlib import Path

from .plant import check_sound, try_out
from .scratch import Copies
from .table import FAULTS

JOBS = 2000

COPIES = 2
"""How many faults are tried at once, each on a copy of its own."""


def main(arguments: list[str]) -> int:
    """Try the faults, print a line or two for each, and count those that went unnoticed."""
    shrink, both = "--shrink" in arguments, "--both" in arguments
    rules = {int(word) for word in arguments if word.isdigit()}
    chosen = [fault for fault in FAULTS if not rules or fault.rule in rules]
    missed = 0
    with tempfile.TemporaryDirectory(prefix="vgen-faults-") as folder:
        copies = Copies(folder, COPIES)
        check_sound(Path(folder, "0"), jobs=JOBS)
        plant = partial(try_out, jobs=JOBS, shrink=shrink, both=both)
        for fault, caught in zip(chosen, copies.map(plant, chosen), strict=True):
            missed += not (caught.random_jobs or caught.examples)
            tell(f"rule {fault.rule}: {fault.name}")
            tell(f"    random jobs: {caught.random_jobs or '-'}")
            tell(f"        {caught.plan}")
            if caught.examples or not caught.random_jobs:
                tell(f"    examples: {caught.examples or '-'}")
    tell(f"{len(chosen)} faults planted, {missed} unnoticed")
    return missed


def tell(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Plant every deliberate fault, or those of the rules named, and say what noticed it.

`python -m tests.faults.run [--shrink] [RULE ...]`, from the repository's root; fails where a fault
went unnoticed. With `--shrink` the plans that show the faults are shrunk first, which takes longer.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from .plant import check_sound, copy_house, try_out
from .table import FAULTS

JOBS = 2000


def main(arguments: list[str]) -> int:
    """Try the faults, print a line or two for each, and count those that went unnoticed."""
    shrink = "--shrink" in arguments
    rules = {int(word) for word in arguments if word.isdigit()}
    chosen = [fault for fault in FAULTS if not rules or fault.rule in rules]
    missed = 0
    with tempfile.TemporaryDirectory(prefix="vgen-faults-") as folder:
        copy_house(Path(folder))
        check_sound(Path(folder), jobs=JOBS)
        for fault in chosen:
            caught = try_out(Path(folder), fault, jobs=JOBS, shrink=shrink)
            missed += not (caught.random_jobs or caught.examples)
            tell(f"rule {fault.rule}: {fault.name}")
            tell(f"    random jobs: {caught.random_jobs or '-'}")
            tell(f"        {caught.plan}")
            tell(f"    examples: {caught.examples or '-'}")
    tell(f"{len(chosen)} faults planted, {missed} unnoticed")
    return missed


def tell(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

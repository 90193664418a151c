"""The table of deliberate faults, read from `faults.toml`."""

from __future__ import annotations

import tomllib
from pathlib import Path

from attrs import frozen


@frozen
class Planted:
    """A change to one module that breaks a rule; `old` stands in it exactly once."""

    rule: int
    name: str
    path: str
    old: str
    new: str


def read(path: Path) -> tuple[Planted, ...]:
    """Read a table of faults."""
    return tuple(Planted(**fault) for fault in tomllib.loads(path.read_text("utf-8"))["fault"])


FAULTS = read(Path(__file__).with_name("faults.toml"))

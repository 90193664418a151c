"""The tree of errors, as it is drawn where they are defined."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator

from vgen import errors

BRANCH = re.compile(r"^((?:│   |    )*(?:[├└]── )?)(\w+Error)\b", re.MULTILINE)
INDENT = 4


def drawn() -> Iterator[tuple[str, str]]:
    """Return each error that the tree shows, and the error that it hangs from."""
    above: list[str] = []
    for branch, name in BRANCH.findall((errors.__doc__ or "").split("```")[1]):
        above = [*above[: len(branch) // INDENT], name]
        yield name, above[-2] if len(above) > 1 else "Exception"


def test_the_tree_shows_every_error_below_its_base() -> None:
    """Whoever reads it knows all that can be caught, and what catches it."""
    defined = [
        (name, kind.__base__.__name__ if kind.__base__ else "")
        for name, kind in vars(errors).items()
        if inspect.isclass(kind) and issubclass(kind, errors.VgenError)
    ]
    assert list(drawn()) == defined

"""Exception groups of nurseries become one error."""

from __future__ import annotations

import pytest

from vgen.drive.exception_groups import single_error


def test_the_most_severe_error_is_raised() -> None:
    """`KeyboardInterrupt` goes before other errors, which are named in its notes."""
    with pytest.raises(KeyboardInterrupt) as caught, single_error():
        raise BaseExceptionGroup("", [ValueError("late"), KeyboardInterrupt()])
    assert caught.value.__notes__ == ["and at the same time: ValueError: late"]

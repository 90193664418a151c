"""When a clip can be fetched no longer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from vgen.abc import Capabilities
from vgen.decisions.expiry import LATE, is_expired

SENT = datetime(2026, 1, 1, tzinfo=UTC)
KEEPS, QUEUE, RUN = 600.0, 30.0, 20.0
LONGEST = QUEUE + RUN + LATE + KEEPS


def expired(seconds: float, *, succeeded: float | None = None, keeps: float | None = KEEPS) -> bool:
    """Whether a clip has expired so many seconds after its submit."""
    at = None if succeeded is None else SENT + timedelta(seconds=succeeded)
    backend = Capabilities(
        text=True,
        image=True,
        durations=(1.0,),
        queue_limit=QUEUE,
        run_limit=RUN,
        keeps_outputs=keeps,
    )
    now = SENT + timedelta(seconds=seconds)
    return is_expired(backend, sent_at=SENT, succeeded_at=at, now=now)


@pytest.mark.parametrize("succeeded", [0.0, 40.0, 9000.0])
def test_a_success_is_kept_from_when_it_was_known(succeeded: float) -> None:
    """To the second, however late the success was written down."""
    assert not expired(succeeded + KEEPS, succeeded=succeeded)
    assert expired(succeeded + KEEPS + 1, succeeded=succeeded)


def test_without_a_verdict_its_limits_are_added() -> None:
    """It may have ended at the end of its limits, and somewhat later."""
    assert not expired(LONGEST)
    assert expired(LONGEST + 1)


def test_nothing_expires_where_the_backend_does_not_say() -> None:
    """However long ago it was."""
    assert not expired(10**9, keeps=None)
    assert not expired(10**9, succeeded=1.0, keeps=None)


def test_a_clock_that_was_set_back_expires_nothing() -> None:
    """A time before the submit is no age."""
    assert not expired(-(10**6))
    assert not expired(-(10**6), succeeded=1.0)

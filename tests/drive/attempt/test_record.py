"""What a clip's record says of its file."""

from __future__ import annotations

import pytest
from attrs import evolve
from trio.testing import MockClock

from tests.drive.jobs import Fakes
from vgen.abc import ClipRequest, Quote
from vgen.testing import FakeBackend, Spoil

from .delivered import content, run


class Exact(FakeBackend):
    """A backend that says of one side, or of none, that it cannot be had as asked for."""

    ignored: tuple[str, ...] = ()

    def quote(self, request: ClipRequest) -> Quote:
        """Say what is ignored."""
        return evolve(super().quote(request), ignored=self.ignored)


@pytest.mark.parametrize(
    ("ignored", "notes"),
    [
        ((), ("it is 64x64, not 768x432",)),
        (("width",), ("it is 64x64, not 768x432",)),
        (("width", "height"), ()),
    ],
)
async def test_another_size_than_asked_for_is_noted(
    autojump_clock: MockClock, ignored: tuple[str, ...], notes: tuple[str, ...]
) -> None:
    """Unless the backend has said before that it does not go by what is asked."""
    backend = Exact()
    backend.ignored = ignored
    (clip,) = (await run(Fakes([backend]))).clips
    assert clip.notes == notes


async def test_the_size_is_the_one_that_is_seen(autojump_clock: MockClock) -> None:
    """A turned clip has the size in which players show it."""
    backend = Exact(script={"0": [Spoil(content("a phone's QuickTime"))]})
    (clip,) = (await run(Fakes([backend]))).clips
    assert clip.notes == ("it is 72x171, not 768x432",)

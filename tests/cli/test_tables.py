"""The closing table, and how text from outside and amounts are shown."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

import pytest
from rich.console import Console

from vgen import Clip, ClipFailure, Clips, FailedAttempt
from vgen.cli.tables import closing
from vgen.cli.text import dollars, plain, shown

LATE = Clip(
    0, "", 9.5, 6.0, 3.5,
    cost=Decimal("0.298"), retry_count=2, within_tolerance=False, backend="dear",
    reference="clip_000.mp4", ignored=("steps", "seed"), notes=("made without its image: gone",),
)  # fmt: skip
SHORT = Clip(2, "", 2.0, 6.0, -4.0, within_tolerance=False, reference="clip_002.mp4")
MISSING = ClipFailure(
    1, "[b]refused[/b]", (FailedAttempt("toy", "no"), FailedAttempt("dear", "no", Decimal("0.1")))
)


def drawn(*, width: int) -> str:
    """The table of a job with a clip of each kind."""
    clips = Clips.of(UUID(int=1), [LATE, MISSING, SHORT], total_cost=Decimal("0.398"), seconds=61.5)
    screen = Console(width=width, color_system=None)
    with screen.capture() as captured:
        screen.print(closing(clips, "[out]"))
    return captured.get()


def test_the_table_says_what_came_of_each_clip() -> None:
    """Durations against targets, costs, files, and all that the user should know, in order."""
    _, head, _, first, second, third, _, total = drawn(width=200).splitlines()
    assert head.split() == ["Clip", "Seconds", "Backend", "Cost", "File", "Notes"]
    notes = "made without its image: gone; 3.5 s too long; attempt 3; ignored: steps, seed"
    assert first.split() == f"0 9.50 of 6.00 dear $0.298 clip_000.mp4 {notes}".split()
    assert second.split() == ["1", "none", "toy,", "dear", "$0.10", "missing", "[b]refused[/b]"]
    assert third.split() == [
        "2",
        "2.00",
        "of",
        "6.00",
        "free",
        "clip_002.mp4",
        "4.0",
        "s",
        "too",
        "short",
    ]
    assert total == "2 of 3 clips in [out], $0.398, 61.5 s"


@pytest.mark.parametrize("width", [80, 120])
def test_the_table_fits_the_screen(width: int) -> None:
    """Notes are folded; file names and numbers stay whole."""
    text = drawn(width=width)
    assert all(len(line) <= width for line in text.splitlines())
    for whole in ("clip_000.mp4", "9.50 of 6.00", "$0.298", "too short"):
        assert whole in text


@pytest.mark.parametrize(
    ("amount", "spelled"),
    [("0", "$0.00"), ("1", "$1.00"), ("0.298", "$0.298"), ("0.23337500000011", "$0.2334")],
)
def test_dollars(amount: str, spelled: str) -> None:
    """Amounts have cents, and up to four places where they need them."""
    assert dollars(Decimal(amount)) == spelled


def test_text_from_outside_commands_nothing() -> None:
    """What would move the cursor, turn the line round or not be seen is spelled out."""
    assert plain("naïve 日本 [red]") == "naïve 日本 [red]"
    assert plain("a\x1b[2Jb\r\n\u202ec\ud800") == "a\\x1b[2Jb\\r\\n\\u202ec\\ud800"
    assert shown("[red]").plain == "[red]"

"""The outcome table, and how untrusted text and amounts are shown."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

import pytest
from rich.console import Console

from vgen import Clip, ClipFailure, Clips, FailedAttempt
from vgen.cli.tables import outcome_table
from vgen.cli.text import dollars, escaped, safe_text

LATE = Clip(
    0, "", 9.5, 6.0, 3.5,
    cost=Decimal("0.298"), retry_count=2, within_tolerance=False, backend="paid",
    reference="clip_000.mp4", ignored=("steps", "seed"), notes=("made without its image: gone",),
)  # fmt: skip
SHORT = Clip(2, "", 2.0, 6.0, -4.0, within_tolerance=False, reference="clip_002.mp4")
MISSING = ClipFailure(
    1, "[b]refused[/b]", (FailedAttempt("toy", "no"), FailedAttempt("paid", "no", Decimal("0.1")))
)


def table_text(*, width: int) -> str:
    """The outcome table, as text, of a job with a clip of each kind."""
    clips = Clips.of(UUID(int=1), [LATE, MISSING, SHORT], total_cost=Decimal("0.398"), seconds=61.5)
    screen = Console(width=width, color_system=None)
    with screen.capture() as captured:
        screen.print(outcome_table(clips, "[out]"))
    return captured.get()


def test_the_table_has_a_row_for_each_clip() -> None:
    """Each row has duration and target, cost, file and notes, in the order of the clips."""
    _, head, _, first, second, third, _, total = table_text(width=200).splitlines()
    assert head.split() == ["Clip", "Seconds", "Backend", "Cost", "File", "Notes"]
    notes = "made without its image: gone; 3.5 s too long; attempt 3; ignored: steps, seed"
    assert first.split() == f"0 9.50 of 6.00 paid $0.298 clip_000.mp4 {notes}".split()
    assert second.split() == ["1", "none", "toy,", "paid", "$0.10", "missing", "[b]refused[/b]"]
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
    """Notes are wrapped; file names and numbers are not cut."""
    text = table_text(width=width)
    assert all(len(line) <= width for line in text.splitlines())
    for uncut in ("clip_000.mp4", "9.50 of 6.00", "$0.298", "too short"):
        assert uncut in text


@pytest.mark.parametrize(
    ("amount", "spelled"),
    [("0", "$0.00"), ("1", "$1.00"), ("0.298", "$0.298"), ("0.23337500000011", "$0.2334")],
)
def test_dollars(amount: str, spelled: str) -> None:
    """Amounts have cents, and up to four places where they need them."""
    assert dollars(Decimal(amount)) == spelled


def test_untrusted_text_cannot_control_the_terminal() -> None:
    """Escape sequences, direction marks and invisible characters are shown as escapes."""
    assert escaped("naïve 日本 [red]") == "naïve 日本 [red]"
    assert escaped("a\x1b[2Jb\r\n\u202ec\ud800") == "a\\x1b[2Jb\\r\\n\\u202ec\\ud800"
    assert safe_text("[red]").plain == "[red]"

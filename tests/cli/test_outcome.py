"""The outcome of a job, as `vgen generate` shows it."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

from attrs import evolve
from rich.console import Console

from vgen import Clip, ClipFailure, Clips, FailedAttempt
from vgen.cli.outcome import outcome_table

LATE = Clip(
    0, "", 9.5, 6.0, 3.5,
    cost=Decimal("0.298"), retry_count=2, within_tolerance=False, backend="paid",
    reference="clip_000.mp4", ignored=("steps", "seed"), notes=("made without its image: gone",),
)  # fmt: skip
SHORT = Clip(2, "", 2.0, 6.0, -4.0, within_tolerance=False, reference="clip_002.mp4")
PLAIN = Clip(3, "", 6.0, 6.0, 0.0, backend="paid", reference="clip_003.mp4", ignored=("width",))
MISSING = ClipFailure(
    1, "[b]refused[/b]", (FailedAttempt("toy", "no"), FailedAttempt("paid", "no", Decimal("0.1")))
)
REMARKS = "made without its image: gone; 3.5 s too long; attempt 3"


def outcome_lines(*, width: int) -> list[str]:
    """What is shown of a job with a clip of each kind."""
    outcomes: list[Clip | ClipFailure] = [LATE, MISSING, SHORT, PLAIN]
    clips = Clips.of(UUID(int=1), outcomes, total_cost=Decimal("0.398"), seconds=61.5)
    screen = Console(width=width, color_system=None)
    with screen.capture() as captured:
        screen.print(outcome_table(clips, "[out]"))
    return captured.get().splitlines()


def test_the_outcome_has_a_row_for_each_clip() -> None:
    """Each row has duration and target, cost, file and notes, in the order of the clips.

    Below, what each backend has ignored is said once, and how the job ended.
    """
    assert outcome_lines(width=120) == [
        "",
        "Clip  Seconds       Backend      Cost  File          Notes",
        f"   0  9.50 of 6.00  paid       $0.298  clip_000.mp4  {REMARKS}",
        "   1  none          toy, paid   $0.10  missing       [b]refused[/b]",
        "   2  2.00 of 6.00               free  clip_002.mp4  4.0 s too short",
        "   3  6.00 of 6.00  paid         free  clip_003.mp4",
        "",
        "paid ignores: steps, seed, width",
        "3 of 4 clips in [out], $0.398, 61.5 s",
        "missing: clip 1; run the same command again to make the rest",
    ]


def test_a_clip_is_said_to_be_made_anew_once() -> None:
    """A later run that keeps it does not repeat why."""
    clip = evolve(PLAIN, sha256="f00d", notes=("made anew, as asked",))
    clips = Clips.of(UUID(int=1), [clip], total_cost=Decimal(0), seconds=2)
    for kept, told in ((), True), (("f00d",), False):
        screen = Console(width=80, color_system=None)
        with screen.capture() as captured:
            screen.print(outcome_table(clips, "out", kept=kept))
        assert ("made anew" in captured.get()) is told


def test_a_run_says_what_it_cost_itself() -> None:
    """Where the job had spent something before, what this run cost stands beside the sum."""
    clips = Clips.of(UUID(int=1), [PLAIN], total_cost=Decimal("0.50"), seconds=2)
    screen = Console(width=80, color_system=None)
    with screen.capture() as captured:
        screen.print(outcome_table(clips, "out", before=Decimal("0.30")))
    assert "1 of 1 clips in out, $0.20 in this run and $0.50 in all, 2.0 s" in captured.get()


def test_long_notes_stand_under_their_clips_on_a_small_screen() -> None:
    """In 80 columns nothing is cut: short notes stay in their rows, others go below them."""
    assert outcome_lines(width=80)[2:5] == [
        "   0  9.50 of 6.00  paid       $0.298  clip_000.mp4",
        f"      {REMARKS}",
        "   1  none          toy, paid   $0.10  missing       [b]refused[/b]",
    ]

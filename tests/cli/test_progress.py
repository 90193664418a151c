"""What a user sees of a job while it runs."""

from __future__ import annotations

import io
import os
import pty
from decimal import Decimal
from uuid import UUID

from rich.console import Console

from vgen import (
    AttemptSubmitted,
    Clip,
    ClipFailure,
    ClipGivenUp,
    ClipProgress,
    ClipStored,
    Event,
    FellBack,
    JobOpened,
    JobProgress,
    RetryScheduled,
)
from vgen.cli.board import Board
from vgen.cli.progress import Bars

from .helpers import Program, three

JOB = UUID(int=7)


class Clock:
    """A clock that the test turns."""

    now = 0.0

    def __call__(self) -> float:
        """Tell the time."""
        return self.now


def clip(index: int, cost: str = "0") -> Clip:
    """A finished clip of 2 s."""
    return Clip(index, "", 2.0, 2.0, 0.0, cost=Decimal(cost))


def board_of(count: int, *events: Event) -> tuple[Board, Clock]:
    """A board that has heard of so many clips and of the events."""
    clock = Clock()
    board = Board(clock)
    for event in (JobOpened(JOB, tuple(range(count)), Decimal(0)), *events):
        board.hear(event)
    return board, clock


def picture(board: Board, *, width: int = 80, height: int = 24) -> list[str]:
    """The lines of the bars on a screen of this size, the bars themselves left out."""
    screen = Console(file=io.StringIO(), width=width, height=height, force_terminal=True)
    with screen.capture() as captured:
        screen.print(Bars(board))
    text = captured.get()
    plain = Console(file=io.StringIO(), width=width, height=height, color_system=None)
    with plain.capture() as captured:
        plain.print(Bars(board))
    assert "\x1b[" in text
    assert all(len(line) <= width for line in captured.get().splitlines())
    return [line.replace("━", "").rstrip() for line in captured.get().splitlines()]


def test_each_clip_says_where_it_stands() -> None:
    """Waiting, rendering, a pause with its countdown, another backend, and either end."""
    board, clock = board_of(
        7,
        AttemptSubmitted(JOB, 1, "toy", 1, Decimal(0)),
        AttemptSubmitted(JOB, 2, "toy", 1, Decimal(0)),
        ClipProgress(JOB, 2, 0.25),
        ClipProgress(JOB, 2, 0.2),
        RetryScheduled(JOB, 3, "too [many] requests\n", 4.0),
        FellBack(JOB, 4, "dear", "gone"),
        ClipStored(JOB, clip(5, "0.298")),
        ClipGivenUp(JOB, ClipFailure(6, "refused")),
        JobProgress(JOB, 50.0),
    )
    clock.now = 1.0
    assert [place.words(clock.now) for place in board.places.values()] == [
        "waiting",
        "rendering on toy",
        "rendering on toy 25%",
        "retry in 3 s: too [many] requests\\n",
        "going on with dear: gone",
        "stored, 2.00 s, $0.298",
        "given up: refused",
    ]
    assert board.stored == 1


def test_a_clip_that_is_carried_on_shows_its_progress() -> None:
    """A rendering that another run has submitted is seen to move; a kept clip is called so."""
    board, clock = board_of(2, ClipProgress(JOB, 0, 0.5), ClipStored(JOB, clip(1), made=False))
    words = [place.words(clock.now) for place in board.places.values()]
    assert words == ["rendering 50%", "kept, 2.00 s"]


def test_the_bars_fit_the_screen() -> None:
    """Every clip and the job have a line, cut off at the edge, at any width."""
    board, _ = board_of(2, ClipGivenUp(JOB, ClipFailure(1, "because " * 40)))
    for width in (40, 80, 120):
        first, second, job = picture(board, width=width)
        assert (first[:6], first.endswith("waiting")) == ("clip 0", True)
        assert second.endswith("…")
        assert job.endswith("0 of 2 clips, 0:00")


def test_no_bars_without_clips() -> None:
    """Before the job is opened there is one line."""
    (job,) = picture(Board(Clock()))
    assert job.endswith("0 of 0 clips, 0:00")


def test_a_small_screen_shows_what_happens() -> None:
    """Where the clips outnumber the lines, those that wait and those that ended are left out."""
    events: list[Event] = [ClipStored(JOB, clip(index)) for index in range(10)]
    events += [AttemptSubmitted(JOB, index, "toy", 1, Decimal(0)) for index in range(10, 13)]
    board, _ = board_of(40, *events)
    lines = picture(board, height=8)
    assert [line.split()[1] for line in lines[:-1]] == ["7", "8", "9", "10", "11", "12"]


def test_a_terminal_shows_bars(program: Program) -> None:
    """On a terminal the job is drawn while it runs, with what is wrong above it."""
    three(program.folder / "prompts.json", "broken")
    ours, theirs = pty.openpty()
    arguments = ["generate", "prompts.json", "--backend", "toy", "--min-clips", "2"]
    process = program.start(*arguments, errors=theirs, extra={"TERM": "xterm"})
    os.close(theirs)
    seen = b""
    with os.fdopen(ours, "rb", buffering=0) as screen:
        try:
            while part := screen.read(4096):
                seen += part
        except OSError:  # how Linux says that nobody writes any more
            pass
    output, _ = process.communicate()
    assert (process.returncode, "2 of 3 clips in clips" in output) == (0, True)
    text = seen.decode()
    assert "━" in text
    assert "2 of 3 clips, 0:0" in text
    assert "backend toy broke: KeyError: 'a defect'" in text
    assert text.rfind("\x1b[?25h") > text.rfind("\x1b[?25l")

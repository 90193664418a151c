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
    BackendReached,
    BackendUnreachable,
    Clip,
    ClipFailure,
    ClipGivenUp,
    ClipProgress,
    ClipStored,
    Event,
    FellBack,
    JobOpened,
    RetryScheduled,
)
from vgen.cli.job_status import JobStatus
from vgen.cli.progress import ProgressBars

from .helpers import Program, write_three_prompts

JOB = UUID(int=7)


class Clock:
    """A clock that the test sets."""

    now = 0.0

    def __call__(self) -> float:
        """Return the time, in seconds."""
        return self.now


def clip(index: int, cost: str = "0") -> Clip:
    """A finished clip of 2 s."""
    return Clip(index, "", 2.0, 2.0, 0.0, cost=Decimal(cost))


def status_of(count: int, *events: Event) -> tuple[JobStatus, Clock]:
    """A job of so many clips after these events, and its clock."""
    clock = Clock()
    job = JobStatus(clock)
    for event in (JobOpened(JOB, tuple(range(count)), Decimal(0)), *events):
        job.update(event)
    return job, clock


def drawn_lines(job: JobStatus, *, width: int = 80, height: int = 24) -> list[str]:
    """The lines of the bars on a screen of this size, without the bars themselves."""
    screen = Console(file=io.StringIO(), width=width, height=height, force_terminal=True)
    with screen.capture() as captured:
        screen.print(ProgressBars(job))
    text = captured.get()
    plain = Console(file=io.StringIO(), width=width, height=height, color_system=None)
    with plain.capture() as captured:
        plain.print(ProgressBars(job))
    assert "\x1b[" in text
    assert all(len(line) <= width for line in captured.get().splitlines())
    return [line.replace("━", "").rstrip() for line in captured.get().splitlines()]


def test_each_clip_shows_its_state() -> None:
    """Waiting, rendering, retry countdown, next backend, stored and given up are described."""
    job, clock = status_of(
        7,
        AttemptSubmitted(JOB, 1, "toy", 1, Decimal(0)),
        AttemptSubmitted(JOB, 2, "toy", 1, Decimal(0)),
        ClipProgress(JOB, 2, 0.25, 50.0),
        ClipProgress(JOB, 2, 0.2, 50.0),
        RetryScheduled(JOB, 3, "too [many] requests\n", 4.0),
        FellBack(JOB, 4, "paid", "gone"),
        ClipStored(JOB, clip(5, "0.298")),
        ClipGivenUp(JOB, ClipFailure(6, "refused")),
    )
    clock.now = 1.0
    assert [clip.describe(clock.now) for clip in job.clips.values()] == [
        "waiting",
        "rendering on toy",
        "rendering on toy 25%",
        "retry in 3 s: too [many] requests\\n",
        "going on with paid: gone",
        "stored, 2.00 s, $0.298",
        "given up: refused",
    ]
    assert job.stored == 1
    clock.now = 3.75
    assert job.clips[3].describe(clock.now).startswith("retry in 250 ms: ")


def test_a_backend_that_cannot_be_reached_is_waited_for() -> None:
    """The clip says so, and why, until the backend answers; its progress stays."""
    away = BackendUnreachable(JOB, 0, "toy", "no route")
    job, clock = status_of(1, AttemptSubmitted(JOB, 0, "toy", 1, Decimal(0)))
    job.update(ClipProgress(JOB, 0, 0.25, 50.0))
    assert job.update(away) is job.clips[0]
    expected = "waiting for toy, which cannot be reached: no route"
    assert job.clips[0].describe(clock.now) == expected
    job.update(BackendReached(JOB, 0, "toy"))
    assert job.clips[0].describe(clock.now) == "rendering on toy 25%"


def test_a_resumed_clip_shows_its_progress() -> None:
    """A clip that an earlier run submitted shows its progress; one it stored is `kept`."""
    job, clock = status_of(2, ClipProgress(JOB, 0, 0.5, 50.0), ClipStored(JOB, clip(1), made=False))
    words = [clip.describe(clock.now) for clip in job.clips.values()]
    assert words == ["rendering 50%", "kept, 2.00 s"]


def test_the_bars_fit_the_screen() -> None:
    """Every clip and the job have a line, cut off at the edge, at any width."""
    status, _ = status_of(2, ClipGivenUp(JOB, ClipFailure(1, "because " * 40)))
    for width in (40, 80, 120):
        first, second, job = drawn_lines(status, width=width)
        assert (first[:6], first.endswith("waiting")) == ("clip 0", True)
        assert second.endswith("…")
        assert job.endswith("0 of 2 clips, 0:00")


def test_no_bars_without_clips() -> None:
    """Before the job is opened there is one line."""
    (job,) = drawn_lines(JobStatus(Clock()))
    assert job.endswith("0 of 0 clips, 0:00")


def test_a_small_screen_shows_running_clips() -> None:
    """If the clips do not fit, waiting ones are left out first, then ended ones."""
    events: list[Event] = [ClipStored(JOB, clip(index)) for index in range(10)]
    events += [AttemptSubmitted(JOB, index, "toy", 1, Decimal(0)) for index in range(10, 13)]
    job, _ = status_of(40, *events)
    lines = drawn_lines(job, height=8)
    assert [line.split()[1] for line in lines[:-1]] == ["7", "8", "9", "10", "11", "12"]


def test_a_terminal_shows_bars(program: Program) -> None:
    """A terminal shows bars while the job runs, and warnings above them."""
    write_three_prompts(program.folder / "prompts.json", "broken")
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
    assert "backend toy broke: KeyError: 'a bug'" in text
    assert text.rfind("\x1b[?25h") > text.rfind("\x1b[?25l")

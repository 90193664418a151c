"""Progress of a running job on standard error: bars on a terminal, lines elsewhere."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from contextlib import asynccontextmanager, contextmanager

import trio
from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from vgen import Event
from vgen.cli.console import print_message
from vgen.cli.job_status import ClipStatus, JobStatus, Phase
from vgen.drive.exception_groups import single_error

REFRESH = 0.1
"""The time between two redraws of the bars, in seconds."""


@asynccontextmanager
async def show_progress(console: Console) -> AsyncGenerator[Callable[[Event], None]]:
    """Show a job's progress while the block runs; yields the observer for the job's events."""
    job = JobStatus(trio.current_time)
    if not (console.is_interactive and console.file.isatty()):
        with _show_warnings(console):
            yield lambda event: _print_line(console, job, event)
        return
    bars = Live(ProgressBars(job), console=console, auto_refresh=False, redirect_stdout=False)
    with bars as live, _show_warnings(console):
        with single_error():
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_refresh, live)
                yield lambda event: _update(job, event)
                nursery.cancel_scope.cancel()
        live.refresh()


class WarningHandler(logging.Handler):
    """Print the library's warnings, a line each, above the bars."""

    def __init__(self, console: Console) -> None:
        super().__init__(logging.WARNING)
        self._console = console

    def emit(self, record: logging.LogRecord) -> None:
        """Print the message, and the exception's type and message if there is one."""
        error = record.exc_info[1] if record.exc_info else None
        suffix = f": {type(error).__name__}: {error}" if error else ""
        print_message(record.getMessage() + suffix, self._console)


@contextmanager
def _show_warnings(console: Console) -> Generator[None]:
    logger, handler = logging.getLogger("vgen"), WarningHandler(console)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


async def _refresh(live: Live) -> None:
    while True:
        live.refresh()
        await trio.sleep(REFRESH)


def _update(job: JobStatus, event: Event) -> None:
    job.update(event)


def _print_line(console: Console, job: JobStatus, event: Event) -> None:
    clip = job.update(event)
    if clip is None:
        return
    status = clip.describe(job.clock())
    console.print(f"clip {clip.clip_index}: {status}", markup=False, soft_wrap=True)


class ProgressBars:
    """A renderable of a job: a bar for each clip, as many as the screen holds, and the job's."""

    def __init__(self, job: JobStatus) -> None:
        self._job = job
        self._started = job.clock()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Render the job's current state."""
        del console
        now = self._job.clock()
        table = Table.grid(padding=(0, 1), expand=True)
        table.width = options.max_width - 2  # room for the ^C that a terminal echoes
        table.add_column(justify="right", no_wrap=True)
        table.add_column(width=max(10, options.max_width // 4))
        table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
        for clip in self._visible((options.height or options.size.height) - 2):
            style = clip.phase.value
            bar = ProgressBar(
                completed=clip.fraction, total=1.0, complete_style=style, finished_style=style
            )
            table.add_row(f"clip {clip.clip_index}", bar, Text(clip.describe(now), style))
        bar = ProgressBar(
            completed=self._job.fraction, total=1.0, complete_style="blue", finished_style="blue"
        )
        table.add_row("job", bar, self._summary(now))
        yield table

    def _visible(self, rows: int) -> Iterator[ClipStatus]:
        """Return the clips that fit: waiting ones are left out first, then ended ones."""
        clips = list(self._job.clips.values())
        excess = max(0, len(clips) - max(rows, 1))
        expendable = [clip for clip in reversed(clips) if clip.phase is Phase.WAITING]
        expendable += [clip for clip in clips if clip.ended]
        expendable += [clip for clip in reversed(clips) if clip not in expendable]
        left_out = {clip.clip_index for clip in expendable[:excess]}
        return (clip for clip in clips if clip.clip_index not in left_out)

    def _summary(self, now: float) -> str:
        minutes, seconds = divmod(int(now - self._started), 60)
        job = self._job
        return f"{job.stored} of {len(job.clips)} clips, {minutes}:{seconds:02d}"

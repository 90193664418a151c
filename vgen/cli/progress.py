"""A running job on standard error: bars on a terminal, lines elsewhere."""

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
from vgen.cli.board import Board, Phase, Place
from vgen.cli.screen import complain
from vgen.drive.exception_groups import single_error

REFRESH = 0.1
"""The pause between two pictures of the bars, in seconds."""


@asynccontextmanager
async def shown(console: Console) -> AsyncGenerator[Callable[[Event], None]]:
    """Show a job for as long as the block runs; gives the observer that has to be told of it."""
    board = Board(trio.current_time)
    if not (console.is_interactive and console.file.isatty()):
        with _logged(console):
            yield lambda event: _line(console, board, event)
        return
    bars = Live(Bars(board), console=console, auto_refresh=False, redirect_stdout=False)
    with bars as live, _logged(console):
        with single_error():
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_refresh, live)
                yield lambda event: _hear(board, event)
                nursery.cancel_scope.cancel()
        live.refresh()


class Notes(logging.Handler):
    """What the library warns of, a line each, above the bars."""

    def __init__(self, console: Console) -> None:
        super().__init__(logging.WARNING)
        self._console = console

    def emit(self, record: logging.LogRecord) -> None:
        """Write the message, and of an exception what it says."""
        error = record.exc_info[1] if record.exc_info else None
        told = f": {type(error).__name__}: {error}" if error else ""
        complain(record.getMessage() + told, self._console)


@contextmanager
def _logged(console: Console) -> Generator[None]:
    logger, notes = logging.getLogger("vgen"), Notes(console)
    logger.addHandler(notes)
    try:
        yield
    finally:
        logger.removeHandler(notes)


async def _refresh(live: Live) -> None:
    while True:
        live.refresh()
        await trio.sleep(REFRESH)


def _hear(board: Board, event: Event) -> None:
    board.hear(event)


def _line(console: Console, board: Board, event: Event) -> None:
    place = board.hear(event)
    if place is None:
        return
    words = place.words(board.clock())
    console.print(f"clip {place.clip_index}: {words}", markup=False, soft_wrap=True)


class Bars:
    """The picture of a board: a bar for each clip, as many as the screen holds, and the job's."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._began = board.clock()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw the board as it stands now."""
        del console
        now = self._board.clock()
        table = Table.grid(padding=(0, 1), expand=True)
        table.width = options.max_width - 2  # room for the ^C that a terminal writes there
        table.add_column(justify="right", no_wrap=True)
        table.add_column(width=max(10, options.max_width // 4))
        table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
        for place in self._within((options.height or options.size.height) - 2):
            style = place.phase.value
            bar = ProgressBar(
                completed=place.fraction, total=1.0, complete_style=style, finished_style=style
            )
            table.add_row(f"clip {place.clip_index}", bar, Text(place.words(now), style))
        bar = ProgressBar(
            completed=self._board.fraction, total=1.0, complete_style="blue", finished_style="blue"
        )
        table.add_row("job", bar, self._sum(now))
        yield table

    def _within(self, rows: int) -> Iterator[Place]:
        """Leave out first what has not begun, then what has ended, where there are too many."""
        places = list(self._board.places.values())
        spare = max(0, len(places) - max(rows, 1))
        dull = [place for place in reversed(places) if place.phase is Phase.WAITING]
        dull += [place for place in places if place.ended]
        dull += [place for place in reversed(places) if place not in dull]
        left_out = {place.clip_index for place in dull[:spare]}
        return (place for place in places if place.clip_index not in left_out)

    def _sum(self, now: float) -> str:
        minutes, seconds = divmod(int(now - self._began), 60)
        board = self._board
        return f"{board.stored} of {len(board.places)} clips, {minutes}:{seconds:02d}"

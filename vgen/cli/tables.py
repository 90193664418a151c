"""A table that fits the screen: what has no room in its row goes under it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from vgen.cli.text import safe_text

GAP = 2
"""The blanks between two columns."""

INDENT = 6
"""The blanks before what goes under a row."""


class Table:
    """A table no wider than the screen, whose words are never broken.

    Columns go from short to long: first ids, names and amounts, last the one long text, such as a
    note, a reason or a prompt. As many columns as fit stand beside each other. A text that does not
    fit into the last of them goes under its row, indented and wrapped between words, and so do the
    cells of further columns, each after its column's name: `File: …`. Only a word longer than a
    whole line is broken. A last column without any text is left out,
    and so are heads without any.

    A cell that is a `str` is shown escaped; for one with a style, `safe_text` does so. Where its
    output is no terminal, `stdout_console` prints each row on one line:

        table = Table("Job", "Spent", "Outcome", right=("Spent",))
        table.add_row(Text(short_id(job_id), "bold"), dollars(spent), outcome)
        stdout_console().print(table)
    """

    def __init__(self, *columns: str, right: tuple[str, ...] = ()) -> None:
        """Make an empty table; columns named in `right` are right-aligned."""
        self._heads = [Text(column, "bold") for column in columns]
        self._right = [column in right for column in columns]
        self._rows: list[list[Text]] = []

    def add_row(self, *cells: str | Text) -> None:
        """Add a row; it has a cell for each column."""
        row = [cell if isinstance(cell, Text) else safe_text(cell) for cell in cells]
        self._rows.append(row)

    def __bool__(self) -> bool:
        """Whether it has a row."""
        return bool(self._rows)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Render it for the width that there is."""
        room = options.max_width
        widths = self._widths(room)
        last = len(widths) - 1
        in_rows = [row[: _fitting(row, widths)] for row in self._rows]
        is_used = any(cell for row in in_rows for cell in row[last:])
        heads = self._heads[: _fitting(self._heads, widths) if is_used else last]
        if any(heads):
            yield from _wrapped(self._line(heads, widths), console, room)
        for row, in_row in zip(self._rows, in_rows, strict=True):
            yield from _wrapped(self._line(in_row, widths), console, room)
            for text in self._under(row, len(in_row)):
                yield from _wrapped(text, console, room, INDENT)

    def _widths(self, room: int) -> list[int]:
        """Return the widths of the columns in the rows; the last has what the others leave."""
        widths: list[int] = []
        for column in zip(self._heads, *self._rows, strict=True):
            left = room - sum(widths) - GAP * len(widths)
            widest = max(cell.cell_len for cell in column)
            widths.append(min(widest, left))
            if widest > left:
                break
        return widths

    def _line(self, cells: Sequence[Text], widths: Sequence[int]) -> Text:
        line = Text()
        for cell, width, right in zip(cells, widths, self._right, strict=False):
            blanks = " " * (width - cell.cell_len)
            parts = (blanks, cell) if right else (cell, blanks)
            line.append_text(Text.assemble(" " * GAP if line else "", *parts))
        return line

    def _under(self, row: Sequence[Text], start: int) -> Iterator[Text]:
        """Return the texts for under a row: its cells from `start` on, the note without a name."""
        for head, cell in list(zip(self._heads, row, strict=True))[start:]:
            if cell:
                name = "" if head is self._heads[-1] else f"{head}: "
                yield Text.assemble(name, cell)


def _fitting(row: Sequence[Text], widths: Sequence[int]) -> int:
    """Return how many cells fit into the row: as many as it has widths, or one fewer."""
    last = len(widths) - 1
    return max(1, last + (row[last].cell_len <= widths[last]))


def _wrapped(text: Text, console: Console, room: int, indent: int = 0) -> Iterator[Text]:
    """Wrap the text; the indent is smaller where a word would not fit otherwise."""
    longest = max((Text(word).cell_len for word in text.plain.split()), default=0)
    indent = max(0, min(indent, room - longest))
    for line in text.wrap(console, room - indent):
        line.rstrip()
        line.pad_left(indent)
        yield line

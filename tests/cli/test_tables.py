"""Tables fit the screen, and nothing in them is broken or left out."""

from __future__ import annotations

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from vgen.cli.console import stdout_console
from vgen.cli.tables import Table

WORDS = st.text(string.ascii_lowercase + "日é", min_size=1, max_size=50)
NAMES = st.text(string.ascii_lowercase, min_size=1, max_size=20)
TEXTS = st.lists(WORDS, max_size=30).map(" ".join)
ROWS = st.lists(st.tuples(NAMES, NAMES, NAMES, WORDS, TEXTS), min_size=1, max_size=4)
NAMED_UNDER_ROWS = {"Backend:", "File:"}


def rendered(width: int, table: Table) -> list[str]:
    """The lines of a table on a screen of that width."""
    screen = Console(width=width, color_system=None)
    with screen.capture() as captured:
        screen.print(table)
    return captured.get().splitlines()


@settings(max_examples=60, derandomize=True, database=None, deadline=None)
@given(width=st.integers(60, 120), rows=ROWS)
def test_every_word_stands_whole_on_the_screen(
    width: int, rows: list[tuple[str, str, str, str, str]]
) -> None:
    """No line is longer than the screen is wide, no word is broken, and all are in their order."""
    table = Table("Job", "Spent", "Backend", "File", "Note", right=("Spent",))
    for row in rows:
        table.add_row(*row)
    _, *lines = rendered(width, table)
    assert all(Console().measure(line).maximum <= width for line in lines)
    assert all(line == line.rstrip() for line in lines)
    shown = [word for line in lines for word in line.split() if word not in NAMED_UNDER_ROWS]
    assert shown == [word for row in rows for cell in row for word in cell.split()]


def test_a_long_note_goes_under_its_row() -> None:
    """A note beside its row stays there where it fits; a long one is indented below."""
    table = Table("Job", "Spent", "Note", right=("Spent",))
    table.add_row("9f86d081", "$0.0493", "done")
    table.add_row("c1d0a3b7", "$12.00", "the service answered 503: no upstream")
    assert rendered(30, table) == [
        "Job         Spent  Note",
        "9f86d081  $0.0493  done",
        "c1d0a3b7   $12.00",
        "      the service answered",
        "      503: no upstream",
    ]


def test_further_columns_under_a_row_are_named() -> None:
    """Where the columns before the last do not fit either, they go below with their names."""
    table = Table("Faults", "File", "Note")
    table.add_row("none", "takes/clip_003-2-9f86d081.mp4", "its picture stands still for 2.1 s")
    assert rendered(44, table) == [
        "Faults  File",
        "none    takes/clip_003-2-9f86d081.mp4",
        "      its picture stands still for 2.1 s",
    ]
    assert rendered(36, table)[1:4] == [
        "none",
        "      File:",
        "      takes/clip_003-2-9f86d081.mp4",
    ]


def test_a_word_longer_than_the_screen_is_folded() -> None:
    """Only such a word is broken, and all of it is shown."""
    table = Table("Clip", "File")
    table.add_row("0", "x" * 45)
    assert rendered(20, table) == ["Clip", "0", "x" * 20, "x" * 20, "x" * 5]


def test_a_last_column_without_text_is_left_out() -> None:
    """Where no row has a note, nothing says that there might be one."""
    table = Table("Job", "Note")
    table.add_row("9f86d081", "")
    assert rendered(80, table) == ["Job", "9f86d081"]


def test_a_row_is_one_line_in_a_pipe(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Elsewhere than on a screen nothing is wrapped, unless COLUMNS says how wide it is."""
    table = Table("Job", "Note")
    table.add_row("9f86d081", "word " * 100)
    monkeypatch.delenv("COLUMNS", raising=False)
    stdout_console().print(table)
    assert len(capsys.readouterr().out.splitlines()) == 2
    monkeypatch.setenv("COLUMNS", "80")
    stdout_console().print(table)
    assert len(capsys.readouterr().out.splitlines()) > 2

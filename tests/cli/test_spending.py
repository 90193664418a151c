"""`vgen ledger spending`: what all jobs have spent."""

from __future__ import annotations

import json
import os
import sqlite3
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from vgen.cli.app import run

from .helpers import lines, write_three_prompts

NOVEMBER = datetime(2026, 11, 30, 23, 59, tzinfo=UTC).timestamp()
DECEMBER = datetime(2026, 12, 1, 0, 1, tzinfo=UTC).timestamp()
BOOKS = ("--ledger", "books.db")


@pytest.fixture
def books(workdir: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """A ledger of two paid jobs: of two purses at the end of November, of none in December."""
    for month, purses in (("nov", ("--purse", "anna=9", "--purse", "team=9")), ("dec", ())):
        write_three_prompts(workdir / "prompts.json", f"bars of {month}")
        options = ["--backend", "paid", "--budget", "1", "--out", month, *purses]
        assert run(["generate", "prompts.json", *options, *BOOKS]) == 0
    with sqlite3.connect(workdir / "books.db") as ledger:
        (first, _) = ledger.execute("SELECT job_id FROM jobs ORDER BY rowid").fetchall()
        ledger.execute("UPDATE journal SET at = ?", (DECEMBER,))
        ledger.execute("UPDATE journal SET at = ? WHERE job_id = ?", (NOVEMBER, *first))
    ledger.close()
    capsys.readouterr()
    return workdir / "books.db"


def shown(capsys: pytest.CaptureFixture[str], *options: str) -> tuple[str, list[list[str]]]:
    """Return what the sums are of, and the cells of the rows."""
    assert run(["ledger", "spending", *BOOKS, *options]) == 0
    output, errors = capsys.readouterr()
    assert errors == ""
    first, blank, *rows = output.splitlines()
    assert blank == ""
    return first, [row.split() for row in rows]


def test_spending_is_summed_up(books: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By backend unless it is said otherwise, with a line of the total."""
    assert books.is_file()
    assert shown(capsys, "--since", "2026-11-01") == (
        "spent since 2026-11-01 (UTC)",
        [["Backend", "Attempts", "Spent"], ["paid", "6", "$0.6578"], ["total", "6", "$0.6578"]],
    )


def test_days_and_purses(books: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Days are those of UTC; an attempt counts for each of its purses, and once in the total."""
    assert books.is_file()
    _, rows = shown(capsys, "--since", "2026-11-01", "--by", "purse", "--by", "day")
    assert rows == [
        ["Purse", "Day", "(UTC)", "Attempts", "Spent"],
        ["none", "2026-12-01", "3", "$0.3289"],
        ["anna", "2026-11-30", "3", "$0.3289"],
        ["team", "2026-11-30", "3", "$0.3289"],
        ["total", "6", "$0.6578"],
    ]


def test_a_span_of_time(books: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Dates are whole days of UTC; `--until` includes its own, and a time may have an offset."""
    assert books.is_file()
    first, rows = shown(capsys, "--since", "2026-11-30", "--until", "2026-11-30", "--by", "account")
    assert first == "spent since 2026-11-30, before 2026-12-01 (UTC)"
    assert rows[-1] == ["total", "3", "$0.3289"]
    first, rows = shown(capsys, "--since", "2026-12-01T02:00+02:00", "--by", "day")
    assert (first, len(rows)) == ("spent since 2026-12-01 (UTC)", 3)
    first, rows = shown(capsys, "--since", "2027-01-01T06:30", "--by", "purse")
    assert (first, rows[1:]) == ("spent since 2027-01-01 06:30 (UTC)", [["total", "0", "$0.00"]])


def test_this_month_is_the_default(books: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without `--since` it is what was spent since the first of this month, and that is said."""
    assert books.is_file()
    first, _ = shown(capsys)
    assert first == f"spent since {datetime.now(UTC):%Y-%m}-01 (UTC)"


def test_json_has_the_exact_sums(books: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--json` prints the sums alone, to the last digit, keys and days included."""
    assert books.is_file()
    command = ["ledger", "spending", *BOOKS, "--since", "2026-11-01", "--json", "--by", "day"]
    assert run(command) == 0
    sums = json.loads(capsys.readouterr().out)
    assert [each["day"] for each in sums] == ["2026-11-30", "2026-12-01"]
    assert Decimal(sums[0]["spent"]) == Decimal("0.328908")
    assert sums[0]["backend"] is None


def test_books_that_cannot_be_written(
    books: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A ledger that may only be read is read, and nothing is written beside it."""
    books.chmod(0o444)
    monkeypatch.setattr("os.access", may_read)
    before = sorted(books.parent.rglob("*"))
    assert shown(capsys, "--since", "2026-11-01")[1][-1] == ["total", "6", "$0.6578"]
    assert run(["jobs", *BOOKS]) == 0
    assert sorted(books.parent.rglob("*")) == before


def may_read(_path: Path, mode: int, *, effective_ids: bool) -> bool:
    """Stand in for `os.access`, which lets root do anything."""
    del effective_ids
    return mode == os.R_OK


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (["--by", "week"], "Invalid value "),
        (["--since", "30.11.2026"], "Invalid value for --since: must be like 2026-11-30 or "),
        (["--ledger", "gone.db"], "gone.db: there is no ledger; "),
    ],
)
def test_wrong_options(
    options: list[str], line: str, workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each is told in one line, and no ledger is made."""
    assert run(["ledger", "spending", *options]) == 2
    (found,) = lines(capsys.readouterr().err)
    assert found.startswith(line)
    assert list(workdir.iterdir()) == []

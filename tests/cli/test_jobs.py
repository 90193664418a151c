"""`vgen jobs`: the jobs of a ledger."""

from __future__ import annotations

import json
import re
import sqlite3
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from vgen.cli.app import run

from .helpers import lines, write_three_prompts

ID = re.compile("[0-9a-f]{8} ")

JOBS = [UUID(f"{number}2345678-0000-0000-0000-000000000000") for number in range(3)]
BOOKS = ("--ledger", "books.db")


@pytest.fixture
def books(workdir: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """A ledger of three jobs, opened a day apart: a free one, a paid one, and one that is short."""
    for number, (backend, texts) in enumerate([("toy", ()), ("paid", ()), ("paid", ("refused",))]):
        write_three_prompts(workdir / f"{number}.json", *texts)
        options = ["--backend", backend, "--budget", "1", "--out", f"films/{number}"]
        run(["generate", f"{number}.json", *options, *BOOKS, "--job-id", str(JOBS[number])])
    with sqlite3.connect(workdir / "books.db") as ledger:
        ledger.execute("UPDATE jobs SET opened_at = opened_at - 86400 * (3 - rowid)")
    ledger.close()
    capsys.readouterr()
    return workdir / "books.db"


def shown(capsys: pytest.CaptureFixture[str], *options: str) -> list[str]:
    """Return the lines of the list."""
    assert run(["jobs", *BOOKS, *options]) == 0
    output, errors = capsys.readouterr()
    assert errors == ""
    return output.splitlines()


def ids(capsys: pytest.CaptureFixture[str], *options: str) -> list[int]:
    """Return the numbers of the listed jobs."""
    assert run(["jobs", *BOOKS, "--json", *options]) == 0
    return [JOBS.index(UUID(each["job_id"])) for each in json.loads(capsys.readouterr().out)]


def test_jobs_are_listed(
    books: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Newest first, each with its state, clips and money; name and folder stand below."""
    monkeypatch.setenv("COLUMNS", "80")
    head, *rows = shown(capsys)
    assert head.split() == ["Job", "Opened", "State", "Clips", "Spent", "Held", "Backends"]
    assert max(map(len, rows)) <= 80
    newest, other, oldest = (row.split() for row in rows if ID.match(row))
    assert [each[0] for each in (newest, other, oldest)] == ["22345678", "12345678", "02345678"]
    assert other[1] == f"{datetime.now().astimezone() - timedelta(days=1):%Y-%m-%d}"
    assert newest[3:] == ["short", "2/3", "$0.2193", "paid"]
    assert other[3:] == ["finished", "3/3", "$0.3289", "paid"]
    assert oldest[3:] == ["finished", "3/3", "$0.00", "toy"]
    notes = "".join(row.strip() for row in rows if not ID.match(row))
    assert f"0.jsonin{books.parent / 'films/0'}" in notes.replace(" ", "")


def test_jobs_are_filtered(books: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By state, and by when they were opened: a date is a whole day, in local time."""
    assert books.is_file()
    assert ids(capsys, "--state", "finished") == [1, 0]
    assert ids(capsys, "--state", "short", "--state", "never-sent") == [2]
    yesterday = datetime.now().astimezone() - timedelta(days=1)
    assert ids(capsys, "--since", f"{yesterday:%Y-%m-%d}") == [2, 1]
    assert ids(capsys, "--until", f"{yesterday:%Y-%m-%d}") == [1, 0]
    assert ids(capsys, "--until", yesterday.isoformat()[:19]) in ([1, 0], [0])
    assert ids(capsys, "--since", "2026-01-01T00:00+05:00", "--until", "2026-01-02") == []
    assert shown(capsys, "--state", "running") == ["no such job"]


def test_a_page_of_jobs(books: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--limit` says how many; the last one's id leads on to the next page."""
    assert books.is_file()
    assert ids(capsys, "--limit", "2") == [2, 1]
    assert shown(capsys, "--limit", "2")[-1] == "older ones, if there are any: --after 12345678"
    assert ids(capsys, "--limit", "2", "--after", "12345678") == [0]
    assert shown(capsys, "--after", "02345678") == ["no such job"]
    assert run(["jobs", *BOOKS, "--after", "f"]) == 2
    assert lines(capsys.readouterr().err) == ["the ledger has no job that begins with f"]


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (["--since", "soon"], "Invalid value for --since: must be like 2026-11-30 or 2026-11-30T"),
        (["--until", "9999-12-31"], "Invalid value for --until: must be like 2026-11-30 or "),
        (["--limit", "0"], 'Invalid value "0" for --limit. '),
        (["--state", "done"], 'Invalid value "done" for --state. Choose from: '),
        (["--ledger", "gone.db"], "gone.db: there is no ledger; "),
    ],
)
def test_wrong_options(
    options: list[str], line: str, workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each is told in one line, and no ledger is made."""
    assert run(["jobs", *options]) == 2
    assert list(workdir.iterdir()) == []
    (found,) = lines(capsys.readouterr().err)
    assert found.startswith(line)


def test_a_ledger_without_jobs(workdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A job that was refused is not in the ledger."""
    write_three_prompts(workdir / "prompts.json")
    assert run(["generate", "prompts.json", "--backend", "paid"]) == 3
    capsys.readouterr()
    assert run(["jobs"]) == 0
    assert capsys.readouterr().out == "no job yet\n"

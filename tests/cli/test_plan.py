"""`vgen plan`, and the line with which `vgen generate` starts: what a job will cost and take."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest
import trio
from attrs import evolve

from vgen import ClipFate, JobPlan, SQLiteLedger, from_json
from vgen.abc import Custody, Job, Money
from vgen.cli.app import run
from vgen.cli.estimates import spell_time
from vgen.cli.storage_option import ClipStorage

from .helpers import lines, prompt, record, write_prompts, write_three_prompts
from .test_bad_input import refused

ONE = UUID("12345678-0000-0000-0000-000000000000")
PAID = ("--backend", "paid", "--budget", "10")


def files() -> dict[Path, bytes | None]:
    """Return all files with their content, and all folders."""
    return {path: path.read_bytes() if path.is_file() else None for path in Path().rglob("*")}


def plan(capsys: pytest.CaptureFixture[str], *options: str, code: int = 0) -> list[str]:
    """Plan the job of `prompts.json`, which must change no file; return the shown lines."""
    capsys.readouterr()
    before = files()
    assert run(["plan", "prompts.json", *options]) == code
    assert files() == before
    return capsys.readouterr().out.splitlines()


def plan_json(capsys: pytest.CaptureFixture[str], *options: str, code: int = 0) -> JobPlan:
    """Return the plan of `prompts.json` as the record that `--json` prints."""
    return from_json("\n".join(plan(capsys, "--json", *options, code=code)), JobPlan)


def summary(shown: list[str]) -> dict[str, str]:
    """Return what stands under the table, by what it is."""
    after = shown[len(shown) - shown[::-1].index("") :]
    return {name: text.strip() for name, _, text in (line.partition("  ") for line in after)}


def test_a_plan_needs_no_account(
    workdir: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A new job on a paid model is planned without a token; no folder and no file is made."""
    monkeypatch.delenv("REPLICATE_API_TOKEN", raising=False)
    write_prompts(workdir / "prompts.json", prompt(0, duration=6), prompt(1, duration=3), prompt(2))
    shown = plan(capsys, "--backend", "cogvideox")
    assert [path.name for path in workdir.iterdir()] == ["prompts.json"]
    assert shown[0].split("  ")[0] == "Clip"
    assert shown[1].split() == ["0", "make", "cogvideox", "6.12", "of", "6.00", "$0.084", "$0.252"]
    assert shown[2].endswith("3.1 s too long")
    assert shown[5] == "cogvideox ignores: width, height, fps, motion"
    told = summary(shown)
    assert told["Clips"] == "3 to make"
    assert told["One attempt each"] == "$0.26, at most $0.76"
    assert "in 95 of 100 cases at most $" in told["The whole run"]
    assert told["Success"].endswith("of 100 cases")
    assert told["Budget"].startswith("none yet; at least $0.42 needed, $")
    assert told["Figures"] == "cogvideox: as declared"


def test_json_is_the_plan_alone(workdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--json` prints the whole record, and its options are those of the job."""
    write_three_prompts(workdir / "prompts.json")
    found = plan_json(capsys, *PAID, "--job-id", str(ONE), "--backend", "toy")
    assert found.job_id == ONE
    assert found.clips[0].route == ("paid", "toy")
    assert found.budget == Decimal(10)
    assert found.forecast.plays


@pytest.mark.parametrize(
    "options",
    [
        ["--backend", "toi"],
        ["--backend", "keyless"],
        ["--min-clips", "4"],
        ["--redo", "7"],
        ["--purse", "anna"],
        ["--purse", "anna=-1"],
        ["--purse", "=3"],
        ["--purse", "anna=3", "--purse", "anna=4"],
        ["--concurrency", "0"],
        ["--out", "prompts.json"],
        ["--out", "prompts.json/clips"],
        ["--ledger", "prompts.json"],
        ["--ledger", "gone/books.db"],
        ["--storage", "clips"],
        ["--surplus"],
    ],
)
def test_what_generate_refuses_is_refused(
    options: list[str], workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Bad input ends both with the same lines and the same exit code, and writes nothing."""
    write_three_prompts(workdir / "prompts.json")
    options = ["prompts.json", "--backend", "toy", *options]
    said = refused(["plan", *options], workdir, capsys)
    assert said == refused(["generate", *options], workdir, capsys)


def test_the_folders_of_others_are_refused(
    workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Paid clips that the ledger does not know refuse a plan as they refuse the job."""
    write_three_prompts(workdir / "prompts.json")
    assert run(["generate", "prompts.json", *PAID]) == 0
    (workdir / "clips" / "vgen.db").unlink()
    capsys.readouterr()
    said = refused(["plan", "prompts.json"], workdir, capsys)
    assert said == refused(["generate", "prompts.json"], workdir, capsys)
    assert "the ledger does not know $0.3289" in said[0]


@pytest.mark.parametrize(
    ("options", "what"),
    [
        (["--budget", "0.2"], "over budget: of $0.20, $0 is spent and $0 held; "),
        (["--budget", "9", "--purse", "anna=0.1"], "over purse anna: of $0.10, $0 is spent "),
    ],
)
def test_too_little_money(
    options: list[str], what: str, workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The plan is shown, then the line with which `vgen generate` refuses, with its exit code."""
    write_three_prompts(workdir / "prompts.json")
    command = ["prompts.json", "--backend", "paid", *options]
    assert run(["plan", *command]) == 3
    output, errors = capsys.readouterr()
    assert "whole run" not in output
    assert "at least $" in output
    assert errors.startswith(f"vgen: {what}")
    assert run(["generate", *command]) == 3
    assert capsys.readouterr() == ("", errors)


def test_a_purse_counts_all_its_jobs(workdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What other jobs have spent of a purse is gone; a job keeps its own, unless it gets others."""
    write_three_prompts(workdir / "prompts.json")
    command = ["prompts.json", *PAID, "--ledger", "books.db"]
    assert run(["generate", *command, "--purse", "anna/2026-11=0.5", "--out", "first"]) == 0
    assert run(["plan", *command, "--purse", "anna/2026-11=0.5", "--out", "second"]) == 3
    assert "over purse anna/2026-11: of $0.50, $0.3289" in capsys.readouterr().err
    again = ["generate", *command, "--out", "first", "--redo", "0"]
    assert run([*again, "--redo", "1"]) == 3
    assert "over purse anna/2026-11: " in capsys.readouterr().err
    assert run([*again, "--purse", "anna/2026-11=1"]) == 0


def test_a_rerun_is_planned(workdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It goes on with the job's own route and budget, and tells what is kept from what is made."""
    write_three_prompts(workdir / "prompts.json")
    assert run(["generate", "prompts.json", *PAID]) == 0
    write_three_prompts(workdir / "prompts.json", "bars", "other bars")
    shown = plan(capsys)
    assert [line.split()[1] for line in shown[1:4]] == ["keep", "make", "keep"]
    assert summary(shown)["Clips"] == "1 to make, 2 to keep"
    assert summary(shown)["Budget"].startswith("$10.00, $0.3289 of it spent; at least $0.4")
    assert summary(shown)["Figures"] == "paid: as declared (only 3 earlier successes)"
    write_three_prompts(workdir / "prompts.json")
    assert "Figures" not in summary(plan(capsys))


def test_what_is_in_flight_is_finished(workdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An attempt that a process has left open is brought home, and no money is asked for it."""
    write_three_prompts(workdir / "prompts.json", "bars", "refused")
    job = ("--job-id", str(ONE), "--min-clips", "2")
    assert run(["generate", "prompts.json", *PAID, *job]) == 0
    trio.run(leave_open, workdir / "clips" / "vgen.db")
    shown = plan(capsys, *job)
    assert shown[2].split()[:2] == ["1", "finish"]
    assert shown[2].endswith("in flight: its money is held")
    assert summary(shown)["Clips"] == "1 to finish, 2 to keep"


async def leave_open(path: Path) -> None:
    """Leave a further attempt at clip 1 as a process would that died during its submit."""
    ledger = SQLiteLedger(path)
    (attempt, *_) = await ledger.attempts(ONE, 1)
    claim = await ledger.claim(ONE, 1, owner="dead", lease=0.0)
    assert claim is not None
    blank = evolve(attempt, attempt_id=ONE, number=2, billed=None, ticket=None, metered=False)
    await ledger.reserve(claim, evolve(blank, money=Money.HELD, custody=Custody.PLANNED))
    await ledger.aclose()


def test_earlier_attempts_tell(workdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """From eight successes on, figures come from them, in the plan and in the line of the job."""
    write_prompts(workdir / "prompts.json", *(prompt(index, f"bars {index}") for index in range(9)))
    assert run(["generate", "prompts.json", *PAID, "--ledger", "books.db"]) == 0
    first = lines(capsys.readouterr().err)[0]
    assert first.startswith("job: about $")
    assert first.endswith(" for 9 clips, as declared")
    again = (*PAID, "--ledger", "books.db", "--out", "again")
    told = summary(plan(capsys, *again))
    assert told["Figures"] == "from 9 earlier attempts on paid"
    whole = told["The whole run"]
    assert re.match(r"\$0\.99 and \d+ s; in 95 of 100 cases at most \$", whole), whole
    assert run(["generate", "prompts.json", *again]) == 0
    line = lines(capsys.readouterr().err)[0]
    assert line.startswith("job: about $0.99 (rarely over $")
    assert re.search(r"\) and \d+ s for 9 clips, by 9 earlier attempts$", line), line


def test_the_line_speaks_of_what_is_to_make(
    workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of a free backend without known times it has the number; where nothing is to do, none."""
    write_three_prompts(workdir / "prompts.json")
    arguments = ["generate", "prompts.json", "--backend", "toy"]
    assert run(arguments) == 0
    assert lines(capsys.readouterr().err)[0] == "job: 3 clips to make"
    assert run([*arguments, "--redo", "1"]) == 0
    assert lines(capsys.readouterr().err)[0] == "job: 1 clip to make"
    assert run(arguments) == 0
    assert "job: " not in capsys.readouterr().err


def test_the_line_after_adopting(workdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What was adopted is not told as still to make."""
    write_three_prompts(workdir / "prompts.json")
    assert run(["generate", "prompts.json", *PAID]) == 0
    (workdir / "clips" / "vgen.db").unlink()
    capsys.readouterr()
    assert run(["generate", "prompts.json", *PAID, "--adopt", "--redo", "1"]) == 0
    told = lines(capsys.readouterr().err)
    assert told[0].startswith("adopted: $0.3289 paid")
    assert next(line for line in told if line.startswith("job: ")).endswith("1 clip, as declared")


def test_images_are_read_once_for_checks_and_plan(
    workdir: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A plan reads each image once; the job that follows once more, when it is opened."""
    read = ClipStorage.read
    asked: list[str] = []

    async def counted(self: ClipStorage, reference: str, *, max_bytes: int) -> bytes:
        asked.append(reference)
        return await read(self, reference, max_bytes=max_bytes)

    monkeypatch.setattr(ClipStorage, "read", counted)
    (workdir / "a.gif").write_bytes(GIF)
    scenes = [prompt(index, scene_reference_url="a.gif") for index in range(3)]
    write_prompts(workdir / "prompts.json", *scenes)
    plan(capsys, "--backend", "toy")
    assert asked == ["a.gif"]
    assert run(["generate", "prompts.json", "--backend", "toy"]) == 0
    assert asked == ["a.gif"] * 3


GIF = (
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff,\x00\x00\x00\x00\x01\x00\x01\x00"
    b"\x00\x02\x02D\x01\x00;"
)
"""A picture of one pixel."""


def test_a_blank_ledger_stays_blank(workdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An empty file is a ledger without jobs, and gets no tables by a plan."""
    write_three_prompts(workdir / "prompts.json")
    (workdir / "empty.db").touch()
    assert plan_json(capsys, "--backend", "toy", "--ledger", "empty.db").clips[0].fate is (
        ClipFate.MAKE
    )


def test_name_folder_and_purses_are_written_down(workdir: Path) -> None:
    """The job has the file's name, the folder's whole path, and the purses."""
    write_three_prompts(workdir / "prompts.json")
    assert run(["generate", "prompts.json", *PAID, "--purse", "a=b=2.5", "--purse", "team=9"]) == 0

    async def read() -> Job | None:
        ledger = SQLiteLedger("clips/vgen.db")
        job = await ledger.job(UUID(record(workdir / "clips")["job_id"]))
        await ledger.aclose()
        return job

    job = trio.run(read)
    assert job is not None
    assert (job.manifest.name, job.manifest.folder) == ("prompts.json", str(workdir / "clips"))
    assert {each.name: each.limit for each in job.manifest.purses} == {
        "a=b": Decimal("2.5"),
        "team": Decimal(9),
    }


@pytest.mark.parametrize(
    ("seconds", "spelled"),
    [(0.0, "1 s"), (89.2, "90 s"), (90.1, "2 min"), (5400.0, "90 min"), (5401.0, "1 h 31 min")],
)
def test_times_are_rounded_up(seconds: float, spelled: str) -> None:
    """A time is told in seconds, minutes or hours, never too short."""
    assert spell_time(seconds) == spelled

"""A folder's paid clips are not replaced or paid for again where the ledger does not know them."""

from __future__ import annotations

import json
import shutil
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest
import trio
from attrs import evolve

from vgen import SQLiteLedger
from vgen.abc import Custody, Money
from vgen.cli.app import run
from vgen.cli.text import dollars

from .helpers import lines, record, write_three_prompts

ONE = UUID(int=1)
PAID = ("--backend", "paid", "--budget", "1")


def make(*options: str) -> int:
    """Run the job of `prompts.json`."""
    return run(["generate", "prompts.json", *options])


def refused(capsys: pytest.CaptureFixture[str], *options: str) -> str:
    """Run the job, which must be refused with one line and change no file; return the line."""
    before = {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}
    capsys.readouterr()
    assert make(*options) == 2
    (line,) = lines(capsys.readouterr().err)
    assert {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()} == before
    return line


@pytest.fixture
def out(workdir: Path) -> Path:
    """The folder of a job of three clips that were paid for, without its write-ahead log."""
    write_three_prompts(workdir / "prompts.json")
    assert make(*PAID) == 0
    return Path("clips")


def spent(capsys: pytest.CaptureFixture[str]) -> str:
    """What the ledger says was spent on its only job."""
    capsys.readouterr()
    assert run(["jobs", "--json"]) == 0
    (job,) = json.loads(capsys.readouterr().out)
    return dollars(Decimal(job["account"]["spent"]))


async def leave_open(path: str, job_id: UUID) -> None:
    """Leave an attempt at clip 1 as a process would that died during its submit."""
    ledger = SQLiteLedger(path)
    (attempt, *_) = await ledger.attempts(job_id, 1)
    claim = await ledger.claim(job_id, 1, owner="dead", lease=0.0)
    assert claim is not None
    blank = evolve(attempt, attempt_id=ONE, clip=None, billed=None, ticket=None, metered=False)
    await ledger.reserve(claim, evolve(blank, money=Money.HELD, custody=Custody.PLANNED))
    await ledger.aclose()


@pytest.mark.parametrize("options", [PAID, (), (*PAID, "--job-id", str(ONE))])
def test_a_lost_ledger_is_noticed(
    options: tuple[str, ...], out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where it is gone, nothing is sent; the line says what is unknown, and the ways on."""
    (out / "vgen.db").unlink()
    line = refused(capsys, *options)
    if "--job-id" in options:
        assert line.startswith("clips: holds the clips of job ")
    else:
        assert line.startswith("clips: the ledger does not know $0.3289 that its clips.json has as")
        assert all(way in line for way in ("--ledger", "--adopt", "--out"))


def test_an_empty_ledger_is_noticed(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """So is one that has been emptied."""
    (out / "vgen.db").write_bytes(b"")
    capsys.readouterr()
    assert make(*PAID) == 2
    assert "the ledger does not know $0.3289" in capsys.readouterr().err


def test_another_ledger_is_noticed(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """So is one elsewhere that has never heard of the job."""
    (out / "vgen.db").rename("books.db")
    assert "--adopt" in refused(capsys, *PAID, "--ledger", "other.db")
    (out / "clips.json").unlink()
    line = refused(capsys, *PAID, "--ledger", "other.db", "--job-id", str(ONE))
    assert line.startswith("clips/clip_000.mp4: is there, and neither a clips.json nor the ledger")
    for clip in out.glob("*.mp4"):
        clip.rename(clip.with_suffix(".mov"))
    line = refused(capsys, *PAID, "--ledger", "other.db", "--job-id", str(ONE))
    assert line.startswith("clips/clip_000.mov: is there, and neither a clips.json nor the ledger")


def test_free_clips_are_made_again(workdir: Path) -> None:
    """Without their ledger, clips that cost nothing are no reason to refuse."""
    write_three_prompts(workdir / "prompts.json")
    assert make("--backend", "toy") == 0
    (workdir / "clips" / "vgen.db").unlink()
    assert make("--backend", "toy") == 0


def test_an_older_ledger_is_noticed(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A backup that lacks the newest of the clips is refused, and adopts just that one."""
    shutil.copy(out / "vgen.db", "backup.db")
    write_three_prompts(Path("prompts.json"), "bars", "other bars")
    assert make() == 0
    newest = (out / "clip_001.mp4").read_bytes()
    shutil.copy("backup.db", out / "vgen.db")
    assert "does not know $0.1096" in refused(capsys)
    assert make("--adopt") == 0
    assert (out / "clip_001.mp4").read_bytes() == newest
    assert "rendering" not in capsys.readouterr().err
    assert spent(capsys) == "$0.4385"


def test_paid_clips_are_adopted(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--adopt` writes them down as paid, within the budget, and keeps them."""
    (out / "vgen.db").unlink()
    before = [path.read_bytes() for path in sorted(out.glob("*.mp4"))]
    clips = record(out)["clips"]
    assert make("--backend", "paid", "--adopt") == 3
    assert record(out)["clips"] == clips
    capsys.readouterr()
    assert make(*PAID, "--adopt") == 0
    errors = lines(capsys.readouterr().err)
    assert errors[0] == "adopted: $0.3289 paid for clips 0, 1, 2"
    assert [line.partition(":")[2].split(",")[0] for line in errors[1:]] == [" kept"] * 3
    assert spent(capsys) == "$0.3289"
    assert record(out)["clips"] == clips
    assert make() == 0
    assert [path.read_bytes() for path in sorted(out.glob("*.mp4"))] == before
    assert spent(capsys) == "$0.3289"


def test_a_paid_clip_of_another_ending_is_adopted(workdir: Path) -> None:
    """It is kept as what it is, and is not made again in another folder either."""
    write_three_prompts(workdir / "prompts.json", "bars", "bars as webm")
    assert make(*PAID) == 0
    out = Path("clips")
    (out / "vgen.db").unlink()
    before = sorted((path.name, path.read_bytes()) for path in out.glob("clip_*"))
    assert make(*PAID, "--adopt") == 0
    assert make() == 0
    assert sorted((path.name, path.read_bytes()) for path in out.glob("clip_*")) == before
    assert [name for name, _ in before] == ["clip_000.mp4", "clip_001.webm", "clip_002.mp4"]


def test_what_failed_is_adopted_too(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What failed attempts and lost files have cost counts as spent, and their clips are made."""
    clips = record(out)
    failed = clips["clips"].pop(0)
    tried = [{"backend": "paid", "reason": "no", "cost": failed["cost"]}]
    clips["failures"] = [{"clip_index": 0, "reason": "no", "tried": tried}]
    (out / "clips.json").write_text(json.dumps(clips))
    (out / "vgen.db").unlink()
    (out / "clip_002.mp4").unlink()
    assert make(*PAID, "--adopt") == 0
    errors = capsys.readouterr().err
    assert "clip 1: kept" in errors
    assert errors.count("rendering on paid") == 2
    assert spent(capsys) == f"${Decimal(failed['cost']) * 5:.4f}"


def test_another_folder_does_not_buy_the_clips_again(
    out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same job and ledger with another --out is refused; a copy of the folder is not."""
    again = ("--ledger", "clips/vgen.db", "--job-id", record(out)["job_id"], "--out", "others")
    line = refused(capsys, *again)
    assert line.startswith(f"{out.absolute() / 'clip_000.mp4'}: is a paid clip of this job")
    Path("others").mkdir()
    for clip in out.glob("*.mp4"):
        shutil.copy(clip, "others")
    assert make(*again) == 0
    assert "rendering" not in capsys.readouterr().err


def test_a_deleted_clip_is_put_back(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is copied from its take, and nothing is paid for it; a redo makes another one."""
    (out / "clip_001.mp4").unlink()
    capsys.readouterr()
    assert make() == 0
    errors = capsys.readouterr().err
    assert "clip 1: its file is copied from takes/clip_001-1-" in errors
    assert "rendering on paid" not in errors
    assert (out / "clip_001.mp4").exists()


def test_a_spooled_clip_that_nobody_knows(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A finished clip in the spool whose attempt the ledger lacks is named; other files are not."""
    spool = out / "spool"
    spool.mkdir()
    (spool / "notes.mp4").write_text("mine")
    (spool / f"{ONE}.txt").write_text("mine")
    assert make() == 0
    for ending in ("mp4", "webm"):
        stray = spool / f"{ONE}.{ending}"
        stray.write_text("a clip")
        assert refused(capsys).startswith(f"{stray}: is a finished clip that the ledger does not")
        stray.unlink()


def test_attempts_in_flight_are_not_forgotten(
    out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A killed run leaves them in `clips.json`: without its ledger nothing is sent unasked."""
    clips = record(out)
    tried = [{"backend": "paid", "reason": "still ticketed", "may_be_billed": True}]
    failures = [{"clip_index": i, "reason": "still ticketed", "tried": tried} for i in range(3)]
    (out / "clips.json").write_text(json.dumps({**clips, "clips": [], "failures": failures}))
    (out / "vgen.db").unlink()
    assert "$0.00 that its clips.json has as paid, and 3 attempts that may" in refused(
        capsys, *PAID
    )
    assert make(*PAID, "--adopt") == 0


def test_open_attempts_are_settled_first(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where the ledger has open attempts, the providers are asked before clips are adopted."""
    ledger = str(out / "vgen.db")
    trio.run(leave_open, ledger, UUID(record(out)["job_id"]))
    clips = record(out)
    clips["clips"][1]["sha256"] = "newer"
    (out / "clips.json").write_text(json.dumps(clips))
    assert refused(capsys, "--adopt").endswith("by vgen ledger reconcile")

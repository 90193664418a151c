"""`vgen probe`, `vgen backends` and `vgen ledger`."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import numpy as np
import pytest

from vgen.cli.app import run
from vgen.video import Encoder

from .helpers import lines, three

ONE = UUID("12345678-0000-0000-0000-000000000000")


def write_clip(path: Path, *, black: bool, frames: int = 7, fps: int = 24) -> None:
    """Write a clip of noise-free bars that move, or of nothing."""
    ramp = np.tile(np.linspace(0, 255, 64), (64, 1)) * (not black)
    picture = np.dstack([ramp, ramp.T, np.eye(64) * 255 * (not black)]).astype(np.uint8)
    with Encoder(path, width=64, height=64, fps=fps) as encoder:
        for number in range(frames):
            encoder.write(np.roll(picture, 3 * number, axis=1))


def test_probe_says_what_a_clip_is(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Codec, size, frames, frame rate, exact duration and bytes; sound clips give 0."""
    write_clip(place / "a.mp4", black=False, frames=12)
    write_clip(place / "b.mp4", black=False)
    assert run(["probe", "a.mp4", "b.mp4"]) == 0
    output, errors = capsys.readouterr()
    first, second = (line.split() for line in output.splitlines() if ".mp4" in line)
    size = str((place / "a.mp4").stat().st_size)
    assert first == ["a.mp4", "h264", "64x64", "12", "24", "0.5", size, "none"]
    assert second[5:7] == ["0.292", "(7/24)"]
    assert errors == ""


def test_probe_says_what_is_wrong(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A useless clip and what is no clip give 1, each with its line; the others are shown."""
    write_clip(place / "good.mp4", black=False)
    write_clip(place / "black.mp4", black=True)
    (place / "text.mp4").write_text("no video")
    assert run(["probe", "good.mp4", "black.mp4", "text.mp4", "gone.mp4"]) == 1
    output, errors = capsys.readouterr()
    assert "black, flat" in output
    starts = ["black.mp4: black: ", "black.mp4: flat: ", "text.mp4: ", "gone.mp4: "]
    for line, start in zip(lines(errors), starts, strict=True):
        assert line.startswith(start)


def test_probe_of_nothing_but_rubbish(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where there is nothing to show there is no table, and a name is no markup."""
    (place / "[red].mp4").write_text("no video")
    assert run(["probe", "[red].mp4"]) == 1
    output, errors = capsys.readouterr()
    assert output == ""
    assert errors.startswith("vgen: [red].mp4: ")


def test_probe_wants_files(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a file it is a usage error."""
    del place
    assert run(["probe"]) == 2
    assert "FILES" in capsys.readouterr().err


def test_backends_are_listed(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each backend with what it makes and costs; one that cannot be had with the reason."""
    del place
    assert run(["backends"]) == 0
    output = capsys.readouterr().out
    rows = {line.split()[0]: line for line in output.splitlines() if line.strip()}
    assert "procedure" in rows["animatic"]
    assert "4096x4096" in rows["animatic"]
    assert rows["toy"].split()[1:3] == ["text,", "image"]
    assert rows["toy"].rstrip().endswith("free")
    assert "0.1 to 10" in rows["toy"]
    assert rows["from-images"].split()[1] == "image"
    assert "$0.10 + $0.033/s" in rows["dear"]
    assert "2, 6.1" in rows["billed"]
    assert "at most $" in rows["billed"]
    assert "/s" not in rows["billed"]
    assert rows["keyless"] == "keyless cannot be used: KEYLESS_TOKEN: is not set"
    assert rows["broken"].startswith("broken cannot be used: ModuleNotFoundError: ")
    assert rows["no-backend"] == "no-backend cannot be used: vgen_toy:Path makes no VideoBackend"
    assert rows["priceless"].startswith("priceless cannot be used: its quote fails: KeyError")


def test_no_backends(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where none is installed, it says so."""
    del place
    monkeypatch.setattr("vgen.cli.plugins.entry_points", no_points)
    assert run(["backends"]) == 0
    assert capsys.readouterr().out == "no backend is installed\n"


def test_the_ledger_of_a_job(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Jobs with their money, and each attempt of the job whose id begins so."""
    three(place / "prompts.json", "refused")
    arguments = ["generate", "prompts.json", "--backend", "dear", "--budget", "1"]
    assert run([*arguments, "--min-clips", "2", "--job-id", str(ONE)]) == 0
    capsys.readouterr()
    assert run(["ledger"]) == 0
    (row,) = (line.split() for line in capsys.readouterr().out.splitlines() if str(ONE) in line)
    assert row[1] == "$1.00"
    assert row[3:] == ["$0.00", "$0.00", "2", "of", "3", "clips"]
    assert run(["ledger", "12345678", "--ledger", "sqlite:clips/vgen.db"]) == 0
    output = capsys.readouterr().out
    assert output.startswith(f"job {ONE}: 2 of 3 clips\nlimit $1.00, spent {row[2]}, held $0.00")
    attempts = [line.split() for line in output.splitlines() if " dear " in line]
    assert sorted(attempt[0] for attempt in attempts) == ["0", "1", "2"]
    refused = next(attempt for attempt in attempts if attempt[0] == "0")
    assert refused[1:5] == ["1", "dear", "settled", "void"]
    assert refused[6:8] == ["$0.00", "the"]


def test_a_job_that_the_ledger_has_not(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No job, or several, of that beginning are told apart."""
    three(place / "prompts.json")
    for number in (1, 2):
        options = ["--job-id", str(UUID(int=number)), "--out", str(number), "--ledger", "books.db"]
        assert run(["generate", "prompts.json", "--backend", "toy", *options]) == 0
    capsys.readouterr()
    assert run(["ledger", "f", "--ledger", "books.db"]) == 2
    assert run(["ledger", "0000", "--ledger", "books.db"]) == 2
    assert lines(capsys.readouterr().err) == [
        "the ledger holds no job that begins with f",
        "the ledger holds 2 jobs that begin with 0000",
    ]


def test_a_ledger_without_jobs(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A job that was refused is in no ledger."""
    three(place / "prompts.json")
    assert run(["generate", "prompts.json", "--backend", "dear"]) == 3
    assert run(["ledger"]) == 0
    assert capsys.readouterr().out == "no job yet\n"


def test_no_ledger(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where there is no ledger it says so, and makes none."""
    assert run(["ledger"]) == 2
    (place / "empty.db").touch()
    assert run(["ledger", "--ledger", "empty.db"]) == 2
    assert lines(capsys.readouterr().err) == [
        "clips/vgen.db: there is no ledger; --ledger names another",
        "empty.db: there is no ledger; --ledger names another",
    ]
    assert [path.name for path in place.iterdir()] == ["empty.db"]
    assert (place / "empty.db").stat().st_size == 0


def no_points(*, group: str) -> tuple[()]:
    """Find nothing of any group."""
    del group
    return ()

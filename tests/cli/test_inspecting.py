"""`vgen probe`, `vgen backends` and `vgen ledger`."""

from __future__ import annotations

import json
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest

from vgen import from_json
from vgen.cli.app import run
from vgen.video import Encoder, Inspection, inspect

from .helpers import lines, write_three_prompts

ONE = UUID("12345678-0000-0000-0000-000000000000")


def write_clip(path: Path, *, black: bool, frames: int = 7, fps: int = 24) -> None:
    """Write a clip of moving bars, or of black frames only."""
    ramp = np.tile(np.linspace(0, 255, 64), (64, 1)) * (not black)
    picture = np.dstack([ramp, ramp.T, np.eye(64) * 255 * (not black)]).astype(np.uint8)
    with Encoder(path, width=64, height=64, fps=fps) as encoder:
        for number in range(frames):
            encoder.write(np.roll(picture, 3 * number, axis=1))


def test_probe_says_what_a_clip_is(workdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Codec, size, frames, frame rate, exact duration and bytes are shown; good clips give 0."""
    write_clip(workdir / "a.mp4", black=False, frames=12)
    write_clip(workdir / "b.mp4", black=False)
    assert run(["probe", "a.mp4", "b.mp4"]) == 0
    output, errors = capsys.readouterr()
    first, second = (line.split() for line in output.splitlines() if ".mp4" in line)
    size = str((workdir / "a.mp4").stat().st_size)
    assert first == ["h264", "64x64", "12", "24", "0.5", size, "none", "a.mp4"]
    assert second[4:6] == ["0.292", "(7/24)"]
    assert errors == ""


def test_probe_says_what_is_wrong(workdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Unusable clips and files that are no clips exit with 1, a line each; others are shown."""
    write_clip(workdir / "good.mp4", black=False)
    write_clip(workdir / "black.mp4", black=True)
    (workdir / "text.mp4").write_text("no video")
    assert run(["probe", "good.mp4", "black.mp4", "text.mp4", "gone.mp4"]) == 1
    output, errors = capsys.readouterr()
    assert "black, flat" in output
    starts = ["black.mp4: black: ", "black.mp4: flat: ", "text.mp4: ", "gone.mp4: "]
    for line, start in zip(lines(errors), starts, strict=True):
        assert line.startswith(start)


def test_probe_may_be_strict(workdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A clip that stands still is told of and gives 0; with `--strict` any fault gives 1."""
    with Encoder(workdir / "still.mp4", width=64, height=64, fps=24) as encoder:
        for _ in range(24):
            encoder.write(np.tile(np.linspace(0, 255, 64), (3, 64, 1)).T.astype(np.uint8))
    assert run(["probe", "still.mp4"]) == 0
    assert "still.mp4: frozen: " in capsys.readouterr().err
    assert run(["probe", "still.mp4", "--strict"]) == 1


def test_probe_as_json(workdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A list with what was found of each file, exact, and why one is none; nothing else is said."""
    write_clip(workdir / "good.mp4", black=False)
    write_clip(workdir / "black.mp4", black=True)
    (workdir / "text.mp4").write_text("no video")
    assert run(["probe", "good.mp4", "--json"]) == 0
    (good,) = json.loads(capsys.readouterr().out)
    info = good["found"]["info"]
    assert (good["file"], good["error"], info["duration"]) == ("good.mp4", "", "7/24")
    assert (info["container"], info["codec"], info["pixel_aspect"]) == ("mp4", "h264", "1")
    assert from_json(json.dumps(good["found"]), Inspection) == inspect(Path("good.mp4"))
    assert run(["probe", "black.mp4", "text.mp4", "--json"]) == 1
    output, errors = capsys.readouterr()
    black, text = json.loads(output)
    assert black["found"]["judgement"]["faults"] == ["black", "flat"]
    assert (text["found"], text["error"]) == (None, "not an MP4 or WebM video but text")
    assert errors == ""


def test_a_single_picture_is_useless(workdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file of one picture exits with 1, and says so."""
    write_clip(workdir / "one.mp4", black=False, frames=1)
    assert run(["probe", "one.mp4"]) == 1
    assert lines(capsys.readouterr().err) == ["one.mp4: short: it is a single picture"]


def test_probe_of_no_usable_file(workdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a row there is no table, and a file name is not read as markup."""
    (workdir / "[red].mp4").write_text("no video")
    assert run(["probe", "[red].mp4"]) == 1
    output, errors = capsys.readouterr()
    assert output == ""
    assert errors.startswith("vgen: [red].mp4: ")


def test_probe_wants_files(workdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a file it is a usage error."""
    del workdir
    assert run(["probe"]) == 2
    assert "FILES" in capsys.readouterr().err


def test_backends_are_listed(workdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each backend is listed with what it makes and costs, or why it cannot be used."""
    del workdir
    assert run(["backends"]) == 0
    output = capsys.readouterr().out
    unwrapped = output.replace("\n      ", "  ")
    rows = {line.split()[0]: line for line in unwrapped.splitlines()}
    assert "procedure" in rows["animatic"]
    assert "4096x4096" in rows["animatic"]
    assert rows["toy"].split()[1:3] == ["text,", "image"]
    assert rows["toy"].rstrip().endswith("free")
    assert "0.1 to 10" in rows["toy"]
    assert rows["from-images"].split()[1] == "image"
    assert "$0.10 + $0.033/s" in rows["paid"]
    assert "2, 6.1" in rows["billed"]
    assert "at most $" in rows["billed"]
    assert "/s" not in rows["billed"]
    assert rows["keyless"] == "keyless cannot be used: KEYLESS_TOKEN: is not set"
    assert rows["broken"].startswith("broken cannot be used: ModuleNotFoundError: ")
    assert rows["no-backend"] == "no-backend cannot be used: vgen_toy:Path makes no VideoBackend"
    assert rows["priceless"].startswith("priceless cannot be used: its quote fails: KeyError")


def test_no_backends(
    workdir: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where none is installed, it says so."""
    del workdir
    monkeypatch.setattr("vgen.cli.plugins.entry_points", no_entry_points)
    assert run(["backends"]) == 0
    assert capsys.readouterr().out == "no backend is installed\n"


def test_the_ledger_of_a_job(workdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A job, given by the start of its id, is shown with its money and its attempts."""
    write_three_prompts(workdir / "prompts.json", "refused")
    arguments = ["generate", "prompts.json", "--backend", "paid", "--budget", "1"]
    assert run([*arguments, "--min-clips", "2", "--job-id", str(ONE)]) == 0
    capsys.readouterr()
    assert run(["ledger", "12345678", "--ledger", "sqlite:clips/vgen.db"]) == 0
    output = capsys.readouterr().out
    assert output.startswith(f"job {ONE}: 2 of 3 clips\nlimit $1.00, spent $0.2193, held $0.00")
    attempts = [line.split() for line in output.splitlines() if " paid " in line]
    assert sorted(attempt[0] for attempt in attempts) == ["0", "1", "2"]
    refused = next(attempt for attempt in attempts if attempt[0] == "0")
    assert (refused[1], refused[3:6]) == ("1", ["paid", "settled", "void"])
    assert refused[7:] == ["$0.00"]
    assert "      the [red]model[/] refuses" in output


def test_an_unknown_or_ambiguous_job(workdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An id prefix that fits no job, or several, exits with 2 and says which."""
    write_three_prompts(workdir / "prompts.json")
    for number in (1, 2):
        options = ["--job-id", str(UUID(int=number)), "--out", str(number), "--ledger", "books.db"]
        assert run(["generate", "prompts.json", "--backend", "toy", *options]) == 0
    capsys.readouterr()
    assert run(["ledger", "f", "--ledger", "books.db"]) == 2
    assert run(["ledger", "0000", "--ledger", "books.db"]) == 2
    assert lines(capsys.readouterr().err) == [
        "the ledger has no job that begins with f",
        "the ledger has 2 jobs that begin with 0000",
    ]


def test_the_ledger_without_a_job(workdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It shows the help of the ledger's commands, and reads nothing."""
    del workdir
    assert run(["ledger", "--help"]) == 0
    text = capsys.readouterr().out
    assert run(["ledger"]) == 0
    assert capsys.readouterr().out == text
    assert text.startswith("Usage: vgen ledger COMMAND")


def test_no_ledger(workdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A missing or empty ledger is reported, and none is made."""
    assert run(["ledger", "f"]) == 2
    (workdir / "empty.db").touch()
    assert run(["ledger", "f", "--ledger", "empty.db"]) == 2
    assert lines(capsys.readouterr().err) == [
        "clips/vgen.db: there is no ledger; name one with --ledger, or its folder with --out",
        "empty.db: there is no ledger; name one with --ledger, or its folder with --out",
    ]
    assert [path.name for path in workdir.iterdir()] == ["empty.db"]
    assert (workdir / "empty.db").stat().st_size == 0


def no_entry_points(*, group: str) -> tuple[()]:
    """Stand in for `entry_points`, with nothing installed."""
    del group
    return ()

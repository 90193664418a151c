"""`vgen takes` and `vgen choose`."""

from __future__ import annotations

from pathlib import Path

import pytest

from vgen.cli.app import run

from .helpers import lines, record, write_three_prompts


def test_an_earlier_take_is_chosen(workdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Takes are listed with their files; the chosen one's file takes the place of the clip's."""
    write_three_prompts(workdir / "prompts.json")
    generate = ["generate", "prompts.json", "--backend", "toy"]
    assert run(generate) == 0
    assert run([*generate, "--redo", "1"]) == 0
    capsys.readouterr()
    assert run(["takes"]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines() if "takes/" in line]
    assert [row[:3] for row in rows[:3]] == [
        ["0", "1", "chosen"],
        ["1", "1", "toy"],
        ["1", "2", "chosen"],
    ]
    job = next((workdir / "clips").glob("clips.json")).read_text("utf-8").split('"job_id": "')[1]
    assert run(["choose", job[:8], "1", "1"]) == 0
    (take,) = (workdir / "clips/takes").glob("clip_001-1-*.mp4")
    assert (workdir / "clips/clip_001.mp4").read_bytes() == take.read_bytes()
    capsys.readouterr()
    assert run(["choose", job[:8], "1", "5"]) == 2
    assert lines(capsys.readouterr().err) == ["clip 1 has no take 5"]


def test_takes_of_different_endings(workdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The folder has one file for each clip, in `clips.json` too; takes keep their endings."""
    write_three_prompts(workdir / "prompts.json")
    generate, out = ["generate", "prompts.json", "--backend", "toy"], workdir / "clips"
    assert run(generate) == 0
    write_three_prompts(workdir / "prompts.json", "bars", "bars as webm")
    assert run(generate) == 0
    assert sorted(path.name for path in out.glob("clip_*")) == [
        "clip_000.mp4",
        "clip_001.webm",
        "clip_002.mp4",
    ]
    clips = record(out)
    assert [clip["reference"] for clip in clips["clips"]] == [
        "clip_000.mp4",
        "clip_001.webm",
        "clip_002.mp4",
    ]
    assert clips["clips"][1]["container"] == "webm"
    assert len(list(out.glob("takes/clip_001-2-*.webm"))) == 1
    assert run(["choose", clips["job_id"], "1", "1"]) == 0
    assert [path.name for path in out.glob("clip_001*")] == ["clip_001.mp4"]
    capsys.readouterr()
    assert run(["takes"]) == 0
    rows = [line for line in capsys.readouterr().out.splitlines() if "takes/clip_001" in line]
    assert [".webm" in row for row in rows] == [False, True]


def test_no_take(workdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A missing ledger is reported in one line."""
    assert run(["takes"]) == 2
    assert "there is no ledger" in capsys.readouterr().err
    assert not (workdir / "clips").exists()

"""`vgen generate`: from a prompts file to clips, as the program that users start."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from vgen import Clips, from_json
from vgen.cli.app import run
from vgen.video import probe

from .helpers import Program, prompt, record, three, write_prompts


def test_the_default_route_makes_clips(program: Program) -> None:
    """With a prompts file alone, real clips and the record of them stand in `clips`."""
    three(program.folder / "prompts.json", "the sea", "mountains", "the sea at night")
    done = program.run("generate", "prompts.json")
    assert done.returncode == 0
    assert "3 of 3 clips in clips, $0.00" in done.stdout
    assert "animatic" in done.stdout
    clips = record(program.folder / "clips")
    assert (clips["successful_clips"], clips["failures"]) == (3, [])
    for clip in clips["clips"]:
        made = program.folder / "clips" / clip["reference"]
        assert made.name == f"clip_{clip['clip_index']:03d}.mp4"
        assert clip["video_url"] == made.as_uri()
        assert float(probe(made).duration) == clip["actual_duration"]


def test_a_rerun_makes_only_what_has_changed(program: Program) -> None:
    """The same command keeps the clips; an edited prompt makes that clip alone anew."""
    three(program.folder / "prompts.json")
    first = program.run("generate", "prompts.json", "--backend", "toy")
    assert (first.returncode, first.stderr.count("stored")) == (0, 3)
    job_id = record(program.folder / "clips")["job_id"]
    three(program.folder / "prompts.json", "bars", "other bars")
    second = program.run("generate", "prompts.json", "--backend", "toy")
    assert second.returncode == 0
    assert "clip 1: rendering on toy" in second.stderr
    assert (second.stderr.count("stored"), second.stderr.count("kept")) == (1, 2)
    assert record(program.folder / "clips")["job_id"] == job_id


def test_json_stands_alone_on_standard_output(program: Program) -> None:
    """`--json` prints the record of the clips and nothing else; the table goes to the errors."""
    three(program.folder / "prompts.json")
    done = program.run("generate", "prompts.json", "--backend", "toy", "--json")
    clips = from_json(done.stdout, Clips)
    assert clips.successful_clips == 3
    assert json.loads(done.stdout) == record(program.folder / "clips")
    assert "3 of 3 clips" in done.stderr


def test_standard_input_takes_images_from_here(program: Program) -> None:
    """`-` reads the prompts from standard input, and images from the current directory."""
    text = write_prompts(
        program.folder / "prompts.json",
        *(prompt(index, scene_reference_url="gone.png") for index in range(3)),
    ).read_text()
    done = program.run("generate", "-", "--backend", "toy", given=text)
    assert done.returncode == 2
    assert "clip_prompts[0].scene_reference_url: gone.png: no such file" in done.stderr


def test_too_few_clips(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Too few clips give 1, what was made, and why the others were not, as plain text."""
    three(place / "prompts.json", "refused")
    assert run(["generate", "prompts.json", "--backend", "toy", "--json"]) == 1
    output, errors = capsys.readouterr()
    (failure,) = json.loads(output)["failures"]
    assert failure["reason"] == "the [red]model[/] refuses\x1b[2J it"
    assert record(place / "clips") == json.loads(output)
    assert "clip 0: given up: the [red]model[/] refuses\\x1b[2J it" in errors
    assert "\x1b" not in errors
    assert errors.splitlines()[-1] == "vgen: 2 of 3 clips made, 3 required"


def test_enough_clips_are_enough(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--min-clips` says how many clips are enough; a plug-in's defect is one line."""
    three(place / "prompts.json", "broken")
    assert run(["generate", "prompts.json", "--backend", "toy", "--min-clips", "2"]) == 0
    output, errors = capsys.readouterr()
    assert "2 of 3 clips in clips" in output
    assert "missing" in output
    assert "vgen: backend toy broke: KeyError: 'a defect'\n" in errors
    assert "Traceback" not in errors


def test_over_budget(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What does not fit the budget gives 3 and names the amounts; within it, clips are paid."""
    three(place / "prompts.json")
    assert run(["generate", "prompts.json", "--backend", "dear", "--budget", "0.2"]) == 3
    output, errors = capsys.readouterr()
    assert output == ""
    assert errors.startswith("vgen: over budget: limit $0.20, spent $0.00, held $0.00, asked for")
    assert len(errors.splitlines()) == 1
    assert run(["generate", "prompts.json", "--backend", "dear", "--budget", "1"]) == 0
    assert "stored, 0.29 s, $0.1" in capsys.readouterr().err


def test_the_record_stands_before_anything_is_sent(place: Path) -> None:
    """`clips.json` is written before the first submit: a full directory is found out in time."""
    three(place / "prompts.json", f"needs the record {place / 'clips' / 'clips.json'}")
    assert run(["generate", "prompts.json", "--backend", "toy"]) == 0


def test_a_clip_that_cannot_be_written(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A directory that takes no more gives 2 and one line; the finished clips stay."""
    three(place / "prompts.json")
    (place / "clips" / "clip_001.mp4").mkdir(parents=True)
    assert run(["generate", "prompts.json", "--backend", "toy", "--min-clips", "1"]) == 2
    errors = capsys.readouterr().err
    assert errors.splitlines()[-1].startswith("vgen: cannot write clips/clip_001.mp4: ")
    assert record(place / "clips")["successful_clips"] == 2
    assert probe(place / "clips" / "clip_002.mp4").frames == 7


def test_another_ledger(place: Path) -> None:
    """`--ledger` puts the ledger elsewhere, and none into the output directory."""
    three(place / "prompts.json")
    arguments = ["generate", "prompts.json", "--backend", "toy", "--ledger", "sqlite:books.db"]
    assert run(arguments) == 0
    assert (place / "books.db").is_file()
    assert not (place / "clips" / "vgen.db").exists()

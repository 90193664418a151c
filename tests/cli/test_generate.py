"""`vgen generate`: from a prompts file to clips, as the program that users start."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from vgen import Clips, from_json
from vgen.cli.app import run
from vgen.video import probe

from .helpers import Program, prompt, record, write_prompts, write_three_prompts


def test_the_default_route_makes_clips(program: Program) -> None:
    """With a prompts file alone, real clips and `clips.json` are in `clips`."""
    write_three_prompts(program.folder / "prompts.json", "the sea", "mountains", "the sea at night")
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
    """The same command keeps the clips; an edited prompt makes only that clip again."""
    write_three_prompts(program.folder / "prompts.json")
    first = program.run("generate", "prompts.json", "--backend", "toy")
    assert (first.returncode, first.stderr.count("stored")) == (0, 3)
    job_id = record(program.folder / "clips")["job_id"]
    write_three_prompts(program.folder / "prompts.json", "bars", "other bars")
    second = program.run("generate", "prompts.json", "--backend", "toy")
    assert second.returncode == 0
    assert "clip 1: rendering on toy" in second.stderr
    assert (second.stderr.count("stored"), second.stderr.count("kept")) == (1, 2)
    assert record(program.folder / "clips")["job_id"] == job_id


def test_json_is_all_of_standard_output(program: Program) -> None:
    """`--json` prints only the contents of `clips.json`; the table goes to standard error."""
    write_three_prompts(program.folder / "prompts.json")
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
    done = program.run("generate", "-", "--backend", "toy", stdin=text)
    assert done.returncode == 2
    assert "clip_prompts[0].scene_reference_url: gone.png: no such file" in done.stderr


def test_strict_refuses_any_fault(
    workdir: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A clip in which nothing moves counts, with a note; with `--strict` it is missing."""
    monkeypatch.setenv("VIDEO_GENERATOR_BACKOFF", "0")
    still = prompt(0, "still", duration=1.0)
    write_prompts(workdir / "prompts.json", still, prompt(1), prompt(2))
    command = ["generate", "prompts.json", "--backend", "toy"]
    assert run([*command, "--out", "kept"]) == 0
    assert record(workdir / "kept")["clips"][0]["faults"] == ["frozen"]
    assert run([*command, "--out", "strict", "--strict"]) == 1
    (failure,) = record(workdir / "strict")["failures"]
    assert failure["reason"].startswith("nothing moves")
    assert "nothing moves" in capsys.readouterr().out


def test_too_few_clips(workdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Too few clips exit with 1; the output says what was made and why the others failed."""
    write_three_prompts(workdir / "prompts.json", "refused")
    assert run(["generate", "prompts.json", "--backend", "toy", "--json"]) == 1
    output, errors = capsys.readouterr()
    (failure,) = json.loads(output)["failures"]
    assert failure["reason"] == "the [red]model[/] refuses\x1b[2J it"
    assert record(workdir / "clips") == json.loads(output)
    assert "clip 0: given up: the [red]model[/] refuses\\x1b[2J it" in errors
    assert "\x1b" not in errors
    assert errors.splitlines()[-1] == "vgen: 2 of 3 clips made, 3 required"


def test_a_clip_goes_on_with_the_next_backend(
    workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The progress and the table say so; `--fall-back-on` narrows what it happens for."""
    write_three_prompts(workdir / "prompts.json", "refused")
    command = ["generate", "prompts.json", "--backend", "toy", "--backend", "animatic"]
    assert run([*command, "--fall-back-on", "account", "--fall-back-on", "rate-limited"]) == 1
    assert "going on" not in capsys.readouterr().err
    assert run(command) == 0
    output, errors = capsys.readouterr()
    assert "clip 0: going on with animatic: the [red]model[/] refuses" in errors
    assert [clip["backend"] for clip in record(workdir / "clips")["clips"]] == [
        "animatic",
        "toy",
        "toy",
    ]
    assert "toy could not make it" in output


def test_all_clips_may_be_asked_for(workdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With `--all` a missing clip makes the job fail; without it the last line says what to do."""
    write_three_prompts(workdir / "prompts.json", "broken")
    command = ["generate", "prompts.json", "--backend", "toy"]
    assert run([*command, "--min-clips", "2"]) == 0
    missing = "missing: clip 0; run the same command again to make the rest"
    assert capsys.readouterr().out.splitlines()[-1] == missing
    assert run([*command, "--all"]) == 1
    assert "2 of 3 clips made, 3 required" in capsys.readouterr().err


def test_enough_clips_are_enough(workdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--min-clips` says how many clips are enough; a bug in a plug-in is one line."""
    write_three_prompts(workdir / "prompts.json", "broken")
    assert run(["generate", "prompts.json", "--backend", "toy", "--min-clips", "2"]) == 0
    output, errors = capsys.readouterr()
    assert "2 of 3 clips in clips" in output
    assert "missing" in output
    assert "vgen: backend toy broke: KeyError: 'a bug'\n" in errors
    assert "Traceback" not in errors


def test_over_budget(workdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A job over budget exits with 3 and names the amounts; within it, clips are paid for."""
    write_three_prompts(workdir / "prompts.json")
    assert run(["generate", "prompts.json", "--backend", "paid", "--budget", "0.2"]) == 3
    output, errors = capsys.readouterr()
    assert output == ""
    assert errors.startswith("vgen: over budget: of $0.20, $0 is spent and $0 held; $0.")
    assert len(errors.splitlines()) == 1
    assert run(["generate", "prompts.json", "--backend", "paid", "--budget", "1"]) == 0
    assert "stored, 0.29 s, $0.1" in capsys.readouterr().err


def test_clips_json_is_written_before_anything_is_sent(workdir: Path) -> None:
    """`clips.json` is written before the first submit: a full disk is noticed in time."""
    write_three_prompts(
        workdir / "prompts.json", f"needs the record {workdir / 'clips' / 'clips.json'}"
    )
    assert run(["generate", "prompts.json", "--backend", "toy"]) == 0


def test_a_clip_that_cannot_be_written(workdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A clip that cannot be written exits with 2 and one line, before anything is written."""
    write_three_prompts(workdir / "prompts.json")
    (workdir / "clips" / "clip_001.mp4").mkdir(parents=True)
    assert run(["generate", "prompts.json", "--backend", "toy", "--min-clips", "1"]) == 2
    errors = capsys.readouterr().err
    assert errors == "vgen: cannot write clips/clip_001.mp4: Is a directory\n"
    assert [path.name for path in (workdir / "clips").iterdir()] == ["clip_001.mp4"]


def test_a_clip_that_can_no_longer_be_written(
    workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where that shows later, it exits with 2 and one line; the finished clips stay."""
    write_three_prompts(workdir / "prompts.json", f"makes {workdir / 'clips' / 'clip_000.mp4'}")
    assert run(["generate", "prompts.json", "--backend", "toy", "--min-clips", "1"]) == 2
    errors = capsys.readouterr().err
    assert errors.splitlines()[-1].startswith("vgen: cannot write clips/clip_000.mp4: ")
    assert record(workdir / "clips")["successful_clips"] == 2
    assert probe(workdir / "clips" / "clip_002.mp4").frames == 7


def test_another_ledger(workdir: Path) -> None:
    """`--ledger` puts the ledger elsewhere; the output directory gets none."""
    write_three_prompts(workdir / "prompts.json")
    arguments = ["generate", "prompts.json", "--backend", "toy", "--ledger", "sqlite:books.db"]
    assert run(arguments) == 0
    assert (workdir / "books.db").is_file()
    assert not (workdir / "clips" / "vgen.db").exists()

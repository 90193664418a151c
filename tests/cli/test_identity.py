"""Which job a command continues."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest

from vgen.cli.app import run

from .helpers import lines, prompt, record, three, write_prompts

ONE, OTHER = UUID(int=1), UUID(int=2)


def make(*options: str) -> int:
    """Run the job of `prompts.json` on the toy backend."""
    return run(["generate", "prompts.json", "--backend", "toy", *options])


def test_the_file_names_the_job(place: Path) -> None:
    """A `job_id` in the file is the job's, and `--job-id` may say the same."""
    write_prompts(place / "prompts.json", *map(prompt, range(3)), job_id=str(ONE))
    assert make("--job-id", str(ONE)) == 0
    assert record(place / "clips")["job_id"] == str(ONE)


def test_two_names_are_one_too_many(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file and an option that name two jobs are refused, both named."""
    write_prompts(place / "prompts.json", *map(prompt, range(3)), job_id=str(ONE))
    assert make("--job-id", str(OTHER)) == 2
    assert lines(capsys.readouterr().err) == [
        f"job_id: the file says {ONE}, but --job-id says {OTHER}"
    ]
    assert not (place / "clips").exists()


@pytest.mark.parametrize("lost", ["clips.json", "vgen.db"])
def test_the_directory_names_the_job(lost: str, place: Path) -> None:
    """Where no id is given, the directory's job goes on, by its record or its ledger."""
    three(place / "prompts.json")
    assert make("--job-id", str(ONE)) == 0
    (place / "clips" / lost).unlink()
    assert make() == 0
    assert record(place / "clips")["job_id"] == str(ONE)
    assert record(place / "clips")["successful_clips"] == 3


def test_a_directory_holds_one_job(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Another job is refused before it overwrites clips, with the way out."""
    three(place / "prompts.json")
    assert make("--job-id", str(ONE)) == 0
    capsys.readouterr()
    assert make("--job-id", str(OTHER)) == 2
    (found,) = lines(capsys.readouterr().err)
    assert found.startswith(f"clips: holds the clips of job {ONE}")
    assert found.endswith("choose another --out")
    assert record(place / "clips")["job_id"] == str(ONE)
    assert make("--job-id", str(OTHER), "--out", "others") == 0


@pytest.mark.parametrize("content", ["not ours", "{}", '{"job_id": 7}'])
def test_a_strange_record_is_left_alone(
    content: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A `clips.json` that is no record of clips is named and not overwritten."""
    three(place / "prompts.json")
    strange = place / "clips" / "clips.json"
    strange.parent.mkdir()
    strange.write_text(content)
    assert make() == 2
    assert capsys.readouterr().err.startswith("vgen: clips/clips.json: is no record of clips")
    assert strange.read_text() == content


def test_a_record_that_cannot_be_read(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A `clips.json` that cannot be read is named with the reason."""
    three(place / "prompts.json")
    (place / "clips" / "clips.json").mkdir(parents=True)
    assert make() == 2
    assert lines(capsys.readouterr().err) == ["clips/clips.json: Is a directory"]

"""Which job a command continues."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest

from vgen.cli.app import run

from .helpers import lines, prompt, record, write_prompts, write_three_prompts

ONE, OTHER = UUID(int=1), UUID(int=2)


def make(*options: str) -> int:
    """Run the job of `prompts.json` on the toy backend."""
    return run(["generate", "prompts.json", "--backend", "toy", *options])


def test_the_file_names_the_job(workdir: Path) -> None:
    """A `job_id` in the file is the job's, and `--job-id` may repeat it."""
    write_prompts(workdir / "prompts.json", *map(prompt, range(3)), job_id=str(ONE))
    assert make("--job-id", str(ONE)) == 0
    assert record(workdir / "clips")["job_id"] == str(ONE)


def test_contradicting_job_ids(workdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file and a `--job-id` that name different jobs are refused; the line has both ids."""
    write_prompts(workdir / "prompts.json", *map(prompt, range(3)), job_id=str(ONE))
    assert make("--job-id", str(OTHER)) == 2
    assert lines(capsys.readouterr().err) == [
        f"job_id: the file says {ONE}, but --job-id says {OTHER}"
    ]
    assert not (workdir / "clips").exists()


@pytest.mark.parametrize("lost", ["clips.json", "vgen.db"])
def test_the_directory_names_the_job(lost: str, workdir: Path) -> None:
    """Without an id, the directory's job is continued, by its `clips.json` or its ledger."""
    write_three_prompts(workdir / "prompts.json")
    assert make("--job-id", str(ONE)) == 0
    (workdir / "clips" / lost).unlink()
    assert make() == 0
    assert record(workdir / "clips")["job_id"] == str(ONE)
    assert record(workdir / "clips")["successful_clips"] == 3


def test_a_directory_holds_one_job(workdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Another job is refused before it overwrites clips; the line suggests another --out."""
    write_three_prompts(workdir / "prompts.json")
    assert make("--job-id", str(ONE)) == 0
    capsys.readouterr()
    assert make("--job-id", str(OTHER)) == 2
    (found,) = lines(capsys.readouterr().err)
    assert found.startswith(f"clips: holds the clips of job {ONE}")
    assert found.endswith("choose another --out")
    assert record(workdir / "clips")["job_id"] == str(ONE)
    assert make("--job-id", str(OTHER), "--out", "others") == 0


def test_other_prompts_do_not_replace_a_job(
    workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file without a job id none of whose prompts the directory's job has is refused.

    The line names both ways on: another --out, or this job's id.
    """
    write_three_prompts(workdir / "prompts.json", "one", "two", "three")
    assert make("--job-id", str(ONE)) == 0
    before = [path.read_bytes() for path in sorted((workdir / "clips").glob("*.mp4"))]
    write_three_prompts(workdir / "prompts.json", "four", "five", "six")
    capsys.readouterr()
    assert make() == 2
    (line,) = lines(capsys.readouterr().err)
    assert line.startswith(f"clips: holds the clips of job {ONE}, and none of these prompts is one")
    assert line.endswith(f": choose another --out, or replace its clips with --job-id {ONE}")
    assert [path.read_bytes() for path in sorted((workdir / "clips").glob("*.mp4"))] == before
    assert make("--out", "others") == 0
    write_three_prompts(workdir / "prompts.json", "four", "two", "six")
    assert make() == 0
    assert record(workdir / "clips")["job_id"] == str(ONE)
    write_three_prompts(workdir / "prompts.json", "seven", "eight", "nine")
    assert make("--job-id", str(ONE)) == 0


@pytest.mark.parametrize("content", ["not ours", "{}", '{"job_id": 7}'])
def test_a_foreign_clips_json_is_left_alone(
    content: str, workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A `clips.json` that vgen did not write is reported and not overwritten."""
    write_three_prompts(workdir / "prompts.json")
    strange = workdir / "clips" / "clips.json"
    strange.parent.mkdir()
    strange.write_text(content)
    assert make() == 2
    assert capsys.readouterr().err.startswith("vgen: clips/clips.json: was not written by vgen")
    assert strange.read_text() == content


def test_an_unreadable_clips_json(workdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A `clips.json` that cannot be read is reported with the reason."""
    write_three_prompts(workdir / "prompts.json")
    (workdir / "clips" / "clips.json").mkdir(parents=True)
    assert make() == 2
    assert lines(capsys.readouterr().err) == ["clips/clips.json: Is a directory"]

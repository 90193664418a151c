"""Ctrl-C and SIGTERM in the middle of a job."""

from __future__ import annotations

import signal
import subprocess

import pytest

from .helpers import Program, record, write_three_prompts


def wait_for(process: subprocess.Popen[str], words: str) -> str:
    """Read standard error up to a line that contains these words."""
    assert process.stderr is not None
    read = ""
    for line in process.stderr:
        read += line
        if words in line:
            return read
    raise AssertionError(read)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_keeps_what_is_finished(number: signal.Signals, program: Program) -> None:
    """A signal exits with 130 and leaves only the finished clips, `clips.json` and the ledger."""
    write_three_prompts(program.folder / "prompts.json", "bars", "endless", "endless")
    process = program.start("generate", "prompts.json", "--backend", "toy")
    wait_for(process, "clip 0: stored")
    process.send_signal(number)
    _, errors = process.communicate()
    assert process.returncode == 130
    assert errors.splitlines()[-1] == (
        "vgen: interrupted: 1 of 3 clips are in clips; "
        "run the same command again to make the 2 missing"
    )
    out = program.folder / "clips"
    left = sorted(path.name for path in out.iterdir())
    assert left == ["clip_000.mp4", "clips.json", "takes", "vgen.db"]
    assert not list(program.temporary.iterdir())
    assert record(out)["successful_clips"] == 1
    again = program.run("generate", "prompts.json", "--backend", "toy", extra={"TOY_PATIENCE": "1"})
    assert again.returncode == 0
    assert "clip 0: kept" in again.stderr
    assert again.stderr.count("stored") == 2


def test_a_second_signal_ends_it_at_once(program: Program) -> None:
    """A second signal exits at once, even if the job does not stop."""
    write_three_prompts(program.folder / "prompts.json", "stubborn", "stubborn", "stubborn")
    process = program.start("generate", "prompts.json", "--backend", "toy")
    wait_for(process, "clip 0: rendering")
    process.send_signal(signal.SIGINT)
    wait_for(process, "stopping; press Ctrl-C again to exit at once")
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate()
    assert (process.returncode, errors) == (130, "vgen: interrupted\n")

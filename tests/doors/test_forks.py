"""A blocking runner in processes that are forked while it is open."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from uuid import UUID, uuid4

import pytest

import vgen.blocking
from vgen.blocking import Runner

from .parts import PLENTY, PROMPTS, Parts


def test_a_forked_process_cannot_use_the_runner() -> None:
    """Using it there raises `RuntimeError`, instead of waiting for a thread that is not there."""
    with vgen.blocking.open_runner(**Parts().arguments()) as runner:
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.write(writing, _refusal(runner).encode())
            os._exit(0)
        os.close(writing)
        with os.fdopen(reading) as answer:
            assert answer.read() == (
                "the runner was opened in another process, from which this one was forked: "
                "open one here"
            )
        os.waitpid(child, 0)
        assert runner.process(uuid4(), PROMPTS, budget=PLENTY).successful_clips == 3


@pytest.mark.parametrize("left_by", [None, SystemExit])
def test_a_forked_process_can_end(left_by: type[BaseException] | None) -> None:
    """It leaves the runner's block without changing anything for its parent."""
    parts, parent, child = Parts(), os.getpid(), 0
    try:
        with vgen.blocking.open_runner(**parts.arguments()) as runner:
            child = os.fork()
            if child == 0:
                signal.alarm(20)  # ends it in any case
                if left_by is not None:
                    raise left_by
            else:
                _, status = os.waitpid(child, 0)
                assert os.waitstatus_to_exitcode(status) == (8 if left_by else 7)
                assert runner.process(uuid4(), PROMPTS, budget=PLENTY).successful_clips == 3
        if os.getpid() != parent:
            os._exit(7)
    finally:
        if os.getpid() != parent:
            os._exit(8 if isinstance(sys.exception(), SystemExit) else 9)
    assert parts.fake.closed


FORKING = """
import os, sys, uuid
import vgen, vgen.blocking
from vgen_animatic import Animatic

parts = {"storage": vgen.DirectoryStorage("clips"), "ledger": vgen.SQLiteLedger("vgen.db")}
prompts = [vgen.ClipPrompt(number, "the sea", 0.2) for number in range(3)]
with vgen.blocking.open_runner(backends=[Animatic()], **parts) as runner:
    if os.fork() == 0:
        sys.exit()
    os.wait()
    print(runner.process(uuid.uuid4(), prompts).successful_clips)
"""


def test_a_forked_process_removes_no_files(tmp_path: Path) -> None:
    """Its parent's temporary folders remain after its `sys.exit` with all exit handlers."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", FORKING],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("3\n", "")


def _refusal(runner: Runner) -> str:
    try:
        runner.process(UUID(int=1), PROMPTS)
    except RuntimeError as error:
        return str(error)
    return "nothing"

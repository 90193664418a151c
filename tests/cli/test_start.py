"""Start-up: version, help, and signals before a command has begun."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from vgen.cli.app import run

from .helpers import Program, write_three_prompts

STOP = "import os, signal\nos.kill(os.getpid(), signal.{})\n"
LOADED = """
import sys
from vgen.cli.app import run
run({!r})
print(*sys.modules)
"""


def test_version(program: Program) -> None:
    """`vgen --version` prints the program's name and the installed version."""
    done = program.run("--version")
    assert (done.returncode, done.stdout) == (0, f"vgen {version('vgen')}\n")


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"]])
def test_help_names_the_commands(
    arguments: list[str], workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Help, and a call without arguments, lists the commands in the order of their use."""
    del workdir
    assert run(arguments) == 0
    text = capsys.readouterr().out
    places = [text.index(f" {name} ") for name in ("generate", "probe", "backends", "ledger")]
    assert places == sorted(places)


def test_help_names_every_option(workdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`vgen generate --help` has a line for each option."""
    del workdir
    assert run(["generate", "--help"]) == 0
    text = capsys.readouterr().out
    for option in ("out", "backend", "budget", "min-clips", "concurrency", "ledger", "job-id"):
        assert f"--{option}" in text


@pytest.mark.parametrize("arguments", [["--help"], ["generate", "--help"], ["generate"]])
def test_help_imports_nothing_slow(arguments: list[str], program: Program) -> None:
    """Help and usage errors import no codecs, arrays, event loop or plug-in."""
    done = subprocess.run(
        [sys.executable, "-c", LOADED.format(arguments)],
        env=program.environment({}),
        check=True,
        capture_output=True,
        text=True,
    )
    loaded = set(done.stdout.splitlines()[-1].split())
    assert "vgen.cli.app" in loaded
    assert not loaded & {"av", "numpy", "PIL", "trio", "httpx", "vgen_animatic", "vgen_toy"}


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
@pytest.mark.parametrize("module", ["cyclopts", "vgen_animatic", "vgen_toy"])
def test_a_signal_during_imports_ends_it(name: str, module: str, program: Program) -> None:
    """A signal during any import ends the program with 130 and one line."""
    early = program.folder / "early"
    early.mkdir()
    (early / f"{module}.py").write_text(STOP.format(name))
    stopping = Program(program.folder, early)
    paths = f"{early}:{program.environment({})['PYTHONPATH']}"
    done = stopping.run("backends", extra={"PYTHONPATH": paths})
    assert (done.returncode, done.stderr, done.stdout) == (130, "vgen: interrupted\n", "")


def test_a_closed_pipe(program: Program) -> None:
    """A closed pipe on standard output gives no traceback and changes no exit code."""
    write_three_prompts(program.folder / "prompts.json")
    for arguments in (
        ["--help"],
        ["generate", "prompts.json", "--backend", "toy"],
        ["generate", "prompts.json", "--backend", "toy", "--json"],
    ):
        process = program.start(*arguments)
        assert process.stdout is not None
        process.stdout.close()
        process.stdout = None
        _, errors = process.communicate()
        assert process.returncode == 0
        assert "Error" not in errors


def test_an_ascii_terminal(program: Program) -> None:
    """Characters that the output encoding lacks are written as escapes."""
    (program.folder / "ü.json").write_text("[]")
    ascii_only = {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    done = program.run("generate", "ü.json", extra=ascii_only)
    assert (done.returncode, done.stderr) == (
        2,
        "vgen: \\xfc.json: must be an object with clip_prompts\n",
    )

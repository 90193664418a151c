"""The command line for the tests: in this process, or as the program that users start."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from attrs import frozen

NOTHING: Mapping[str, str] = {}

ENTRY_POINTS = """[vgen.backends]
toy = vgen_toy:Toy
paid = vgen_toy:Paid
from-images = vgen_toy:FromImages
keyless = vgen_toy:Keyless
billed = vgen_toy:Billed
priceless = vgen_toy:Priceless
no-backend = vgen_toy:Path
broken = vgen_toy_that_is_not_there:Backend
"""


def install_toy(folder: Path) -> None:
    """Install the toy plug-in into `folder`, laid out as pip would."""
    info = folder / "vgen_toy-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: vgen-toy\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(ENTRY_POINTS)
    shutil.copy(Path(__file__).with_name("toy.py"), folder / "vgen_toy.py")


def prompt(index: int, text: str = "bars", **fields: Any) -> dict[str, Any]:
    """One clip prompt of 0.3 s, as JSON has it."""
    return {"clip_index": index, "prompt": text, "duration": 0.3, **fields}


def write_prompts(path: Path, *prompts: object, **fields: Any) -> Path:
    """Write a prompts file."""
    path.write_text(json.dumps({"clip_prompts": prompts, **fields}))
    return path


def write_three_prompts(path: Path, *texts: str) -> Path:
    """Write a prompts file of three clips; `texts` are the first ones' prompts."""
    words = [*texts, "bars", "bars", "bars"][:3]
    return write_prompts(path, *(prompt(index, text) for index, text in enumerate(words)))


def record(out: Path) -> dict[str, Any]:
    """Read `clips.json`."""
    return cast("dict[str, Any]", json.loads((out / "clips.json").read_text()))


@frozen
class Program:
    """The program as a process in `folder`, with its temporary files in a folder of its own."""

    folder: Path
    plugins: Path

    @property
    def temporary(self) -> Path:
        """Where its temporary files go."""
        return self.folder / "temporary"

    def environment(self, extra: Mapping[str, str]) -> dict[str, str]:
        """Return this process's environment, with the plug-in importable and 100 columns."""
        self.temporary.mkdir(exist_ok=True)
        paths = [str(self.plugins), os.environ.get("PYTHONPATH", "")]
        return {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(filter(None, paths)),
            "TMPDIR": str(self.temporary),
            "COLUMNS": "100",
            **extra,
        }

    def start(
        self, *arguments: str, errors: int = subprocess.PIPE, extra: Mapping[str, str] = NOTHING
    ) -> subprocess.Popen[str]:
        """Start it; `errors` is its standard error, `extra` are environment variables."""
        return subprocess.Popen(
            [sys.executable, "-m", "vgen", *arguments],
            cwd=self.folder,
            env=self.environment(extra),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )

    def run(
        self, *arguments: str, stdin: str = "", extra: Mapping[str, str] = NOTHING
    ) -> subprocess.CompletedProcess[str]:
        """Run it to its end; `stdin` is its standard input."""
        process = self.start(*arguments, extra=extra)
        with process:
            output, errors = process.communicate(stdin)
        return subprocess.CompletedProcess(process.args, process.returncode, output, errors)


def lines(text: str) -> Sequence[str]:
    """The lines of standard error, without the `vgen: ` prefix."""
    return [line.removeprefix("vgen: ") for line in text.splitlines()]

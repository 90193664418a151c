"""The plug-ins of the page on writing a backend are installed as a newcomer would, and work."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from .files import files_of, write_files
from .test_examples import blocks

PAGE = "docs/writing-a-backend.md"
PROMISES = 30
"""The least number of tests that a contract has."""

COUNTED = re.compile(r"(\d+) passed(?:, \d+ skipped)? in ")
FOREIGN = ("PIP_", "PYTEST", "REMOTE")
"""Variables that have no business in a newcomer's environment."""


class Newcomer:
    """A virtual environment in which nothing is installed, but what the tests run with is seen.

    Nothing is imported because it lies in the working directory: only what is installed.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        venv.create(folder / "venv", symlinks=True)
        self._python = folder / "venv/bin/python"
        (packages,) = (folder / "venv/lib").glob("python*/site-packages")
        ours = sysconfig.get_path("purelib")
        (packages / "tests.pth").write_text(f"import site; site.addsitedir({ours!r})\n", "utf-8")
        kept = {name: text for name, text in os.environ.items() if not name.startswith(FOREIGN)}
        self._environment = kept | {"PYTHONSAFEPATH": "1"}

    def python(self, *arguments: str, **variables: str) -> str:
        """Run Python there, and give what it says; a failure fails the test."""
        return self._run([str(self._python), *arguments], variables)

    def install(self, name: str) -> None:
        """Build a distribution and install it, with what is there and nothing from afar."""
        offline = ["--no-index", "--no-build-isolation", "--check-build-dependencies"]
        installer = [sys.executable, "-m", "pip", "--python", str(self._python)]
        self._run([*installer, "install", "--quiet", *offline, name], {})

    def _run(self, command: list[str], variables: dict[str, str]) -> str:
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self._environment | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout


@pytest.mark.parametrize(
    ("name", "offer"),
    [
        ("slides", r"slides +text, image +0\.2 to 60 +1920x1080 +procedure +free"),
        ("remote", r"remote +text +2, 4, 8 +1024x576 +model +\$0\.02 \+ \$0\.05/s"),
    ],
)
def test_the_plug_in_works_where_it_is_installed(name: str, offer: str, tmp_path: Path) -> None:
    """From the page's files alone it is built, installed, listed by vgen, and keeps its contract.

    Its package is the installed one, complete with the mark that it has types.
    """
    newcomer = Newcomer(tmp_path)
    write_files(PAGE, tmp_path)
    newcomer.install(f"./vgen-{name}")
    where = newcomer.python("-c", f"import vgen_{name}; print(vgen_{name}.__file__)")
    assert Path(where.strip()).is_relative_to(tmp_path / "venv")
    assert Path(where.strip()).with_name("py.typed").is_file()
    wide = {"COLUMNS": "200", "REMOTE_API_TOKEN": "a token"}
    listed = newcomer.python("-m", "vgen", "backends", **wide)
    assert re.search(offer, listed), listed
    # Its own settings: the folder may lie in a repository that has others.
    own = ("-c", f"vgen-{name}/pyproject.toml", "--rootdir", f"vgen-{name}")
    options = ("-W", "error", "-p", "no:cacheprovider", *own)
    told = newcomer.python("-m", "pytest", *options, f"vgen-{name}")
    passed = COUNTED.search(told)
    assert passed is not None, told
    assert int(passed[1]) >= PROMISES


def test_a_backend_without_its_token_is_listed_with_the_reason(tmp_path: Path) -> None:
    """What the page's second backend misses is said in a line."""
    newcomer = Newcomer(tmp_path)
    write_files(PAGE, tmp_path)
    newcomer.install("./vgen-remote")
    listed = newcomer.python("-m", "vgen", "backends", COLUMNS="200")
    assert "remote cannot be used: REMOTE_API_TOKEN: is not set" in listed


def test_no_block_is_without_its_path() -> None:
    """Each block of code on the page is a file of one of the plug-ins."""
    files = files_of(PAGE)
    assert {name.partition("/")[0] for name in files} == {"vgen-slides", "vgen-remote"}
    shown = [code for kind in ("toml", "markdown", "python") for code in blocks(PAGE, kind)]
    assert sorted(shown) == sorted(code for code in files.values() if code)

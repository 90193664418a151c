"""Fixtures of the command line's tests."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from .helpers import Program, install_toy


@pytest.fixture(scope="session")
def plugins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the toy plug-in, for the import path."""
    folder = tmp_path_factory.mktemp("plugins")
    install_toy(folder)
    return folder


@pytest.fixture
def workdir(tmp_path: Path, plugins: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory, with the toy plug-in importable in this process."""
    monkeypatch.setattr("sys.path", [str(plugins), *sys.path])
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    return tmp_path


@pytest.fixture
def program(tmp_path: Path, plugins: Path) -> Program:
    """The program, run as a process in an empty directory."""
    return Program(tmp_path, plugins)

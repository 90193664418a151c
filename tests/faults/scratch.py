"""A copy of the repository in which code is broken on purpose, and the tests that run on it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import SimpleQueue
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

ROOT = Path(__file__).parents[2]
REPLICATE = "backends/vgen-replicate"
LEFT_BEHIND = shutil.ignore_patterns(".*", "__pycache__", "build", "dist")


class Copies:
    """Copies of the repository, on each of which one thing is done at a time."""

    def __init__(self, folder: str, count: int) -> None:
        self._count = count
        self._free: SimpleQueue[Path] = SimpleQueue()
        for number in range(count):
            scratch = Path(folder, str(number))
            shutil.copytree(ROOT, scratch, ignore=LEFT_BEHIND)
            self._free.put(scratch)

    def map(self, work: Callable[[Path, T], R], things: Iterable[T]) -> Iterator[R]:
        """Do the work on a copy for each thing; the results come in the order of the things."""

        def do(thing: T) -> R:
            scratch = self._free.get()
            try:
                return work(scratch, thing)
            finally:
                self._free.put(scratch)

        with ThreadPoolExecutor(self._count) as pool:
            yield from pool.map(do, things)


@contextmanager
def broken(scratch: Path, path: str, source: bytes) -> Generator[None]:
    """Give a module another source within the block."""
    module = scratch / path
    sound, before = module.read_bytes(), module.stat()
    module.write_bytes(source)
    try:
        yield
    finally:
        module.write_bytes(sound)
        # By this and the size Python tells bytecode that is out of date.
        os.utime(module, ns=(before.st_atime_ns, before.st_mtime_ns))


def run_tests(
    scratch: Path, what: Sequence[str], *, jobs: int, limit: float | None = None
) -> tuple[int | None, str]:
    """Run tests until the first that fails, with so many random jobs.

    Gives pytest's exit code and its output; `None` where it took longer than `limit` seconds.
    """
    options = ("-x", "-q", "--tb=short", "-p", "no:cacheprovider")
    paths = (scratch, scratch / REPLICATE)
    with Path(scratch, ".said").open("w+b") as output:
        tests = subprocess.Popen(
            [sys.executable, "-m", "pytest", *options, *what],
            cwd=scratch,
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join(map(str, paths)),
                "VGEN_RANDOM_JOBS": str(jobs),
            },
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        code: int | None = None
        with suppress(subprocess.TimeoutExpired):
            code = tests.wait(limit)
        with suppress(ProcessLookupError):
            os.killpg(tests.pid, signal.SIGKILL)  # what has not ended, and what it has started
        tests.wait()
        output.seek(0)
        return code, output.read().decode()

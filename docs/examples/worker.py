"""A worker that makes clips: a plain program, without an event loop of its own.

    ls prompts/*.json | python docs/examples/worker.py --folder work --budget 2.50

makes the jobs of the prompts files that it is given, one path a line, each within the budget, and
prints a line of JSON for each. It needs vgen, vgen-animatic and vgen-replicate.

    {"file": "prompts/trailer.json", "clips": {"job_id": "…", "clips": […], "total_cost": …}}
    {"file": "prompts/teaser.json", "error": "InvalidPromptsError", "detail": ["clip_prompts[0].…"]}

A file without a `job_id` gets one from its path, so that the same line again makes only what is
missing or was edited. Images with relative paths are read from below the working directory. With
`REPLICATE_API_TOKEN` clips come from Replicate (at `REPLICATE_BASE_URL`, if that is set), else they
are previews. Any number of workers may share a folder.

It exits with 0 where all went well and with 1 where a job failed. Ctrl-C and SIGTERM end it with
130 and 143, once the job at hand has been cancelled at the provider; a second one ends it at once.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from decimal import Decimal
from pathlib import Path
from types import FrameType
from uuid import NAMESPACE_URL, uuid5

import vgen
import vgen.blocking
from vgen.abc import VideoBackend
from vgen.errors import InvalidPromptsError, VgenError
from vgen_animatic import Animatic
from vgen_replicate import CogVideoX, StableVideoDiffusion


class Interrupted(KeyboardInterrupt):
    """A signal, whose number this has, has told the program to end."""


def interrupt(number: int, _frame: FrameType | None) -> None:
    """Let a signal out of whatever the program waits for."""
    raise Interrupted(number)


def backends() -> list[VideoBackend]:
    """Replicate's models where there is an account, else previews that cost nothing."""
    if os.environ.get("REPLICATE_API_TOKEN"):
        return [StableVideoDiffusion(), CogVideoX()]
    return [Animatic()]


def work(runner: vgen.blocking.Runner, path: Path, budget: Decimal) -> dict[str, object]:
    """Make one file's clips, and say what came of it."""
    try:
        prompts = vgen.read_prompts(path.read_bytes(), source="file").prompts()
        job_id = prompts.job_id or uuid5(NAMESPACE_URL, path.resolve().as_uri())
        return {"clips": runner.process(job_id, prompts, budget=budget)}
    except InvalidPromptsError as error:
        return {"error": type(error).__name__, "detail": error.problems}
    except (VgenError, OSError) as error:
        return {"error": type(error).__name__, "detail": [str(error)]}
    except Interrupted:
        say(path, {"error": "Interrupted", "detail": ["the same line again finishes the job"]})
        raise


def say(path: Path, outcome: dict[str, object]) -> None:
    """Print one file's line."""
    print(vgen.to_json({"file": str(path), **outcome}), flush=True)


def serve(folder: Path, budget: Decimal) -> int:
    """Work for as long as there are lines; give the exit code."""
    folder.mkdir(parents=True, exist_ok=True)
    code = 0
    with vgen.blocking.open_runner(
        backends=backends(),
        storage=vgen.DirectoryStorage(folder / "clips", images=["."]),
        ledger=vgen.SQLiteLedger(folder / "vgen.db"),
        spool=folder / "spool",
    ) as runner:
        runner.reconcile()  # what a worker that died has left open
        for line in sys.stdin:
            path = Path(line.strip())
            outcome = work(runner, path, budget)
            say(path, outcome)
            code = code or int("error" in outcome)
    return code


def dollars(text: str) -> Decimal:
    """Read an amount."""
    try:
        return Decimal(text)
    except ArithmeticError:
        raise argparse.ArgumentTypeError(f"must be an amount, got {text!r}") from None


def main() -> int:
    """Work, and end in good order when told to."""
    parser = argparse.ArgumentParser(description="Make the clips of the prompts files on stdin.")
    parser.add_argument("--folder", type=Path, default=Path("vgen-worker"), help="clips and ledger")
    parser.add_argument("--budget", type=dollars, default=Decimal(0), help="dollars for each job")
    wish = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupt)
    try:
        return serve(wish.folder, wish.budget)
    except Interrupted as end:
        return 128 + int(end.args[0])


if __name__ == "__main__":
    sys.exit(main())

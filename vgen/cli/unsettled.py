"""`vgen ledger unsettled`, `reconcile`, `resolve` and `vgen cancel`: unsettled attempts."""

from __future__ import annotations

import os
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing, suppress
from functools import partial
from pathlib import Path
from uuid import UUID

import trio
from rich.text import Text

from vgen import Runner, Settings, open_runner
from vgen.cli import plugins
from vgen.cli.console import print_message, stderr_console, stdout_console
from vgen.cli.exit_codes import ExitCode
from vgen.cli.ledger_option import existing_ledger, id_by_prefix, job_by_prefix
from vgen.cli.storage_option import SPOOL, ClipStorage
from vgen.cli.tables import Table
from vgen.cli.text import dollars, safe_text, short_id
from vgen.decisions.resolution import Word
from vgen.drive.clip.claims import Claims
from vgen.drive.clip.processes import this_process
from vgen.drive.limits.stop_notices import StopNotices
from vgen.drive.runner.reconcile import Reconciled
from vgen.drive.runner.resolve import resolve as resolve_attempt
from vgen.errors import ConfigurationError
from vgen.ports.ledger import CostLedger
from vgen.records.attempt import Attempt
from vgen.records.books import MAX_PAGE, JobQuery

Work = Callable[[Runner, UUID | None], Awaitable[Sequence[Reconciled]]]


def unsettled(url: str | None, out: Path) -> ExitCode:
    """List the attempts that were, or may have been, sent and are not settled."""
    found = trio.run(_unsettled, existing_ledger(url, out))
    _show([Reconciled(attempt, attempt.reason) for attempt in found])
    return ExitCode.DONE


def reconcile(url: str | None, storage: str | None, out: Path, job: str | None) -> ExitCode:
    """Ask the providers about unsettled attempts, of one job or of all, and settle them."""
    return trio.run(_work, url, storage, out, job, _reconcile)


def cancel(url: str | None, storage: str | None, out: Path, job: str) -> ExitCode:
    """Stop a job, in whichever process it runs, and cancel its unsettled attempts."""
    return trio.run(_work, url, storage, out, job, _cancel)


def resolve(
    url: str | None, out: Path, start: str, *, paid: bool, unpaid: bool, lost: bool
) -> ExitCode:
    """Close the attempt whose id starts with `start` on the user's word.

    Raises:
        ConfigurationError: not one of the words is given, or the attempt is closed.
        NotFoundError: there is no such attempt.
        LedgerError: another process is working on its clip.
    """
    said: dict[Word, bool] = {"paid": paid, "unpaid": unpaid, "lost": lost}
    words: list[Word] = [word for word, given in said.items() if given]
    if len(words) != 1:
        raise ConfigurationError("resolve: give one of --paid, --unpaid and --lost")
    attempt = trio.run(partial(_resolve, existing_ledger(url, out), start, words[0]))
    _show([Reconciled(attempt, attempt.reason)])
    return ExitCode.DONE


async def _unsettled(ledger: CostLedger) -> tuple[Attempt, ...]:
    async with aclosing(ledger):
        return await ledger.unsettled()


async def _resolve(ledger: CostLedger, start: str, word: Word) -> Attempt:
    async with aclosing(ledger):
        claims = Claims(ledger, this_process(), StopNotices(), Settings().grace, time.time)
        return await resolve_attempt(claims, await _attempt_id(ledger, start), word)


async def _attempt_id(ledger: CostLedger, start: str) -> UUID:
    """Return the id of the one attempt whose id is `start`, or starts with it."""
    with suppress(ValueError):
        return UUID(start)
    listed = await ledger.jobs(JobQuery(limit=MAX_PAGE))
    jobs = [await ledger.job(each.job_id) for each in listed]
    known = [attempt.attempt_id for job in jobs if job is not None for attempt in job.attempts]
    return id_by_prefix(known, start, "attempt")


async def _reconcile(runner: Runner, job_id: UUID | None) -> Sequence[Reconciled]:
    return await runner.reconcile(job_id)


async def _cancel(runner: Runner, job_id: UUID | None) -> Sequence[Reconciled]:
    if job_id is None:
        raise ConfigurationError("JOB: is missing")
    job = await runner.job(job_id)
    if job is not None and job.outcome and not any(each.is_open for each in job.attempts):
        print_message(f"the job has ended: {job.outcome}; there is nothing to cancel")
        return ()
    print_message("stopping the job; a process that runs it notices within 20 s", stderr_console())
    return await runner.cancel(job_id)


async def _work(
    url: str | None, storage: str | None, out: Path, job: str | None, work: Work
) -> ExitCode:
    """Call `work` with a runner that has the installed backends with unsettled attempts."""
    ledger = existing_ledger(url, out)
    job_id = await job_by_prefix(ledger, job) if job else None
    names = {attempt.backend for attempt in await ledger.unsettled(job_id)}
    backends, problems = plugins.make_route(sorted(names) or ["animatic"])
    for problem in problems:
        print_message(problem, stderr_console())
    clips = ClipStorage(storage, out)
    settings = Settings.from_environment(os.environ)
    if not backends:
        raise ConfigurationError("none of the backends with unsettled attempts is installed")
    async with open_runner(
        backends=backends,
        storage=clips,
        ledger=ledger,
        settings=settings,
        clip_key=clips.key,
        spool=out / SPOOL,
    ) as runner:
        found = await work(runner, job_id)
    _show(found)
    return ExitCode.TOO_FEW_CLIPS if any(each.attempt.is_open for each in found) else ExitCode.DONE


def _show(found: Sequence[Reconciled]) -> None:
    if not found:
        stdout_console().print(Text("nothing is unsettled"))
        return
    columns = ("Attempt", "Job", "Clip", "Backend", "Money", "Clip is", "Hold", "Note")
    table = Table(*columns, right=("Clip", "Hold"))
    for each in found:
        attempt = each.attempt
        table.add_row(
            Text(short_id(attempt.attempt_id), "bold"),
            short_id(attempt.job_id),
            str(attempt.clip_index),
            attempt.backend,
            Text(attempt.money, "yellow" if attempt.is_open else ""),
            Text(attempt.custody, "green" if attempt.clip is not None else ""),
            dollars(attempt.hold),
            safe_text(each.note, "dim"),
        )
    stdout_console().print(table)

"""`vgen ledger unsettled`, `reconcile`, `resolve` and `vgen cancel`: attempts that are open."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from pathlib import Path
from uuid import UUID

import trio
from rich.text import Text

from vgen import Runner, Settings, open_runner
from vgen.cli import plugins
from vgen.cli.exits import Exit
from vgen.cli.ledgers import named_job, standing_ledger
from vgen.cli.screen import complain, on_stderr, on_stdout
from vgen.cli.storages import SPOOL, ClipStorage
from vgen.cli.tables import table
from vgen.cli.text import dollars, shown
from vgen.drive.clip.processes import this_process
from vgen.drive.runner.reconcile import Reconciled
from vgen.drive.runner.resolve import resolve as resolve_attempt
from vgen.errors import ConfigurationError
from vgen.ports.ledger import CostLedger
from vgen.records.attempt import Attempt

Work = Callable[[Runner, UUID | None], Awaitable[Sequence[Reconciled]]]


def unsettled(url: str | None, out: Path) -> Exit:
    """Show the attempts that were sent and can still move."""
    found = trio.run(_unsettled, standing_ledger(url, out))
    _show([Reconciled(attempt, attempt.reason) for attempt in found])
    return Exit.DONE


def reconcile(url: str | None, storage: str | None, out: Path, job: str | None) -> Exit:
    """Ask the providers after what was left open, of one job or of all."""
    return trio.run(_work, url, storage, out, job, _reconcile)


def cancel(url: str | None, storage: str | None, out: Path, job: str) -> Exit:
    """Stop a job wherever it runs."""
    complain("stopping the job; a process that runs it may take 20 s to hear of it", on_stderr())
    return trio.run(_work, url, storage, out, job, _cancel)


def resolve(url: str | None, out: Path, attempt_id: UUID, *, paid: bool) -> Exit:
    """Write down what a person has found out."""
    attempt = trio.run(_resolve, standing_ledger(url, out), attempt_id, paid)
    _show([Reconciled(attempt, attempt.reason)])
    return Exit.DONE


async def _unsettled(ledger: CostLedger) -> tuple[Attempt, ...]:
    async with aclosing(ledger):
        return await ledger.unsettled()


async def _resolve(ledger: CostLedger, attempt_id: UUID, paid: bool) -> Attempt:  # noqa: FBT001 (trio.run takes no keywords)
    async with aclosing(ledger):
        return await resolve_attempt(ledger, attempt_id, paid=paid, owner=this_process())


async def _reconcile(runner: Runner, job_id: UUID | None) -> Sequence[Reconciled]:
    return await runner.reconcile(job_id)


async def _cancel(runner: Runner, job_id: UUID | None) -> Sequence[Reconciled]:
    if job_id is None:
        raise ConfigurationError("JOB: name one")
    return await runner.cancel(job_id)


async def _work(
    url: str | None, storage: str | None, out: Path, job: str | None, work: Work
) -> Exit:
    """Do the work with the backends that have something open, as far as they are installed."""
    ledger = standing_ledger(url, out)
    job_id = named_job(await ledger.jobs(), job) if job else None
    open_now = await ledger.unsettled()
    wanted = {attempt.backend for attempt in open_now if job_id in {None, attempt.job_id}}
    backends, problems = plugins.route(sorted(wanted) or ["animatic"])
    for problem in problems:
        complain(problem, on_stderr())
    clips = ClipStorage(storage, out)
    settings = Settings.from_environment(os.environ)
    if not backends:
        raise ConfigurationError("none of the backends that have something open is installed")
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
    return Exit.TOO_FEW_CLIPS if any(each.attempt.is_open for each in found) else Exit.DONE


def _show(found: Sequence[Reconciled]) -> None:
    if not found:
        on_stdout().print(Text("nothing is open"))
        return
    columns = ("Attempt", "Job", "Clip", "Backend", "Money", "Clip is", "Hold", "Note")
    rows = table(*columns, right=("Attempt", "Clip", "Hold"))
    for each in found:
        attempt = each.attempt
        rows.add_row(
            Text(str(attempt.attempt_id), "bold"),
            Text(str(attempt.job_id)[:8]),
            Text(str(attempt.clip_index)),
            shown(attempt.backend),
            Text(attempt.money, "yellow" if attempt.is_open else ""),
            Text(attempt.custody, "green" if attempt.clip is not None else ""),
            Text(dollars(attempt.hold)),
            shown(each.note),
        )
    on_stdout().print(rows)

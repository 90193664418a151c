"""`vgen jobs`: the jobs of a ledger."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path

import trio
from attrs import evolve
from rich.text import Text

from vgen import JobQuery, JobState, JobSummary, to_json
from vgen.cli.console import print_raw, stdout_console
from vgen.cli.exit_codes import ExitCode
from vgen.cli.ledger_option import existing_ledger, job_by_prefix
from vgen.cli.tables import Table
from vgen.cli.text import dollars, safe_text, short_id
from vgen.ports.ledger import CostLedger

STYLES = {
    JobState.NEVER_SENT: "dim",
    JobState.RUNNING: "cyan",
    JobState.OPEN: "yellow",
    JobState.STOPPED: "yellow",
    JobState.FINISHED: "green",
    JobState.SHORT: "red",
}


def jobs(url: str | None, out: Path, query: JobQuery, after: str, *, json: bool) -> ExitCode:
    """List the jobs that the query asks for, those after the job whose id starts with `after`.

    Raises:
        ConfigurationError: there is no such ledger, or several jobs' ids start so.
        NotFoundError: no job's id starts so.
        LedgerError: the ledger cannot be read.
    """
    found = trio.run(_read, existing_ledger(url, out), query, after)
    if json:
        print_raw(to_json(found, indent=2))
        return ExitCode.DONE
    console = stdout_console()
    is_every = not after and query == JobQuery(limit=query.limit)
    console.print(_table(found) if found else Text("no job yet" if is_every else "no such job"))
    if len(found) == query.limit:
        last = short_id(found[-1].job_id)
        console.print(Text(f"\nolder ones, if there are any: --after {last}", "dim"))
    return ExitCode.DONE


async def _read(ledger: CostLedger, query: JobQuery, after: str) -> tuple[JobSummary, ...]:
    async with aclosing(ledger):
        start = await job_by_prefix(ledger, after) if after else None
        return await ledger.jobs(evolve(query, after=start))


def _table(found: tuple[JobSummary, ...]) -> Table:
    columns = ("Job", "Opened", "State", "Clips", "Spent", "Held", "Backends", "Name and folder")
    table = Table(*columns, right=("Clips", "Spent", "Held"))
    for job in found:
        table.add_row(*_cells(job))
    return table


def _cells(job: JobSummary) -> Iterator[str | Text]:
    account = job.account
    held = account.held + account.in_doubt
    yield Text(short_id(job.job_id), "bold")
    yield f"{job.opened_at.astimezone():%Y-%m-%d %H:%M}"
    yield Text(job.state, STYLES[job.state])
    yield f"{job.made}/{job.clips}"
    yield Text(dollars(account.spent), "red" if account.overrun else "")
    yield Text(dollars(held) if held else "", "yellow")
    yield ", ".join(job.backends)
    between = " in " if job.name and job.folder else ""
    yield safe_text(job.name).append_text(safe_text(f"{between}{job.folder}", "dim"))

"""`vgen ledger`: where the money went, and the tables that it is written down in."""

from __future__ import annotations

from contextlib import aclosing
from pathlib import Path
from uuid import UUID

import trio
from rich.console import Group, RenderableType
from rich.text import Text

from vgen.cli.exits import Exit
from vgen.cli.ledgers import ledger_of, named_job, standing_ledger
from vgen.cli.screen import complain, on_stderr, on_stdout, put
from vgen.cli.tables import table
from vgen.cli.text import dollars, shown
from vgen.errors import ConfigurationError
from vgen.ports.ledger import CostLedger, MigratedLedger
from vgen.records.attempt import Attempt, Money
from vgen.records.job import Job

DOUBTFUL = frozenset({Money.HELD, Money.IN_DOUBT})


def ledger(url: str | None, out: Path, job: str | None) -> Exit:
    """Show the jobs of a ledger, or the attempts of the one whose id begins with `job`.

    Nothing is written, and no ledger is made where there is none.

    Raises:
        ConfigurationError: there is no such ledger or job, or several jobs begin so.
        LedgerError: the ledger cannot be read.
    """
    jobs = trio.run(_read, standing_ledger(url, out), job)
    on_stdout().print(_list(jobs) if job is None else _one(jobs[0]))
    return Exit.DONE


def migrate(url: str, *, apply: bool) -> Exit:
    """Print the migration that makes a ledger's tables, or apply it.

    Raises:
        ConfigurationError: there is no such ledger, or it cannot be migrated from here.
        LedgerError: the migration failed.
    """
    made = ledger_of(url, Path())
    if not isinstance(made, MigratedLedger):
        raise ConfigurationError("--ledger: a SQLite ledger makes its own tables")
    if apply:
        trio.run(_apply, made)
        complain("the ledger's tables are up to date", on_stderr())
    else:
        put(made.migration())
    return Exit.DONE


async def _apply(made: MigratedLedger) -> None:
    async with aclosing(made):
        await made.migrate()


async def _read(book: CostLedger, start: str | None) -> list[Job]:
    async with aclosing(book):
        known = await book.jobs()
        if start is not None:
            known = (named_job(known, start),)
        found = [await book.job(job_id) for job_id in known]
    return [job for job in found if job is not None]


def _list(jobs: list[Job]) -> RenderableType:
    if not jobs:
        return Text("no job yet")
    amounts = ("Limit", "Spent", "Held", "Doubt")
    rows = table("Job", *amounts, "Outcome", right=("Job", *amounts))
    for job in jobs:
        rows.add_row(_id(job.manifest.job_id), *_amounts(job), _outcome(job))
    return rows


def _id(job_id: UUID) -> Text:
    return Text(str(job_id), "bold")


def _amounts(job: Job) -> list[Text]:
    money = job.account
    unsure = ("yellow" if amount else "" for amount in (money.held, money.in_doubt))
    return [
        Text(dollars(money.limit)),
        Text(dollars(money.spent), "red" if money.overrun else ""),
        *(
            Text(dollars(amount), style)
            for amount, style in zip((money.held, money.in_doubt), unsure, strict=True)
        ),
    ]


def _outcome(job: Job) -> Text:
    return shown(job.outcome or "not ended")


def _one(job: Job) -> RenderableType:
    limit, spent, held, in_doubt = _amounts(job)
    head = Text.assemble(
        "job ", _id(job.manifest.job_id), ": ", _outcome(job), "\n",
        "limit ", limit, ", spent ", spent, ", held ", held, ", in doubt ", in_doubt,
    )  # fmt: skip
    columns = ("Clip", "Try", "Backend", "Money", "Clip is", "Hold", "Billed", "Reason")
    rows = table(*columns, right=("Clip", "Try", "Hold", "Billed"))
    for attempt in job.attempts:
        rows.add_row(*_cells(attempt))
    return Group(head, rows) if job.attempts else head


def _cells(attempt: Attempt) -> list[Text]:
    billed = "" if attempt.billed is None else dollars(attempt.billed)
    return [
        Text(str(attempt.clip_index)),
        Text(str(attempt.number)),
        shown(attempt.backend),
        Text(attempt.money, "yellow" if attempt.money in DOUBTFUL else ""),
        Text(attempt.custody, "green" if attempt.clip is not None else ""),
        Text(dollars(attempt.hold)),
        Text(billed, "red" if attempt.overrun else ""),
        shown(attempt.reason),
    ]

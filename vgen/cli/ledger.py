"""`vgen ledger` and `vgen ledger migrate`: what jobs have cost, and a ledger's schema."""

from __future__ import annotations

from contextlib import aclosing
from pathlib import Path

import trio
from rich.console import Group, RenderableType
from rich.text import Text

from vgen.cli.console import print_message, print_raw, stderr_console, stdout_console
from vgen.cli.exit_codes import ExitCode
from vgen.cli.ledger_option import existing_ledger, job_by_prefix, make_ledger
from vgen.cli.tables import Table
from vgen.cli.text import dollars, escaped, safe_text, short_id
from vgen.errors import ConfigurationError, NotFoundError
from vgen.ports.ledger import CostLedger, MigratedLedger
from vgen.records.attempt import Attempt, Money
from vgen.records.job import Job

OPEN_MONEY = frozenset({Money.HELD, Money.IN_DOUBT})


def ledger(url: str | None, out: Path, job: str) -> ExitCode:
    """Show the attempts of the job whose id starts with `job`.

    Nothing is written; a missing ledger is not created.

    Raises:
        ConfigurationError: there is no such ledger, or several jobs' ids start so.
        NotFoundError: no job's id starts so.
        LedgerError: the ledger cannot be read.
    """
    stdout_console().print(_account(trio.run(_read, existing_ledger(url, out), job)))
    return ExitCode.DONE


def migrate(url: str, *, apply: bool) -> ExitCode:
    """Print the SQL that creates a ledger's tables, or run it.

    Raises:
        ConfigurationError: there is no such ledger, or its kind needs no migration.
        LedgerError: the migration failed.
    """
    made = make_ledger(url, Path())
    if not isinstance(made, MigratedLedger):
        raise ConfigurationError("--ledger: a SQLite ledger makes its own tables")
    if apply:
        trio.run(_apply, made)
        print_message("the ledger's tables are up to date", stderr_console())
    else:
        print_raw(made.migration())
    return ExitCode.DONE


async def _apply(made: MigratedLedger) -> None:
    async with aclosing(made):
        await made.migrate()


async def _read(ledger: CostLedger, start: str) -> Job:
    async with aclosing(ledger):
        job_id = await job_by_prefix(ledger, start)
        job = await ledger.job(job_id)
    if job is None:
        raise NotFoundError(f"the ledger has no job {job_id}")
    return job


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


def _account(job: Job) -> RenderableType:
    limit, spent, held, in_doubt = _amounts(job)
    head = Text.assemble(
        "job ", (str(job.manifest.job_id), "bold"), ": ", escaped(job.outcome or "not ended"), "\n",
        "limit ", limit, ", spent ", spent, ", held ", held, ", in doubt ", in_doubt,
    )  # fmt: skip
    columns = ("Clip", "Try", "Attempt", "Backend", "Money", "Clip is", "Hold", "Billed", "Reason")
    table = Table(*columns, right=("Clip", "Try", "Hold", "Billed"))
    for attempt in job.attempts:
        table.add_row(*_cells(attempt))
    return Group(head, "", table) if job.attempts else head


def _cells(attempt: Attempt) -> list[str | Text]:
    billed = "" if attempt.billed is None else dollars(attempt.billed)
    return [
        str(attempt.clip_index),
        str(attempt.number),
        short_id(attempt.attempt_id),
        attempt.backend,
        Text(attempt.money, "yellow" if attempt.money in OPEN_MONEY else ""),
        Text(attempt.custody, "green" if attempt.clip is not None else ""),
        dollars(attempt.hold),
        Text(billed, "red" if attempt.overrun else ""),
        safe_text(attempt.reason, "dim"),
    ]

"""The commands on the books, declared for cyclopts: `vgen jobs`, `vgen ledger` and below it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from cyclopts import App, Parameter
from cyclopts.validators import Number

from vgen.cli.arguments import to_moment
from vgen.cli.console import PipeSafeConsole
from vgen.cli.options import CLIPS, Flag, JobFolder, Ledger, LedgerFolder, Several, Storage
from vgen.records.books import MAX_PAGE, PAGE, JobQuery, JobState, SpendingKey

BY_BACKEND = (SpendingKey.BACKEND,)
EITHER = "a date, or a date and time"

Json = Annotated[Flag, Parameter(help="Print the list as JSON on standard output.")]


def jobs(
    *,
    state: Annotated[
        tuple[JobState, ...],
        Several,
        Parameter(metavar="STATE", help="Only jobs in this state; repeat it for more."),
    ] = (),
    since: Annotated[
        datetime | None,
        Parameter(
            converter=to_moment(),
            metavar="DATE",
            help=f"Only jobs that were opened since then: {EITHER}, local unless it has an offset.",
        ),
    ] = None,
    until: Annotated[
        datetime | None,
        Parameter(
            converter=to_moment(end=True),
            metavar="DATE",
            help="Only jobs that were opened until the end of that date, or before that time.",
        ),
    ] = None,
    limit: Annotated[
        int,
        Parameter(
            metavar="N",
            validator=Number(gte=1, lte=MAX_PAGE),
            help=f"How many jobs to list, at most {MAX_PAGE}.",
        ),
    ] = PAGE,
    after: Annotated[
        str,
        Parameter(
            metavar="JOB",
            show_default=False,
            help="Go on after this job, the last of the page before: its id, or the start of it.",
        ),
    ] = "",
    ledger: Ledger = None,
    out: LedgerFolder = CLIPS,
    json: Json = False,
) -> int:
    """List the jobs of a ledger, those opened last first.

    `vgen ledger JOB` shows one of them, attempt by attempt.
    """
    from vgen.cli import jobs as command  # noqa: PLC0415 (not needed for help)

    query = JobQuery(since=since, until=until, states=state, limit=limit)
    return command.jobs(ledger, out, query, after, json=json)


ledger_app = App(
    name="ledger",
    usage="Usage: vgen ledger COMMAND [OPTIONS] [ARGS]",
    help="Show what was spent, and settle attempts that were left open.",
    help_format="plaintext",
    sort_key=6,
)


@ledger_app.default
def account(
    job: Annotated[
        str | None, Parameter(name="JOB", help="The job's id, or the start of it.")
    ] = None,
    /,
    *,
    ledger: Ledger = None,
    out: LedgerFolder = CLIPS,
) -> int:
    """Show what a job has cost, attempt by attempt; `vgen jobs` lists the jobs.

    Without JOB, show this help.
    """
    if job is None:
        ledger_app.help_print(console=PipeSafeConsole(highlight=False))
        return 0
    from vgen.cli import ledger as command  # noqa: PLC0415 (not needed for help)

    return command.ledger(ledger, out, job)


@ledger_app.command
def spending(
    *,
    since: Annotated[
        datetime | None,
        Parameter(
            converter=to_moment(zone=UTC),
            metavar="DATE",
            help=f"Count bills that were booked since then: {EITHER}, of UTC unless it has an "
            "offset. [default: the first of this month]",
        ),
    ] = None,
    until: Annotated[
        datetime | None,
        Parameter(
            converter=to_moment(end=True, zone=UTC),
            metavar="DATE",
            help="Count bills that were booked until the end of that date, or before that time.",
        ),
    ] = None,
    by: Annotated[
        tuple[SpendingKey, ...],
        Several,
        Parameter(metavar="KEY", help="Sum up by this; repeat it for more. [default: backend]"),
    ] = BY_BACKEND,
    ledger: Ledger = None,
    out: LedgerFolder = CLIPS,
    json: Json = False,
) -> int:
    """Sum up what all jobs have spent, by backend, account, purse or day.

    A bill counts when it was booked, and days are those of UTC. An attempt of several purses
    counts for each of them, and once in the total.
    """
    from vgen.cli import spending as command  # noqa: PLC0415 (not needed for help)

    return command.spending(ledger, out, since, until, by, json=json)


@ledger_app.command
def unsettled(*, ledger: Ledger = None, out: LedgerFolder = CLIPS) -> int:
    """List the attempts that were, or may have been, sent and are not settled.

    Attempts that are in flight now are among them.
    """
    from vgen.cli import unsettled as command  # noqa: PLC0415 (not needed for help)

    return command.unsettled(ledger, out)


@ledger_app.command
def reconcile(
    job: Annotated[
        str | None,
        Parameter(name="JOB", help="The job's id, or the start of it. [default: all jobs]"),
    ] = None,
    /,
    *,
    ledger: Ledger = None,
    storage: Storage = None,
    out: JobFolder = CLIPS,
) -> int:
    """Ask the providers about unsettled attempts: settle, store or release them.

    Exits with 1 if one of them is still unsettled.
    """
    from vgen.cli import unsettled as command  # noqa: PLC0415 (not needed for help)

    return command.reconcile(ledger, storage, out, job)


@ledger_app.command
def resolve(
    attempt: Annotated[
        str,
        Parameter(
            help="The attempt's id, or the start of it: see `vgen ledger JOB` and `unsettled`."
        ),
    ],
    /,
    *,
    paid: Annotated[Flag, Parameter(help="The provider has billed it.")] = False,
    unpaid: Annotated[Flag, Parameter(help="The provider has not billed it.")] = False,
    lost: Annotated[Flag, Parameter(help="Its clip can no longer be had.")] = False,
    ledger: Ledger = None,
    out: LedgerFolder = CLIPS,
) -> int:
    """Close an attempt that is not closed, on your word; its clip can be made again.

    What was billed counts as spent, or all that was held for it if the bill is not
    known; with --unpaid, that money is released. Of an attempt that was written off
    or lost you may still say --unpaid.
    """
    from vgen.cli import unsettled as command  # noqa: PLC0415 (not needed for help)

    return command.resolve(ledger, out, attempt, paid=paid, unpaid=unpaid, lost=lost)


@ledger_app.command
def migrate(
    *,
    ledger: Annotated[
        str,
        Parameter(metavar="URL", help="The database: postgresql://... or another plug-in's URL."),
    ] = "postgresql://",
    apply: Annotated[Flag, Parameter(help="Run it instead of printing it.")] = False,
) -> int:
    """Print the SQL that creates a ledger's tables in a database, or run it.

    Running it again changes nothing.
    """
    from vgen.cli import ledger as command  # noqa: PLC0415 (not needed for help)

    return command.migrate(ledger, apply=apply)

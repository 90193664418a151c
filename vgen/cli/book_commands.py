"""The commands on the books, declared for cyclopts: `vgen ledger` and those below it."""

from __future__ import annotations

from typing import Annotated

from cyclopts import App, Parameter

from vgen.cli.options import CLIPS, Flag, JobFolder, Ledger, LedgerFolder, Storage

ledger = App(
    name="ledger",
    help="Show what jobs have cost, and settle attempts that were left open.",
    help_format="plaintext",
    sort_key=4,
)


@ledger.default
def account(
    job: Annotated[
        str | None, Parameter(name="JOB", help="The job's id, or the start of it.")
    ] = None,
    /,
    *,
    ledger: Ledger = None,
    out: LedgerFolder = CLIPS,
) -> int:
    """Show what jobs have cost: all jobs, or one of them attempt by attempt."""
    from vgen.cli import ledger as command  # noqa: PLC0415 (not needed for help)

    return command.ledger(ledger, out, job)


@ledger.command
def unsettled(*, ledger: Ledger = None, out: LedgerFolder = CLIPS) -> int:
    """List the attempts that were, or may have been, sent and are not settled.

    Attempts that are in flight now are among them.
    """
    from vgen.cli import unsettled as command  # noqa: PLC0415 (not needed for help)

    return command.unsettled(ledger, out)


@ledger.command
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


@ledger.command
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


@ledger.command
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

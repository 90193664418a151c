"""`vgen ledger spending`: what all jobs have spent, summed up."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import trio
from rich.console import Group
from rich.text import Text

from vgen import Spending, SpendingKey, to_json
from vgen.cli.console import print_raw, stdout_console
from vgen.cli.exit_codes import ExitCode
from vgen.cli.ledger_option import existing_ledger
from vgen.cli.tables import Table
from vgen.cli.text import CENT, dollars, safe_text
from vgen.ports.ledger import CostLedger
from vgen.records.money import ZERO

HEADS = {SpendingKey.DAY: "Day (UTC)"}
ONCE = {SpendingKey.BACKEND, SpendingKey.ACCOUNT}
"""The keys of which each attempt has one value, so that the sums add up."""


def spending(
    url: str | None,
    out: Path,
    since: datetime | None,
    until: datetime | None,
    by: Collection[SpendingKey],
    *,
    json: bool,
) -> ExitCode:
    """Sum up what was spent from `since`, by default from this month's start, and before `until`.

    Raises:
        ConfigurationError: there is no such ledger.
        LedgerError: the ledger cannot be read.
    """
    since = since or datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    sums, total = trio.run(_read, existing_ledger(url, out), since, until, by)
    if json:
        print_raw(to_json(sums, indent=2))
    else:
        stdout_console().print(Group(_range(since, until), "", _table(sums, total, by)))
    return ExitCode.DONE


async def _read(
    ledger: CostLedger, since: datetime, until: datetime | None, by: Collection[SpendingKey]
) -> tuple[Sequence[Spending], Spending]:
    """Return the sums, and the total, in which every attempt counts once."""
    async with aclosing(ledger):
        sums = await ledger.spending(since, until, by)
        if set(by) <= ONCE:
            spent = sum((each.spent for each in sums), ZERO)
            return sums, Spending(spent, sum(each.attempts for each in sums))
        (total,) = await ledger.spending(since, until) or (Spending(ZERO, 0),)
        return sums, total


def _range(since: datetime, until: datetime | None) -> Text:
    end = f", before {_moment(until)}" if until else ""
    return Text(f"spent since {_moment(since)}{end} (UTC)")


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M}".removesuffix(" 00:00")


def _table(sums: Sequence[Spending], total: Spending, by: Collection[SpendingKey]) -> Table:
    keys = [key for key in SpendingKey if key in by]
    heads = [HEADS.get(key, key.capitalize()) for key in keys]
    table = Table(*heads, "Attempts", "Spent", right=("Attempts", "Spent"))
    for each in sums:
        table.add_row(*(_value(each, key) for key in keys), str(each.attempts), _sum(each.spent))
    table.add_row(
        Text("total", "bold"),
        *[""] * (len(keys) - 1),
        Text(str(total.attempts), "bold"),
        Text(_sum(total.spent), "bold"),
    )
    return table


def _sum(amount: Decimal) -> str:
    return dollars(amount.quantize(CENT) if amount >= 1 else amount)


def _value(each: Spending, key: SpendingKey) -> Text:
    value = getattr(each, key)
    return safe_text(str(value)) if value else Text("none", "dim")

"""Whether a limit allows money to be held, and a job to be opened."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from uuid import UUID

from vgen.errors import BudgetExceededError
from vgen.records.attempt import Attempt
from vgen.records.money import ZERO, Account, Cost, Need

Holders = Callable[[], Mapping[UUID, Decimal]]
"""Returns how much of a purse's money each job holds, in US dollars: see `holders_of`."""


def check_hold(
    account: Account,
    asked: Decimal,
    *,
    freed: Decimal = ZERO,
    purse: str = "",
    holders: Holders = dict,
) -> None:
    """Check that `asked` US dollars can be held, `freed` of the held money being released for it.

    The account is that of the job, or of a `purse`. What costs nothing is always allowed.

    Raises:
        BudgetExceededError: it does not fit, or a bill has exceeded its hold before.
    """
    held = account.held - freed + account.in_doubt
    if asked and (account.overrun or account.spent + held + asked > account.limit):
        raise BudgetExceededError(
            limit=account.limit,
            spent=account.spent,
            held=held,
            asked=asked,
            purse=purse,
            held_by=tuple(sorted(holders().items())),
        )


def check_need(
    account: Account, need: Need, *, own: Decimal, purse: str = "", holders: Holders = dict
) -> None:
    """Check that a job can be opened; `own` US dollars of what the account holds are its own.

    What it will probably cost must fit beside what is spent and what others hold. The peak must fit
    beside what is spent: what others hold may come free until then.

    Raises:
        BudgetExceededError: it does not; what is asked for is what the least limit would leave.
    """
    others = account.held + account.in_doubt - own
    asked = max(need.expected, need.peak - others)
    check_hold(account, asked, freed=own, purse=purse, holders=holders)


def need_of(costs: Sequence[Cost], *, clips: int, in_flight: Decimal = ZERO) -> Need:
    """Return what is needed to make `clips` of the clips of these costs, the cheapest, or more.

    `in_flight` is what attempts that were sent will probably cost, in US dollars.
    Each must be able to be sent, however little is left: no hold is above the peak. What is left
    lasts longest if those go first that give most of their hold back.
    """
    cheapest = sorted(costs, key=lambda cost: cost.hold)[: max(0, clips)]
    spent, peak = in_flight, max((cost.hold for cost in costs), default=ZERO)
    for cost in sorted(cheapest, key=lambda cost: cost.expected - cost.hold):
        peak = max(peak, spent + cost.hold)
        spent += cost.expected
    return Need(sum((cost.expected for cost in costs), in_flight), peak)


def holders_of(purse: str, attempts: Iterable[Attempt]) -> dict[UUID, Decimal]:
    """Return how much of a purse's money each job holds, in US dollars, from its open attempts.

    What counts as spent until a clip has been measured is held, too: some of it will come free.
    """
    held: defaultdict[UUID, Decimal] = defaultdict(Decimal)
    for attempt in attempts:
        amount = attempt.held + attempt.in_doubt + attempt.unmeasured
        if purse in attempt.purses and amount:
            held[attempt.job_id] += amount
    return dict(held)


def held_in(purse: str, attempts: Iterable[Attempt]) -> Decimal:
    """Return how much of a purse's money some attempts hold, doubtful money included."""
    counted = (attempt for attempt in attempts if purse in attempt.purses)
    return sum((attempt.held + attempt.in_doubt for attempt in counted), ZERO)

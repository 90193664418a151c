"""Whether the budget allows money to be held."""

from __future__ import annotations

from decimal import Decimal

from vgen.errors import BudgetExceededError
from vgen.records.money import ZERO, Account


def check_budget(account: Account, asked: Decimal, *, freed: Decimal = ZERO) -> None:
    """Check that `asked` US dollars can be held, `freed` of the held money being released for it.

    What costs nothing is always allowed.

    Raises:
        BudgetExceededError: it does not fit, or a bill has exceeded its hold before.
    """
    held = account.held - freed + account.in_doubt
    if asked and (account.overrun or account.spent + held + asked > account.limit):
        raise BudgetExceededError(limit=account.limit, spent=account.spent, held=held, asked=asked)

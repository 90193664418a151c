"""Whether the budget allows money to be held."""

from __future__ import annotations

from decimal import Decimal

import pytest

from vgen.abc import Account
from vgen.decisions.budget import check_budget
from vgen.errors import BudgetExceededError


def test_the_edge_of_the_budget() -> None:
    """What just fits is let in, and a thousandth of a cent more is not."""
    account = Account(
        limit=Decimal("1.00"),
        spent=Decimal("0.40"),
        held=Decimal("0.30"),
        in_doubt=Decimal("0.10"),
    )
    check_budget(account, Decimal("0.20"))
    check_budget(account, Decimal("0.50"), freed=Decimal("0.30"))
    with pytest.raises(BudgetExceededError) as caught:
        check_budget(account, Decimal("0.20001"))
    error = caught.value
    assert (error.limit, error.spent, error.held, error.asked) == (
        Decimal("1.00"),
        Decimal("0.40"),
        Decimal("0.40"),
        Decimal("0.20001"),
    )
    with pytest.raises(BudgetExceededError) as caught:
        check_budget(account, Decimal("0.50001"), freed=Decimal("0.30"))
    assert caught.value.held == Decimal("0.10")


def test_an_overrun_stops_all_that_costs() -> None:
    """After a bill above its hold nothing is let in, however much is left, but what is free."""
    account = Account(limit=Decimal(100), overrun=True)
    with pytest.raises(BudgetExceededError):
        check_budget(account, Decimal("0.01"))
    check_budget(account, Decimal(0))


def test_a_lowered_budget_lets_nothing_in() -> None:
    """Beyond the limit, even a hold that replaces one of its own size is refused."""
    account = Account(limit=Decimal(1), spent=Decimal("1.20"), held=Decimal("0.30"))
    with pytest.raises(BudgetExceededError):
        check_budget(account, Decimal("0.30"), freed=Decimal("0.30"))
    check_budget(account, Decimal(0))

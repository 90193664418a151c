"""Money is exact, and what is left of a budget is never overstated."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from attrs import evolve
from hypothesis import given

from vgen.errors import InvalidPromptsError
from vgen.records.attempt import Custody, Money
from vgen.records.money import Account, Price

from .samples import an_attempt
from .strategies import AMOUNTS


def test_a_price_is_exact() -> None:
    """The default formula for six seconds in production gives $0.298, to the last digit."""
    price = Price(base=Decimal("0.10"), per_second=Decimal("0.033"))
    assert price.cost(6) == Decimal("0.298")
    assert price.cost(6.0) == Decimal("0.298")
    assert price.cost(0.1) == Decimal("0.1033")
    assert Price().cost(6) == 0


@pytest.mark.parametrize(
    "amount", [0.1, 1, "one", None, Decimal(-1), Decimal("NaN"), Decimal("inf")]
)
def test_money_is_a_finite_decimal(amount: Any) -> None:
    """Floats, negative amounts and amounts without end are no money."""
    with pytest.raises(InvalidPromptsError, match="base: must be a"):
        Price(base=amount)


@given(AMOUNTS, AMOUNTS, AMOUNTS, AMOUNTS)
def test_what_is_left(limit: Decimal, spent: Decimal, held: Decimal, in_doubt: Decimal) -> None:
    """What is left is the limit less all three, and never less than nothing."""
    account = Account(limit=limit, spent=spent, held=held, in_doubt=in_doubt)
    assert account.left >= 0
    assert account.left == max(Decimal(0), limit - spent - held - in_doubt)


def test_an_attempts_money_counts_once() -> None:
    """Whatever the state, an attempt's money is spent, held, in doubt or nothing at all."""
    attempt = evolve(an_attempt(UUID(int=1), hold="0.30"), billed=Decimal("0.20"))
    amounts = {
        (money, custody): (at.spent, at.held, at.in_doubt)
        for money in Money
        for custody in (Custody.TICKETED, Custody.SUCCEEDED, Custody.FETCHED)
        for at in [evolve(attempt, money=money, custody=custody)]
    }
    hold, billed, none = Decimal("0.30"), Decimal("0.20"), Decimal(0)
    for custody in (Custody.TICKETED, Custody.SUCCEEDED, Custody.FETCHED):
        assert amounts[Money.HELD, custody] == (none, hold, none)
        assert amounts[Money.IN_DOUBT, custody] == (none, none, hold)
        assert amounts[Money.RELEASED, custody] == (none, none, none)
        assert amounts[Money.WRITTEN_OFF, custody] == (hold, none, none)
    assert amounts[Money.SETTLED, Custody.FETCHED] == (billed, none, none)


def test_a_success_of_unknown_length_counts_with_its_hold() -> None:
    """Until a clip has been measured, nothing is given back that its bill may still ask for."""
    attempt = evolve(
        an_attempt(UUID(int=1), hold="0.30", money=Money.SETTLED, custody=Custody.SUCCEEDED),
        billed=Decimal("0.20"),
    )
    assert attempt.spent == Decimal("0.30")
    assert evolve(attempt, billed=Decimal("0.40")).spent == Decimal("0.40")
    assert evolve(attempt, metered=True).spent == Decimal("0.20")
    assert evolve(attempt, custody=Custody.FETCHED).spent == Decimal("0.20")

"""Whether a limit allows money to be held, and a job to be opened."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

import pytest
from attrs import evolve

from vgen.abc import Account
from vgen.decisions.budget import check_hold, check_need, need_of
from vgen.errors import BudgetExceededError
from vgen.records.money import ZERO, Cost, Need


def test_the_edge_of_the_budget() -> None:
    """What just fits is let in, and a thousandth of a cent more is not."""
    account = Account(
        limit=Decimal("1.00"),
        spent=Decimal("0.40"),
        held=Decimal("0.30"),
        in_doubt=Decimal("0.10"),
    )
    check_hold(account, Decimal("0.20"))
    check_hold(account, Decimal("0.50"), freed=Decimal("0.30"))
    with pytest.raises(BudgetExceededError) as caught:
        check_hold(account, Decimal("0.20001"))
    error = caught.value
    assert (error.limit, error.spent, error.held, error.asked) == (
        Decimal("1.00"),
        Decimal("0.40"),
        Decimal("0.40"),
        Decimal("0.20001"),
    )
    with pytest.raises(BudgetExceededError) as caught:
        check_hold(account, Decimal("0.50001"), freed=Decimal("0.30"))
    assert caught.value.held == Decimal("0.10")


def test_an_overrun_stops_all_that_costs() -> None:
    """After a bill above its hold nothing is let in, however much is left, but what is free."""
    account = Account(limit=Decimal(100), overrun=True)
    with pytest.raises(BudgetExceededError):
        check_hold(account, Decimal("0.01"))
    check_hold(account, Decimal(0))


def test_a_lowered_budget_lets_nothing_in() -> None:
    """Beyond the limit, even a hold that replaces one of its own size is refused."""
    account = Account(limit=Decimal(1), spent=Decimal("1.20"), held=Decimal("0.30"))
    with pytest.raises(BudgetExceededError):
        check_hold(account, Decimal("0.30"), freed=Decimal("0.30"))
    check_hold(account, Decimal(0))


@pytest.mark.parametrize(
    ("expected", "peak", "least"),
    [("0.51", "0", "1.01"), ("0.50", "0.61", "1.01"), ("0", "0.70", "1.10"), ("0", "0", None)],
)
def test_the_least_limit(expected: str, peak: str, least: str | None) -> None:
    """The expected cost must fit beside what others hold, the peak beside what was spent."""
    account = Account(limit=Decimal(1), spent=Decimal("0.40"), held=Decimal("0.30"))
    need, own = Need(expected=Decimal(expected), peak=Decimal(peak)), Decimal("0.20")
    if least is None:
        check_need(account, need, own=own)
        return
    with pytest.raises(BudgetExceededError) as caught:
        check_need(account, need, own=own)
    assert caught.value.least == Decimal(least)
    assert f"${least} would be enough" in str(caught.value)
    check_need(evolve(account, limit=Decimal(least)), need, own=own)


def costs(*pairs: tuple[str, str]) -> list[Cost]:
    """Return costs, each from what is expected and what is held."""
    return [Cost(Decimal(expected), Decimal(hold)) for expected, hold in pairs]


@pytest.mark.parametrize(
    ("given", "clips", "peak"),
    [
        (costs(("0.1", "0.3"), ("0.1", "0.3"), ("0.1", "0.3")), 3, "0.5"),
        (costs(("0.1", "0.3"), ("0.1", "0.3"), ("0.1", "0.3")), 1, "0.3"),
        (costs(("0.1", "0.2"), ("0.5", "0.6")), 2, "0.7"),
        (costs(("0.1", "0.5"), ("0.3", "0.3")), 2, "0.5"),
        (costs(("0.1", "0.2"), ("0.1", "0.9")), 1, "0.9"),
        (costs(("0", "0")), 1, "0"),
        ([], 3, "0"),
    ],
)
def test_what_must_be_left_at_one_moment(given: list[Cost], clips: int, peak: str) -> None:
    """Enough clips can be sent one after the other, and any clip alone."""
    need = need_of(given, clips=clips)
    assert need.peak == Decimal(peak)
    assert need.expected == sum((cost.expected for cost in given), ZERO)
    later = need_of(given, clips=clips, in_flight=Decimal("0.2"))
    assert later.expected == need.expected + Decimal("0.2")


def test_a_purse_says_who_holds_it() -> None:
    """The refusal names the purse, by how much it would be passed, and who holds what."""
    purse = Account(limit=Decimal(1), held=Decimal("0.80"))
    with pytest.raises(BudgetExceededError) as caught:
        check_hold(purse, Decimal("0.30"), purse="us", holders=lambda: {UUID(int=1): purse.held})
    assert str(caught.value) == (
        f"over purse us: of $1, $0 is spent and $0.80 held ($0.80 by job {UUID(int=1)}); "
        "$0.30 more is $0.10 too much, and $1.10 would be enough"
    )

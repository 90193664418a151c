"""What a ledger in memory tells of all its jobs together: the reference implementation."""

from __future__ import annotations

from bisect import insort
from collections import defaultdict
from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from itertools import islice
from operator import attrgetter
from uuid import UUID

from attrs import define, field, frozen

from vgen.decisions.budget import Holders, holders_of
from vgen.records.attempt import Attempt, Money
from vgen.records.books import Spending, SpendingKey
from vgen.records.entry import Line, Movement, Settled
from vgen.records.money import ZERO, Account, Purse
from vgen.records.notice import Notice
from vgen.records.observation import Observation
from vgen.records.status import State


@define
class MemoryPurse:
    """What the attempts in a purse come to, in US dollars, and those of them that are open."""

    spent: Decimal = ZERO
    held: Decimal = ZERO
    in_doubt: Decimal = ZERO
    open: dict[UUID, Attempt] = field(factory=dict[UUID, Attempt])

    def post(self, after: Attempt, moved: Movement) -> None:
        """Count a movement of one of its attempts."""
        self.spent += moved.spent
        self.held += moved.held
        self.in_doubt += moved.in_doubt
        _keep_open(self.open, after)


@frozen
class Verdict:
    """A verdict as it was booked; `order` counts the attempts in the order of their sending."""

    order: int
    attempt_id: UUID
    at: datetime
    verdict: State


@define
class MemoryBooks:
    """Sums and lists that every line of a journal updates, so that none has to be counted up.

    `attempts` and the `unsettled` of them are in the order of their sending.
    """

    attempts: dict[UUID, Attempt] = field(factory=dict[UUID, Attempt])
    unsettled: dict[UUID, Attempt] = field(factory=dict[UUID, Attempt])
    _orders: dict[UUID, int] = field(factory=dict[UUID, int])
    _purses: defaultdict[str, MemoryPurse] = field(factory=lambda: defaultdict(MemoryPurse))
    _bookings: list[Line] = field(factory=list[Line])
    _verdicts: defaultdict[str, list[Verdict]] = field(factory=lambda: defaultdict(list[Verdict]))
    _messages: set[tuple[str, str]] = field(factory=set[tuple[str, str]])
    _noticed: set[tuple[str, str]] = field(factory=set[tuple[str, str]])

    def post(self, after: Attempt, line: Line) -> None:
        """Take up a line, and the attempt as it stands after it."""
        order = self._orders.setdefault(after.attempt_id, len(self._orders))
        self.attempts[after.attempt_id] = after
        _keep_open(self.unsettled, after)
        for name in after.purses:
            self._purses[name].post(after, line.movement)
        if line.movement.spent:
            self._bookings.append(line)
        if isinstance(line.entry, Settled):
            verdict = Verdict(order, after.attempt_id, line.at, line.entry.verdict)
            insort(self._verdicts[after.backend], verdict, key=attrgetter("order"))

    def purse(self, purse: Purse) -> tuple[Account, Holders]:
        """Return where a purse stands, and who holds its money."""
        known = self._purses[purse.name]
        account = Account(purse.limit, spent=known.spent, held=known.held, in_doubt=known.in_doubt)
        return account, lambda: holders_of(purse.name, known.open.values())

    def spending(
        self, since: datetime | None, until: datetime | None, by: Collection[SpendingKey]
    ) -> tuple[Spending, ...]:
        """Sum up what was spent."""
        spent: defaultdict[tuple[str, ...], Decimal] = defaultdict(Decimal)
        attempts: defaultdict[tuple[str, ...], set[UUID]] = defaultdict(set)
        for line in self._bookings:
            early = since is not None and line.at < since
            late = until is not None and line.at >= until
            if early or late:
                continue
            for keys in _keys(line, self.attempts[line.attempt_id], by):
                spent[keys] += line.movement.spent
                attempts[keys].add(line.attempt_id)
        return tuple(
            Spending.of(keys, by, spent=spent[keys], attempts=len(attempts[keys]))
            for keys in sorted(spent)
        )

    def observed(self, backend: str, limit: int) -> tuple[Observation, ...]:
        """Return what became of a backend's attempts, those sent last first."""
        newest_first = (
            (self.attempts[verdict.attempt_id], verdict)
            for verdict in reversed(self._verdicts[backend])
        )
        settled = (each for each in newest_first if each[0].money is Money.SETTLED)
        return tuple(
            Observation.of(attempt, verdict.verdict, verdict.at)
            for attempt, verdict in islice(settled, limit)
        )

    def add_notice(self, notice: Notice) -> bool:
        """Take up a notice, which is kept; return whether its message is new."""
        message = (notice.account, notice.message_id)
        if message in self._messages:
            return False
        self._messages.add(message)
        self._noticed.add((notice.account, notice.provider_id))
        return True

    def noticed(self, account: str, provider_ids: Collection[str]) -> frozenset[str]:
        """Return which attempts were told of."""
        return frozenset(each for each in provider_ids if (account, each) in self._noticed)


def _keep_open(attempts: dict[UUID, Attempt], after: Attempt) -> None:
    if after.is_open:
        attempts[after.attempt_id] = after
    else:
        attempts.pop(after.attempt_id, None)


def _keys(line: Line, attempt: Attempt, by: Collection[SpendingKey]) -> Iterator[tuple[str, ...]]:
    purses = (attempt.purses or ("",)) if SpendingKey.PURSE in by else ("",)
    for purse in purses:
        values = {
            SpendingKey.BACKEND: attempt.backend,
            SpendingKey.ACCOUNT: attempt.account,
            SpendingKey.PURSE: purse,
            SpendingKey.DAY: line.at.astimezone(UTC).date().isoformat(),
        }
        yield tuple(values[key] for key in SpendingKey if key in by)

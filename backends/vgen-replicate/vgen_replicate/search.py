"""Looking through an account's predictions for submits whose answers were lost."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import trio

from vgen.abc import Absent, Attempt, Unknown
from vgen_replicate.prediction import Prediction
from vgen_replicate.sendings import Sendings
from vgen_replicate.wire import Wire

SKEW = timedelta(hours=2)
"""By how much the clocks of this machine, of the ledger and of the service may differ where that
could hide a prediction. It costs pages: at five clips in flight, about ten."""

CLOSE = timedelta(seconds=60)
"""By how much they may differ where a prediction is proved to be the attempt's by its time."""

SENDING = timedelta(minutes=11)
"""How long after it was reserved an attempt may arrive: no submit may take more than 10 minutes."""

KEPT_INPUT = timedelta(minutes=60)
"""For how long the service keeps a prediction's input."""

FOUNDED = datetime(2019, 1, 1, tzinfo=UTC)
"""Before the service was there. A ledger that says so counts its time from elsewhere."""


class Search:
    """Finds attempts by the input that they were sent with.

    `quiet` is how many seconds a submit is given, from the first look, to show in the list.
    """

    def __init__(self, wire: Wire, sendings: Sendings, *, quiet: float) -> None:
        self._wire, self._sendings, self._quiet = wire, sendings, quiet
        self._first_looks: dict[UUID, float] = {}

    async def find(
        self, attempt: Attempt, asked: Mapping[str, Any]
    ) -> Prediction | Absent | Unknown:
        """Look for an attempt; `asked` is what is known of its input.

        A drawn seed in it is enough to tell it; the user's is not, so that a prediction with it
        counts only where it can be nobody else's. Absent is what a complete listing does not hold.
        Once the input of one that might be it is gone, nothing will ever tell.
        """
        drawn = attempt.request.seed is None
        first_look = self._first_looks.setdefault(attempt.attempt_id, trio.current_time())
        since, until = self._window(attempt)
        wanted = partial(self._may_be, attempt, asked)
        found = await self._wire.created(since, until, wanted, first=drawn)
        known = [made for made in found if not made.data_removed]
        if len(known) == 1 and (drawn or self._is_its_own(known[0], attempt)):
            return known[0]
        if known or trio.current_time() < first_look + self._quiet:
            return Unknown()
        self._first_looks.pop(attempt.attempt_id, None)
        self._sendings.forget(attempt.attempt_id)
        return Unknown(for_good=True) if found else Absent()

    def _may_be(self, attempt: Attempt, asked: Mapping[str, Any], made: Prediction) -> bool:
        if self._sendings.taken.get(made.id, attempt.attempt_id) != attempt.attempt_id:
            return False
        if made.data_removed:
            return attempt.sent and not self._keeps_its_input(attempt)
        return asked.items() <= made.input.items()

    def _is_its_own(self, made: Prediction, attempt: Attempt) -> bool:
        """Whether a prediction with the user's seed can be nobody else's.

        It was made since this process sent the attempt, and nothing of the same input that this
        process has sent is unanswered.
        """
        if self._sendings.taken.get(made.id) == attempt.attempt_id:
            return True
        sent = self._sendings.unanswered.get(attempt.attempt_id)
        if sent is None or made.created_at is None or made.created_at < sent.at - CLOSE:
            return False
        return self._sendings.is_alone(attempt.attempt_id)

    def _window(self, attempt: Attempt) -> tuple[datetime, datetime | None]:
        """Give the time within which the attempt was sent: all time, where nothing tells."""
        at, now = self._sent_at(attempt), datetime.now(UTC)
        if at is None:
            return FOUNDED, None
        over = at + SENDING + SKEW
        return min(at, now) - SKEW, over if over + KEPT_INPUT < now else None

    def _keeps_its_input(self, attempt: Attempt) -> bool:
        """Whether the service cannot have removed the attempt's input: half its time is not over.

        The other half is for clocks that differ.
        """
        at = self._sent_at(attempt)
        return at is not None and datetime.now(UTC) - at < KEPT_INPUT / 2

    def _sent_at(self, attempt: Attempt) -> datetime | None:
        sent = self._sendings.unanswered.get(attempt.attempt_id)
        at = sent.at if sent else attempt.reserved_at
        return None if at is None or at < FOUNDED else at

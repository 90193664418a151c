"""Search an account's predictions for submits whose responses were lost."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import trio

from vgen.abc import Absent, Attempt, Unknown
from vgen_replicate.client import Client
from vgen_replicate.prediction import Prediction
from vgen_replicate.submissions import Submissions

MAX_CLOCK_SKEW = timedelta(hours=2)
"""How far the clocks of this machine, the ledger and the service may be apart: the listing covers
this much more time. At five clips in flight that is about ten more pages."""

SMALL_CLOCK_SKEW = timedelta(seconds=60)
"""The same tolerance where the creation time must prove that a prediction is the attempt's."""

MAX_SUBMIT_TIME = timedelta(minutes=11)
"""How long after its reservation an attempt may reach the service: a submit takes 10 minutes at
most."""

INPUT_RETENTION = timedelta(minutes=60)
"""How long the service keeps a prediction's input."""

EARLIEST_DATE = datetime(2019, 1, 1, tzinfo=UTC)
"""Earlier than any prediction: a ledger with an earlier date has a clock that is wrong."""


class Search:
    """Finds the predictions of attempts by their input.

    `quiet` is how many seconds after the first search a submit may still appear in the listing.
    """

    def __init__(self, client: Client, submissions: Submissions, *, quiet: float) -> None:
        self._client, self._submissions, self._quiet = client, submissions, quiet
        self._first_looks: dict[UUID, float] = {}

    async def find(
        self, attempt: Attempt, known_input: Mapping[str, Any]
    ) -> Prediction | Absent | Unknown:
        """Search for an attempt's prediction; `known_input` is a part of its input or all of it.

        A seed drawn from the attempt's id identifies it. A seed that the user chose does not: such
        a prediction counts only where no other attempt can have made it. `Absent` needs a complete
        listing. `Unknown(for_good=True)`: the input of a possible match has been removed.

        Raises:
            NetworkError: the listing could not be read to its end.
        """
        has_drawn_seed = attempt.request.seed is None
        first_look = self._first_looks.setdefault(attempt.attempt_id, trio.current_time())
        since, until = self._window(attempt)
        may_match = partial(self._may_match, attempt, known_input)
        candidates = await self._client.find_predictions(
            since, until, may_match, stop_at_first=has_drawn_seed
        )
        matches = [each for each in candidates if not each.data_removed]
        if len(matches) == 1 and (has_drawn_seed or self._must_be(matches[0], attempt)):
            return matches[0]
        if matches or trio.current_time() < first_look + self._quiet:
            return Unknown()
        self._first_looks.pop(attempt.attempt_id, None)
        self._submissions.discard(attempt.attempt_id)
        return Unknown(for_good=True) if candidates else Absent()

    def _may_match(
        self, attempt: Attempt, known_input: Mapping[str, Any], made: Prediction
    ) -> bool:
        if self._submissions.attempt_ids.get(made.id, attempt.attempt_id) != attempt.attempt_id:
            return False
        if made.data_removed:
            return attempt.sent and not self._input_is_kept(attempt)
        return known_input.items() <= made.input.items()

    def _must_be(self, made: Prediction, attempt: Attempt) -> bool:
        """Whether a prediction with the user's seed can only be this attempt's.

        It is known to be, or it was made after this process sent the attempt, and no other submit
        of this process with the same input is unanswered.
        """
        if self._submissions.attempt_ids.get(made.id) == attempt.attempt_id:
            return True
        sent = self._submissions.unanswered.get(attempt.attempt_id)
        if (
            sent is None
            or made.created_at is None
            or made.created_at < sent.sent_at - SMALL_CLOCK_SKEW
        ):
            return False
        return self._submissions.is_unique(attempt.attempt_id)

    def _window(self, attempt: Attempt) -> tuple[datetime, datetime | None]:
        """Return when the listing is to start and end; `None`: it has no end."""
        at, now = self._sent_at(attempt), datetime.now(UTC)
        if at is None:
            return EARLIEST_DATE, None
        end = at + MAX_SUBMIT_TIME + MAX_CLOCK_SKEW
        return min(at, now) - MAX_CLOCK_SKEW, end if end + INPUT_RETENTION < now else None

    def _input_is_kept(self, attempt: Attempt) -> bool:
        """Whether the service must still have the attempt's input.

        Half the retention time is left as a margin for clocks that differ.
        """
        at = self._sent_at(attempt)
        return at is not None and datetime.now(UTC) - at < INPUT_RETENTION / 2

    def _sent_at(self, attempt: Attempt) -> datetime | None:
        sent = self._submissions.unanswered.get(attempt.attempt_id)
        at = sent.sent_at if sent else attempt.reserved_at
        return None if at is None or at < EARLIEST_DATE else at

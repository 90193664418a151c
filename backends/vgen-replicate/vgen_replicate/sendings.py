"""What this process has sent to an account: what has no answer yet, and whose predictions are."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID
from weakref import WeakValueDictionary

from attrs import define, field, frozen

from vgen_replicate.access import Access

_SHARED: WeakValueDictionary[Access, Sendings] = WeakValueDictionary()


@frozen
class Sent:
    """A submit without an answer: when it was sent, by this machine's clock, and its input."""

    at: datetime
    given: Mapping[str, Any]


@define(eq=False)
class Sendings:
    """Shared by all backends of an account, for as long as there is one: `of` gives it.

    `unanswered` is by attempt; `taken` says which prediction is which attempt's, by its id.
    """

    unanswered: dict[UUID, Sent] = field(factory=dict[UUID, Sent])
    taken: dict[str, UUID] = field(factory=dict[str, UUID])

    @classmethod
    def of(cls, access: Access) -> Sendings:
        """Give those of an account."""
        return _SHARED.setdefault(access, cls())

    def send(self, attempt_id: UUID, given: Mapping[str, Any]) -> None:
        """Note that an attempt is being sent."""
        self.unanswered[attempt_id] = Sent(datetime.now(UTC), given)

    def answer(self, attempt_id: UUID, prediction_id: str) -> None:
        """Note which prediction is the attempt's."""
        self.taken[prediction_id] = attempt_id
        self.forget(attempt_id)

    def forget(self, attempt_id: UUID) -> None:
        """Note that there is no doubt about an attempt any more."""
        self.unanswered.pop(attempt_id, None)

    def is_alone(self, attempt_id: UUID) -> bool:
        """Whether nothing else that has no answer yet was sent with the attempt's input."""
        given = self.unanswered[attempt_id].given
        twins = [each for each, sent in self.unanswered.items() if sent.given == given]
        return twins == [attempt_id]

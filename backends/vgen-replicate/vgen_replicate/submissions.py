"""The submits of this process: which are unanswered, and which prediction belongs to which."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID
from weakref import WeakValueDictionary

from attrs import define, field, frozen

from vgen_replicate.access import Access

_SHARED: WeakValueDictionary[Access, Submissions] = WeakValueDictionary()


@frozen
class Submission:
    """An unanswered submit: when it was sent, by this machine's clock, and the model's inputs."""

    sent_at: datetime
    inputs: Mapping[str, Any]


@define(eq=False)
class Submissions:
    """The submits to one account, shared by all its backends: see `shared`.

    `unanswered` maps attempt ids to submits without a response; `attempt_ids` maps the ids of
    predictions to those of their attempts.
    """

    unanswered: dict[UUID, Submission] = field(factory=dict[UUID, Submission])
    attempt_ids: dict[str, UUID] = field(factory=dict[str, UUID])

    @classmethod
    def shared(cls, access: Access) -> Submissions:
        """Return the account's one object; it lives as long as somebody refers to it."""
        return _SHARED.setdefault(access, cls())

    def record_submit(self, attempt_id: UUID, inputs: Mapping[str, Any]) -> None:
        """Record an attempt that is about to be sent."""
        self.unanswered[attempt_id] = Submission(datetime.now(UTC), inputs)

    def record_prediction(self, attempt_id: UUID, prediction_id: str) -> None:
        """Record which prediction is the attempt's."""
        self.attempt_ids[prediction_id] = attempt_id
        self.discard(attempt_id)

    def discard(self, attempt_id: UUID) -> None:
        """Remove an attempt from the unanswered ones."""
        self.unanswered.pop(attempt_id, None)

    def is_unique(self, attempt_id: UUID) -> bool:
        """Whether no other unanswered submit has the same inputs as this one."""
        inputs = self.unanswered[attempt_id].inputs
        twins = [each for each, sent in self.unanswered.items() if sent.inputs == inputs]
        return twins == [attempt_id]

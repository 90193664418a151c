"""What a job is asked for beside its prompts."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal

from attrs import frozen

from vgen.records.fallback import FallBackReason


@frozen
class JobOptions:
    """The options of `Runner.process`; amounts are in US dollars, `redo` has clip indexes.

    Without a `budget` the job has the one of the run before, or none.
    """

    budget: Decimal | None
    already_spent: Decimal
    min_clips: int
    redo: Collection[int]
    fall_back_on: Collection[FallBackReason]
    rerolls: int

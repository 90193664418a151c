"""What a job is asked for beside its prompts."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import TypedDict

from attrs import frozen

from vgen.ports.backend import VideoBackend
from vgen.records.fallback import ANY_REASON, FallBackReason
from vgen.records.job import REROLLS
from vgen.records.money import ZERO


@frozen
class JobOptions:
    """The options of `Runner.process`; amounts are in US dollars, `redo` has clip indexes.

    Without a `budget` or `purses` (limits by name) the job has those of the run before, or none.
    """

    budget: Decimal | None = None
    already_spent: Decimal = ZERO
    min_clips: int = 3
    redo: Collection[int] = ()
    fall_back_on: Collection[FallBackReason] = ANY_REASON
    rerolls: int = REROLLS
    lengths_of: Sequence[VideoBackend] = ()
    priority: int = 0
    purses: Mapping[str, Decimal] | None = None
    name: str = ""
    folder: str = ""


class JobKeywords(TypedDict, total=False):
    """The same as keywords of a call: see `Runner.process`."""

    budget: Decimal | None
    already_spent: Decimal
    min_clips: int
    redo: Collection[int]
    fall_back_on: Collection[FallBackReason]
    rerolls: int
    lengths_of: Sequence[VideoBackend]
    priority: int
    purses: Mapping[str, Decimal] | None
    name: str
    folder: str

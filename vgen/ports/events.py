"""The events that a runner reports to its observer while a job runs."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from uuid import UUID

from attrs import frozen

from vgen.records.attempt import Money
from vgen.records.clip import Clip, ClipFailure, Clips


@frozen
class JobOpened:
    """The job is written down; what it has to make will probably cost `expected` US dollars."""

    job_id: UUID
    clip_indexes: tuple[int, ...]
    expected: Decimal


@frozen
class ClipQueued:
    """A clip waits for a place in flight at a backend."""

    job_id: UUID
    clip_index: int
    backend: str


@frozen
class MoneyHeld:
    """Money is set aside for an attempt, just before it is sent; `held` is in US dollars."""

    job_id: UUID
    clip_index: int
    attempt_id: UUID
    backend: str
    held: Decimal


@frozen
class MoneySettled:
    """An attempt's money is held no more: `money` says whether it was settled or given back.

    `spent` is what the attempt counts as spent, in US dollars. What is told by this event and by
    `MoneyCorrected` adds up to what the job has spent.
    """

    job_id: UUID
    clip_index: int
    attempt_id: UUID
    backend: str
    money: Money
    held: Decimal
    spent: Decimal


@frozen
class MoneyCorrected:
    """An attempt has cost `change` US dollars more than was told before; less, where negative.

    Where a price goes by the length, a success counts with its whole hold until its file is here.
    """

    job_id: UUID
    clip_index: int
    attempt_id: UUID
    backend: str
    change: Decimal


@frozen
class AttemptSubmitted:
    """A backend accepted an attempt; `number` counts the clip's attempts from 1."""

    job_id: UUID
    clip_index: int
    backend: str
    number: int
    held: Decimal


@frozen
class ClipProgress:
    """A clip is on its way, or at its end, stored or given up: `fraction` runs from 0 to 1.

    `percent` is how far the whole job is, in percent of the caller's own pipeline: it runs within
    `Settings.progress_range`, from 50 to 85 unless that is set, and never goes back; `fraction`
    does when another attempt follows. `seconds_left` is how long this attempt will probably run
    yet (`None`: that is not known). `estimated`: the provider tells no progress, and both figures
    are what its earlier attempts, or its own declaration, make one expect by now.
    """

    job_id: UUID
    clip_index: int
    fraction: float
    percent: float
    seconds_left: float | None = None
    estimated: bool = False


@frozen
class BackendUnreachable:
    """A backend has not answered for a while: an attempt in flight there is waited for.

    `reason` is why the last question was not answered.
    """

    job_id: UUID
    clip_index: int
    backend: str
    reason: str


@frozen
class BackendReached:
    """The backend answers again about an attempt in flight."""

    job_id: UUID
    clip_index: int
    backend: str


@frozen
class RetryScheduled:
    """An attempt failed and another follows after `delay` seconds."""

    job_id: UUID
    clip_index: int
    reason: str
    delay: float


@frozen
class FellBack:
    """The clip goes on with `backend`, the next of its route; `reason` says why."""

    job_id: UUID
    clip_index: int
    backend: str
    reason: str


@frozen
class ClipStored:
    """A clip is finished; `made` is false where an earlier run had made it."""

    job_id: UUID
    clip: Clip
    made: bool = True


@frozen
class ClipGivenUp:
    """A clip will not be made in this run."""

    job_id: UUID
    failure: ClipFailure


@frozen
class JobFinished:
    """The job has ended; `outcome` says how in a word or a line.

    `clips` is `None` where it was interrupted or opened anew: nobody has counted them.
    """

    job_id: UUID
    clips: Clips | None
    outcome: str


Event = (
    JobOpened
    | ClipQueued
    | MoneyHeld
    | AttemptSubmitted
    | MoneySettled
    | MoneyCorrected
    | ClipProgress
    | BackendUnreachable
    | BackendReached
    | RetryScheduled
    | FellBack
    | ClipStored
    | ClipGivenUp
    | JobFinished
)

Observer = Callable[[Event], None]
"""Called in the job's own task for each event; what it raises is logged and changes nothing."""

"""What a job would come to, before anything is sent."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from attrs import frozen

from vgen.records.estimate import Estimate
from vgen.records.forecast import Forecast


class ClipFate(StrEnum):
    """What a run would do with a clip: keep it, wait for what is in flight, or make it."""

    KEEP = "keep"
    FINISH = "finish"
    MAKE = "make"


@frozen
class ClipPlan:
    """What is planned for one clip.

    Attributes:
        clip_index: its place in the job.
        fate: what a run would do with it.
        route: the backends it may be tried on, in order.
        target: the length that is asked for, in seconds.
        duration: the length that the first backend would make, in seconds.
        hold: the most that the first attempt can be billed, in US dollars.
        estimate: what it will probably cost and take.
        ignored: the fields of the request that the first backend cannot honour.
        notes: what else was decided, such as to go without an image.
    """

    clip_index: int
    fate: ClipFate
    route: tuple[str, ...]
    target: float
    duration: float
    hold: Decimal
    estimate: Estimate
    ignored: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@frozen
class JobPlan:
    """What a run of a job would come to; nothing was sent, and nothing written. US dollars.

    Attributes:
        job_id: the job's id.
        clips: its clips.
        spent: what the job has spent so far, and the caller before it.
        expected: what all that the run has to make will probably cost.
        worst: the most that the first attempts can be billed.
        budget: the job's budget; `None` where none was said, and it has none yet.
        least: the least budget, what is spent included, with which all clips can be made if they
            cost what is expected.
        recommended: the budget with which no attempt waits for money in 95 of 100 plays.
        refusal: why the job would be refused as it is; empty if it would not.
        forecast: how the run would go, within the budget.
    """

    job_id: UUID
    clips: tuple[ClipPlan, ...]
    spent: Decimal
    expected: Decimal
    worst: Decimal
    budget: Decimal | None
    least: Decimal
    recommended: Decimal
    refusal: str
    forecast: Forecast

"""What a job will probably come to."""

from __future__ import annotations

from decimal import Decimal

from attrs import frozen

from vgen.records.estimate import Range


@frozen
class Forecast:
    """What a run of a job will probably come to, found by playing it many times.

    Attributes:
        success: the share of plays, from 0 to 1, that end with enough clips.
        cost: what the run adds to what the job has spent, in US dollars.
        seconds: how long the run takes, from its start to its last clip.
        recommended: a budget for the whole job in US dollars, what is spent already included, with
            which no attempt waits for money in 95 of 100 plays.
        plays: how often the job was played.
    """

    success: float
    cost: Range[Decimal]
    seconds: Range[float]
    recommended: Decimal
    plays: int

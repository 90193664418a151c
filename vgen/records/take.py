"""The takes of a clip, as a user looks at them."""

from __future__ import annotations

from decimal import Decimal

from attrs import frozen

from vgen.records.clip import Clip
from vgen.records.money import ZERO
from vgen.records.request import ClipRequest


@frozen
class Take:
    """One stored take of a clip.

    `number` is that of its attempt, from 1, and names it in `Runner.choose`. `chosen` says whether
    it is the clip now. `cost` is what this attempt was billed, in US dollars, and `clip.take` the
    take's own file (`None`: it shares the clip's).
    """

    clip_index: int
    number: int
    chosen: bool
    clip: Clip
    request: ClipRequest
    cost: Decimal = ZERO

"""What became of one attempt, as a plan learns from it."""

from __future__ import annotations

from decimal import Decimal

from attrs import frozen

from vgen.records.request import ClipRequest
from vgen.records.status import State


@frozen
class Observation:
    """One attempt whose verdict is in.

    `billed` is its final bill in US dollars, and `seconds` how long it took from its reservation,
    just before it was sent, to its verdict in the ledger. `number` is that of the attempt among its
    clip's, from 1 (`None`: not known): it tells an attempt that repeats a failed one from a first.
    """

    backend: str
    request: ClipRequest
    verdict: State
    billed: Decimal
    seconds: float
    number: int | None = None

"""What random users do with a ledger, one operation at a time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any
from uuid import UUID

from attrs import define, evolve, field, frozen

from vgen.errors import VgenError
from vgen.ports.ledger import CostLedger
from vgen.records.attempt import Attempt, Custody, Money
from vgen.records.entry import Entry
from vgen.records.job import Claim, Job, Manifest, PlannedClip
from vgen.records.prompt import ClipPrompt
from vgen.records.request import ClipRequest
from vgen.records.settings import GenerationSettings

JOB = UUID(int=0x6A6F62)
CLIPS = 2
AN_HOUR = 3600.0

Call = Callable[[CostLedger], Awaitable[Any]]

REQUEST = ClipRequest(
    prompt="a lighthouse", duration=4.0, width=768, height=432, fps=24, motion=100, steps=20
)


@define
class Known:
    """What the users know: the claims they were given, and the attempts as they last stood."""

    claims: dict[tuple[str, int], Claim] = field(factory=dict[tuple[str, int], Claim])
    states: dict[int, tuple[Money, Custody]] = field(factory=dict[int, tuple[Money, Custody]])

    def claim(self, owner: str, clip: int) -> Claim:
        """Give the owner's last claim on a clip, or one that was never given."""
        return self.claims.get((owner, clip), Claim(JOB, clip, owner, epoch=1000))


@frozen
class Open:
    """Open the job, or open it anew, with holds in cents for some attempts."""

    budget: int
    holds: dict[int, int]
    spent: int = 0

    def call(self, known: Known) -> Call:
        """Give the call."""
        del known
        manifest = a_manifest(self.budget, self.spent)
        holds = [an_attempt(number, cents) for number, cents in self.holds.items()]
        return lambda ledger: ledger.open_job(manifest, holds)


@frozen
class Take:
    """Claim a clip; without `lasting`, the claim has expired as soon as it is given."""

    owner: str
    clip: int
    lasting: bool = True

    def call(self, known: Known) -> Call:
        """Give the call."""
        lease = AN_HOUR if self.lasting else 0.0

        async def take(ledger: CostLedger) -> Claim | None:
            claim = await ledger.claim(JOB, self.clip, owner=self.owner, lease=lease)
            if claim is not None:
                known.claims[self.owner, self.clip] = claim
            return claim

        return take


@frozen
class WhoHolds:
    """Ask who holds a clip."""

    clip: int

    def call(self, known: Known) -> Call:
        """Give the call."""
        del known
        return lambda ledger: ledger.holder(JOB, self.clip)


@frozen
class Renew:
    """Make the owner's claim last, or with no `lasting` expire at once."""

    owner: str
    clip: int
    lasting: bool = True

    def call(self, known: Known) -> Call:
        """Give the call."""
        claim, lease = known.claim(self.owner, self.clip), AN_HOUR if self.lasting else 0.0
        return lambda ledger: ledger.renew(claim, lease=lease)


@frozen
class GiveBack:
    """Release the owner's claim."""

    owner: str
    clip: int

    def call(self, known: Known) -> Call:
        """Give the call."""
        claim = known.claim(self.owner, self.clip)
        return lambda ledger: ledger.release(claim)


@frozen
class Reserve:
    """Reserve an attempt at its clip, holding so many cents."""

    owner: str
    attempt: int
    cents: int

    def call(self, known: Known) -> Call:
        """Give the call."""
        claim = known.claim(self.owner, clip_of(self.attempt))
        attempt = an_attempt(self.attempt, self.cents)
        return lambda ledger: ledger.reserve(claim, attempt)


@frozen
class Advance:
    """Move an attempt on from where it last stood; `astray`, under the claim on another clip."""

    owner: str
    attempt: int
    entry: Entry
    astray: bool = False

    def call(self, known: Known) -> Call:
        """Give the call."""
        clip = (clip_of(self.attempt) + self.astray) % CLIPS
        claim = known.claim(self.owner, clip)
        expected = known.states.get(self.attempt, (Money.HELD, Custody.INTENDED))
        identity = attempt_id(self.attempt)
        return lambda ledger: ledger.advance(claim, identity, expected, self.entry)


@frozen
class Conclude:
    """Conclude the job."""

    outcome: str = "done"

    def call(self, known: Known) -> Call:
        """Give the call."""
        del known
        return lambda ledger: ledger.conclude(JOB, self.outcome)


@frozen
class Stop:
    """Have the job stopped."""

    def call(self, known: Known) -> Call:
        """Give the call."""
        del known
        return lambda ledger: ledger.stop(JOB)


@frozen
class LookUp:
    """Ask for an attempt, and for all that can still move."""

    attempt: int

    def call(self, known: Known) -> Call:
        """Give the call."""
        del known

        async def look_up(ledger: CostLedger) -> object:
            moving = [timeless(each) for each in await ledger.unsettled()]
            return timeless(await ledger.attempt(attempt_id(self.attempt))), moving

        return look_up


Operation = Open | Take | WhoHolds | Renew | GiveBack | Reserve | Advance | Conclude | Stop | LookUp


def timeless(told: object) -> object:
    """Give a ledger's answer as if all of it had been written at one moment."""
    if isinstance(told, Job):
        return evolve(told, attempts=tuple(evolve(a, reserved_at=None) for a in told.attempts))
    return evolve(told, reserved_at=None) if isinstance(told, Attempt) else told


async def outcome_of(call: Call, ledger: CostLedger) -> object:
    """Give what a call answers: its result, or the class of its error with what it says of money.

    Errors that are not vgen's are let through.
    """
    try:
        return timeless(await call(ledger))
    except VgenError as error:
        amounts = {name: value for name, value in vars(error).items() if name != "ticket"}
        return type(error), amounts


def clip_of(attempt: int) -> int:
    """Give the clip that an attempt is at."""
    return attempt % CLIPS


def attempt_id(attempt: int) -> UUID:
    """Give an attempt's id."""
    return UUID(int=attempt)


def an_attempt(number: int, cents: int) -> Attempt:
    """Give a planned attempt that holds so many cents."""
    return Attempt(
        attempt_id=attempt_id(number),
        job_id=JOB,
        clip_index=clip_of(number),
        number=1 + number // CLIPS,
        backend="svd",
        account="me",
        request=REQUEST,
        fingerprint="f",
        hold=Decimal(cents) / 100,
    )


def a_manifest(budget: int, spent: int = 0) -> Manifest:
    """Give the job, with its budget and what was spent of it before in cents."""
    clips = tuple(
        PlannedClip(ClipPrompt(index, "a lighthouse", 4.0), REQUEST, "f", ("svd",))
        for index in range(CLIPS)
    )
    settings = GenerationSettings()
    return Manifest(JOB, clips, settings, Decimal(budget) / 100, Decimal(spent) / 100)

"""The operations that random users do on a ledger."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from attrs import define, evolve, field, frozen

from vgen.errors import VgenError
from vgen.ports.ledger import CostLedger
from vgen.records.attempt import Attempt, Custody, Money
from vgen.records.books import SpendingKey
from vgen.records.entry import Entry
from vgen.records.job import Claim, Job, Manifest, PlannedClip
from vgen.records.money import Need, Purse
from vgen.records.prompt import ClipPrompt
from vgen.records.request import ClipRequest
from vgen.records.settings import GenerationSettings

JOB = UUID(int=0x6A6F62)
OTHER_JOB = UUID(int=0x6F74686572)
PURSE = "team"
NOTHING = Need()
EPOCH = datetime.fromtimestamp(0, UTC)
CLIPS = 2
ONE_HOUR = 3600.0

Call = Callable[[CostLedger], Awaitable[Any]]

REQUEST = ClipRequest(
    prompt="a lighthouse", duration=4.0, width=768, height=432, fps=24, motion=100, steps=20
)


@define
class Known:
    """What the users have received: their claims, and the last state of each attempt."""

    claims: dict[tuple[str, int], Claim] = field(factory=dict[tuple[str, int], Claim])
    states: dict[int, tuple[Money, Custody]] = field(factory=dict[int, tuple[Money, Custody]])

    def claim(self, owner: str, clip: int) -> Claim:
        """Return the owner's last claim on a clip, or an invalid one."""
        return self.claims.get((owner, clip), Claim(JOB, clip, owner, epoch=1000))


@frozen
class Open:
    """Open the job, or open it again; amounts are in cents, `purse` is the limit of its purse."""

    budget: int
    expected: int = 0
    peak: int = 0
    spent: int = 0
    opening: str = ""
    purse: int | None = None

    def call(self, known: Known) -> Call:
        """Return the call of a ledger."""
        del known
        manifest = make_manifest(self.budget, self.spent, self.opening, purse=self.purse)
        need = Need(Decimal(self.expected) / 100, Decimal(self.peak) / 100)
        return lambda ledger: ledger.open_job(manifest, need)


@frozen
class SpendElsewhere:
    """Reserve an attempt of another job with the same purse, holding so many cents."""

    number: int
    cents: int

    def call(self, known: Known) -> Call:
        """Return the call of a ledger."""
        del known
        manifest = evolve(make_manifest(1000, purse=1000), job_id=OTHER_JOB)
        attempt = evolve(
            make_attempt(self.number, self.cents), attempt_id=attempt_id(1000 + self.number)
        )

        async def spend(ledger: CostLedger) -> Attempt:
            await ledger.open_job(manifest, Need())
            claim = await ledger.claim(OTHER_JOB, attempt.clip_index, owner="eve", lease=0.0)
            assert claim is not None
            return await ledger.reserve(claim, attempt)

        return spend


@frozen
class ReadBooks:
    """Read what the books tell of all jobs."""

    def call(self, known: Known) -> Call:
        """Return the call of a ledger."""
        del known

        async def read(ledger: CostLedger) -> object:
            return (
                [evolve(job, opened_at=EPOCH) for job in await ledger.jobs()],
                await ledger.spending(by=set(SpendingKey) - {SpendingKey.DAY}),
                [evolve(one, seconds=0.0) for one in await ledger.observed("svd", limit=3)],
                await ledger.purse(Purse(PURSE, Decimal(1))),
            )

        return read


@frozen
class ClaimClip:
    """Claim a clip; without `lasting`, the claim expires at once."""

    owner: str
    clip: int
    lasting: bool = True
    opening: str = ""

    def call(self, known: Known) -> Call:
        """Return the call of a ledger."""
        lease = ONE_HOUR if self.lasting else 0.0

        async def claim(ledger: CostLedger) -> Claim | None:
            granted = await ledger.claim(
                JOB, self.clip, owner=self.owner, lease=lease, opening=self.opening
            )
            if granted is not None:
                known.claims[self.owner, self.clip] = granted
            return granted

        return claim


@frozen
class GetHolder:
    """Look up the claim on a clip."""

    clip: int

    def call(self, known: Known) -> Call:
        """Return the call of a ledger."""
        del known
        return lambda ledger: ledger.holder(JOB, self.clip)


@frozen
class Renew:
    """Renew the owner's claim; without `lasting`, it expires at once."""

    owner: str
    clip: int
    lasting: bool = True

    def call(self, known: Known) -> Call:
        """Return the call of a ledger."""
        claim, lease = known.claim(self.owner, self.clip), ONE_HOUR if self.lasting else 0.0
        return lambda ledger: ledger.renew(claim, lease=lease)


@frozen
class Release:
    """Release the owner's claim."""

    owner: str
    clip: int

    def call(self, known: Known) -> Call:
        """Return the call of a ledger."""
        claim = known.claim(self.owner, self.clip)
        return lambda ledger: ledger.release(claim)


@frozen
class Reserve:
    """Reserve an attempt at its clip, holding so many cents."""

    owner: str
    attempt: int
    cents: int

    def call(self, known: Known) -> Call:
        """Return the call of a ledger."""
        claim = known.claim(self.owner, clip_of(self.attempt))
        attempt = make_attempt(self.attempt, self.cents)
        return lambda ledger: ledger.reserve(claim, attempt)


@frozen
class Advance:
    """Advance an attempt from its last state; `wrong_claim`: with the claim on another clip."""

    owner: str
    attempt: int
    entry: Entry
    wrong_claim: bool = False

    def call(self, known: Known) -> Call:
        """Return the call of a ledger."""
        clip = (clip_of(self.attempt) + self.wrong_claim) % CLIPS
        claim = known.claim(self.owner, clip)
        expected = known.states.get(self.attempt, (Money.HELD, Custody.INTENDED))
        identity = attempt_id(self.attempt)
        return lambda ledger: ledger.advance(claim, identity, expected, self.entry)


@frozen
class Conclude:
    """Conclude the job, with so many clips made."""

    made: int | None = None

    def call(self, known: Known) -> Call:
        """Return the call of a ledger."""
        del known
        return lambda ledger: ledger.conclude(JOB, "done", made=self.made)


@frozen
class Stop:
    """Stop the job."""

    def call(self, known: Known) -> Call:
        """Return the call of a ledger."""
        del known
        return lambda ledger: ledger.stop(JOB)


@frozen
class LookUp:
    """Look up an attempt, its clip, one that the job does not have, and what is unsettled."""

    attempt: int

    def call(self, known: Known) -> Call:
        """Return the call of a ledger."""
        del known

        async def look_up(ledger: CostLedger) -> object:
            unsettled = await ledger.unsettled(), await ledger.unsettled(JOB)
            return (
                without_times(await ledger.attempt(attempt_id(self.attempt))),
                [[without_times(attempt) for attempt in each] for each in unsettled],
                await ledger.clip(JOB, clip_of(self.attempt)),
                await ledger.clip(JOB, CLIPS),
            )

        return look_up


Operation = (
    Open
    | SpendElsewhere
    | ReadBooks
    | ClaimClip
    | GetHolder
    | Renew
    | Release
    | Reserve
    | Advance
    | Conclude
    | Stop
    | LookUp
)


def without_times(answer: object) -> object:
    """Return a ledger's answer without the times of reservations."""
    if isinstance(answer, Job):
        return evolve(answer, attempts=tuple(evolve(a, reserved_at=None) for a in answer.attempts))
    return evolve(answer, reserved_at=None) if isinstance(answer, Attempt) else answer


async def outcome_of(call: Call, ledger: CostLedger) -> object:
    """Return a call's result, or the class of its `VgenError` with the error's attributes.

    Other exceptions propagate.
    """
    try:
        return without_times(await call(ledger))
    except VgenError as error:
        attributes = {name: value for name, value in vars(error).items() if name != "ticket"}
        return type(error), attributes


def clip_of(attempt: int) -> int:
    """Return the clip of an attempt."""
    return attempt % CLIPS


def attempt_id(attempt: int) -> UUID:
    """Return an attempt's id."""
    return UUID(int=attempt)


def make_attempt(number: int, cents: int) -> Attempt:
    """Return a new attempt that holds so many cents."""
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


def make_manifest(
    budget: int, spent: int = 0, opening: str = "", *, purse: int | None = None
) -> Manifest:
    """Return the job's manifest; its budget, earlier spending and purse's limit are in cents."""
    clips = tuple(
        PlannedClip(ClipPrompt(index, "a lighthouse", 4.0), REQUEST, "f", ("svd",))
        for index in range(CLIPS)
    )
    settings = GenerationSettings()
    limit, before = Decimal(budget) / 100, Decimal(spent) / 100
    purses = () if purse is None else (Purse(PURSE, Decimal(purse) / 100),)
    return Manifest(JOB, clips, settings, limit, before, opening=opening, purses=purses)

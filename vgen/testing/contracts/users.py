"""Random users of a ledger, as Hypothesis strategies."""

from __future__ import annotations

from decimal import Decimal

from attrs import evolve, frozen
from hypothesis import strategies as st

from vgen.records.clip import Clip
from vgen.records.entry import (
    Doubted,
    Entry,
    Fetched,
    Lost,
    Released,
    Settled,
    Spooled,
    Stored,
    Ticketed,
    WrittenOff,
)
from vgen.records.status import State, Ticket
from vgen.testing.contracts.operations import (
    CLIPS,
    Advance,
    Conclude,
    GiveBack,
    LookUp,
    Open,
    Operation,
    Renew,
    Reserve,
    Stop,
    Take,
    WhoHolds,
    clip_of,
)

OWNERS = ("ann", "bob")
ATTEMPTS = 3 * CLIPS

TICKET = Ticket("svd", "p-1")
CLIP = Clip(0, "file:///clip.mp4", 4.0, 4.0, 0.0)

_CENTS = st.sampled_from([0, 10, 20, 30])
_BILLS = st.sampled_from(["0", "0.10", "0.20", "0.35"]).map(Decimal)
_OWNERS = st.sampled_from(OWNERS)
_CLIPS = st.integers(0, CLIPS - 1)
_ATTEMPTS = st.integers(0, ATTEMPTS - 1)

_TEXTS = st.sampled_from(["silence", "a\0b", "\ud800.mp4", "\U0001f3ac", '"\\u0000\\"'])
"""What providers say and how files are called: also what some databases cannot store."""

ENTRIES: st.SearchStrategy[Entry] = st.one_of(
    st.builds(Ticketed, st.builds(Ticket, st.just("svd"), _TEXTS)),
    st.builds(
        Settled,
        st.sampled_from([State.SUCCEEDED, State.FAILED, State.CANCELLED, State.RUNNING]),
        _BILLS,
        metered=st.booleans(),
        reason=_TEXTS,
    ),
    st.builds(Fetched, _TEXTS, _BILLS),
    *(st.builds(kind, _TEXTS) for kind in (Released, Doubted, Spooled, Lost, WrittenOff)),
    st.just(Stored(CLIP)),
)

OPENINGS = st.builds(
    Open,
    budget=st.sampled_from([0, 30, 50, 200]),
    holds=st.dictionaries(_ATTEMPTS, _CENTS, max_size=CLIPS),
    spent=st.sampled_from([0, 10]),
)

OPERATIONS: st.SearchStrategy[Operation] = st.one_of(
    OPENINGS,
    st.builds(Take, _OWNERS, _CLIPS, lasting=st.booleans()),
    st.builds(WhoHolds, _CLIPS),
    st.builds(Renew, _OWNERS, _CLIPS, lasting=st.booleans()),
    st.builds(GiveBack, _OWNERS, _CLIPS),
    st.builds(Reserve, _OWNERS, _ATTEMPTS, _CENTS),
    st.builds(Advance, _OWNERS, _ATTEMPTS, ENTRIES, astray=st.booleans()),
    st.just(Conclude()),
    st.just(Stop()),
    st.builds(LookUp, _ATTEMPTS),
)
"""Any operation at all: most are refused, by every ledger alike."""


def _life(owner: str, attempt: int, cents: int, entries: list[Entry]) -> list[Operation]:
    claimed: list[Operation] = [Take(owner, clip_of(attempt)), Reserve(owner, attempt, cents)]
    return [*claimed, *(Advance(owner, attempt, entry) for entry in entries)]


def _path(bill: Decimal, true_bill: Decimal, text: str, length: int, *, doubt: bool) -> list[Entry]:
    path: list[Entry] = [
        Ticketed(Ticket("svd", text)),
        Settled(State.SUCCEEDED, bill, reason=text),
        Fetched(text, true_bill),
        Stored(evolve(CLIP, video_url=text)),
    ]
    return [Doubted(text), *path][: length + 1] if doubt else path[:length]


PATHS = st.builds(_path, _BILLS, _BILLS, _TEXTS, st.integers(0, 4), doubt=st.booleans())
LIVES = st.builds(_life, _OWNERS, _ATTEMPTS, _CENTS, PATHS)
"""An attempt that is claimed, reserved and moved on, some way towards its end."""


def _rivals(clip: int, attempt: int, *, renewed: bool) -> list[Operation]:
    first, second = OWNERS
    ends: list[Operation] = [Renew(first, clip, lasting=False)] if renewed else []
    return [
        Take(first, clip, lasting=renewed),
        *ends,
        Take(second, clip),
        Reserve(first, attempt, 10),
        Take(first, clip),
    ]


RIVALS = st.builds(_rivals, _CLIPS, _ATTEMPTS, renewed=st.booleans())
"""A claim that expires and passes on, with its former owner knocking."""


def _taken_up(owner: str, planned: int, sent: int, cents: int) -> list[Operation]:
    return [Open(30, {planned: 30}), Take(owner, clip_of(sent)), Reserve(owner, sent, cents)]


TAKEN_UP = st.builds(_taken_up, _OWNERS, _ATTEMPTS, _ATTEMPTS, _CENTS)
"""A plan that takes the whole budget, of which an attempt is sent, that one or another."""


@frozen
class Step:
    """One operation; `twice`, where its answer was lost and it is asked again."""

    operation: Operation
    twice: bool


def histories(size: int) -> st.SearchStrategy[list[Step]]:
    """Give what users do with one job, in up to `size` runs of operations."""
    runs = OPENINGS.map(_alone), OPERATIONS.map(_alone), LIVES, RIVALS, TAKEN_UP
    many = st.integers(0, size).flatmap(
        lambda count: st.lists(st.one_of(runs), min_size=count, max_size=count)
    )
    drawn = st.tuples(OPENINGS, many, st.sets(st.integers(0, size)))
    return drawn.map(lambda found: _history(*found))


def _alone(operation: Operation) -> list[Operation]:
    return [operation]


def _history(first: Operation, runs: list[list[Operation]], again: set[int]) -> list[Step]:
    operations = [first, *(operation for run in runs for operation in run)]
    return [Step(operation, number in again) for number, operation in enumerate(operations)]

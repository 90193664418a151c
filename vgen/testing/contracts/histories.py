"""Random operations of a ledger's users, as Hypothesis strategies."""

from __future__ import annotations

from decimal import Decimal

from attrs import evolve, frozen
from hypothesis import strategies as st

from vgen.records.clip import Choice, Clip, StoredFile
from vgen.records.entry import (
    Chosen,
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
    ClaimClip,
    Conclude,
    GetHolder,
    LookUp,
    Open,
    Operation,
    ReadBooks,
    Release,
    Renew,
    Reserve,
    SpendElsewhere,
    Stop,
    clip_of,
)

OWNERS = ("ann", "bob")
ATTEMPTS = 3 * CLIPS

TICKET = Ticket("svd", "p-1")
CLIP = Clip(0, "file:///clip.mp4", 4.0, 4.0, 0.0)

_CENTS = st.sampled_from([0, 10, 20, 30])
_BILLS = st.sampled_from(["0", "0.10", "0.20", "0.35"]).map(Decimal)
_OWNERS = st.sampled_from(OWNERS)
_OPENINGS = st.sampled_from(["", "first", "second"])
_CLIPS = st.integers(0, CLIPS - 1)
_ATTEMPTS = st.integers(0, ATTEMPTS - 1)

_TEXTS = st.sampled_from(["silence", "a\0b", "\ud800.mp4", "\U0001f3ac", '"\\u0000\\"'])
"""Reasons and file names, also such as some databases cannot store."""


def _chosen(text: str) -> Entry:
    take = StoredFile(text, 1, text)
    return Chosen(evolve(CLIP, take=take, file=take, choice=Choice(text, 1)))


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
    st.builds(_chosen, _TEXTS),
)

OPENINGS = st.builds(
    Open,
    budget=st.sampled_from([0, 30, 50, 200]),
    expected=_CENTS,
    peak=_CENTS,
    spent=st.sampled_from([0, 10]),
    opening=_OPENINGS,
    purse=st.sampled_from([None, 20, 40, 100]),
)

OPERATIONS: st.SearchStrategy[Operation] = st.one_of(
    OPENINGS,
    st.builds(ClaimClip, _OWNERS, _CLIPS, lasting=st.booleans(), opening=_OPENINGS),
    st.builds(GetHolder, _CLIPS),
    st.builds(Renew, _OWNERS, _CLIPS, lasting=st.booleans()),
    st.builds(Release, _OWNERS, _CLIPS),
    st.builds(Reserve, _OWNERS, _ATTEMPTS, _CENTS),
    st.builds(Advance, _OWNERS, _ATTEMPTS, ENTRIES, wrong_claim=st.booleans()),
    st.builds(Conclude, st.sampled_from([None, 0, 3])),
    st.builds(SpendElsewhere, _ATTEMPTS, _CENTS),
    st.just(ReadBooks()),
    st.just(Stop()),
    st.builds(LookUp, _ATTEMPTS),
)
"""Any operation: most are refused, by every ledger alike."""


def _attempt_history(owner: str, attempt: int, cents: int, entries: list[Entry]) -> list[Operation]:
    claimed: list[Operation] = [ClaimClip(owner, clip_of(attempt)), Reserve(owner, attempt, cents)]
    return [*claimed, *(Advance(owner, attempt, entry) for entry in entries)]


def _entries(
    bill: Decimal, true_bill: Decimal, text: str, length: int, *, doubt: bool
) -> list[Entry]:
    entries: list[Entry] = [
        Ticketed(Ticket("svd", text)),
        Settled(State.SUCCEEDED, bill, reason=text),
        Fetched(text, true_bill),
        Stored(evolve(CLIP, video_url=text)),
        _chosen(text),
    ]
    return [Doubted(text), *entries][: length + 1] if doubt else entries[:length]


ENTRY_SEQUENCES = st.builds(
    _entries, _BILLS, _BILLS, _TEXTS, st.integers(0, 5), doubt=st.booleans()
)
ATTEMPT_HISTORIES = st.builds(_attempt_history, _OWNERS, _ATTEMPTS, _CENTS, ENTRY_SEQUENCES)
"""An attempt that is claimed, reserved and advanced by some entries."""


def _expired_claim(clip: int, attempt: int, *, renewed: bool) -> list[Operation]:
    first, second = OWNERS
    renewal: list[Operation] = [Renew(first, clip, lasting=False)] if renewed else []
    return [
        ClaimClip(first, clip, lasting=renewed),
        *renewal,
        ClaimClip(second, clip),
        Reserve(first, attempt, 10),
        ClaimClip(first, clip),
    ]


EXPIRED_CLAIMS = st.builds(_expired_claim, _CLIPS, _ATTEMPTS, renewed=st.booleans())
"""A claim that expires and is taken over, while its former owner goes on using it."""


def _reopened(owner: str, attempt: int, *, anew: bool) -> list[Operation]:
    return [
        Open(200, opening="first"),
        ClaimClip(owner, clip_of(attempt), opening="first"),
        Open(200, opening="second" if anew else "first"),
        Renew(owner, clip_of(attempt)),
        Reserve(owner, attempt, 10),
    ]


REOPENED = st.builds(_reopened, _OWNERS, _ATTEMPTS, anew=st.booleans())
"""A job that is opened anew while somebody works on it, with the same opening or another."""


def _shared_purse(owner: str, held: int, sent: int, cents: int) -> list[Operation]:
    return [
        Open(100, purse=40),
        SpendElsewhere(held, 20),
        ClaimClip(owner, clip_of(sent)),
        Reserve(owner, sent, cents),
        Open(100, expected=cents, purse=40),
    ]


SHARED_PURSE = st.builds(_shared_purse, _OWNERS, _ATTEMPTS, _ATTEMPTS, _CENTS)
"""A job whose purse another job uses too, and the reservation of an attempt."""


@frozen
class Step:
    """One operation; `repeated`, where its answer was lost and it is called again."""

    operation: Operation
    repeated: bool


def histories(size: int) -> st.SearchStrategy[list[Step]]:
    """Return a strategy for operations on one job: an opening, and up to `size` sequences."""
    sequences = (
        OPENINGS.map(_single),
        OPERATIONS.map(_single),
        ATTEMPT_HISTORIES,
        EXPIRED_CLAIMS,
        REOPENED,
        SHARED_PURSE,
    )
    many = st.integers(0, size).flatmap(
        lambda count: st.lists(st.one_of(sequences), min_size=count, max_size=count)
    )
    drawn = st.tuples(OPENINGS, many, st.sets(st.integers(0, size)))
    return drawn.map(lambda found: _history(*found))


def _single(operation: Operation) -> list[Operation]:
    return [operation]


def _history(first: Operation, sequences: list[list[Operation]], repeated: set[int]) -> list[Step]:
    operations = [first, *(operation for sequence in sequences for operation in sequence)]
    return [Step(operation, number in repeated) for number, operation in enumerate(operations)]

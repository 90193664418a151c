"""Parsers of the JSON that the database's functions return."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import Any, TypeVar, cast
from uuid import UUID

from attrs import evolve

from vgen import Clip, JobState, JobSummary, Spending, SpendingKey, from_json
from vgen.abc import (
    Account,
    Attempt,
    Claim,
    Custody,
    Job,
    JobClip,
    Line,
    Manifest,
    Money,
    Movement,
    Observation,
    Settled,
    Ticket,
    entry_from_json,
)

T = TypeVar("T")

Row = Mapping[str, Any]

ENCODED = frozenset({SpendingKey.BACKEND, SpendingKey.ACCOUNT})
"""The keys that may be arbitrary text."""


def optional(read: Callable[[Any], T]) -> Callable[[Any], T | None]:
    """Make a parser that passes `None` through."""
    return lambda value: None if value is None else read(value)


def list_of(read: Callable[[Any], T]) -> Callable[[object], tuple[T, ...]]:
    """Make a parser of lists."""

    def read_all(value: object) -> tuple[T, ...]:
        if not isinstance(value, list):
            raise TypeError("is not a list")
        return tuple(read(one) for one in cast("list[object]", value))

    return read_all


def truth(value: object) -> bool:
    """Read whether something is so."""
    if not isinstance(value, bool):
        raise TypeError("is neither true nor false")
    return value


def nothing(value: object) -> None:
    """Check the answer of a void function: an empty text in Postgres, nothing in PostgREST."""
    if value not in (None, ""):
        raise ValueError("is an answer")


def number(value: object) -> int:
    """Read a number."""
    if not isinstance(value, int):
        raise TypeError("is not a number")
    return value


def claim(job_id: UUID, clip_index: int, row: Row) -> Claim:
    """Read the claim on a clip."""
    return Claim(job_id, clip_index, from_json(row["owner"], str), row["epoch"])


def account(row: Row) -> Account:
    """Read a job's account."""
    return Account(
        limit=Decimal(row["limit"]),
        spent=Decimal(row["spent"]),
        held=Decimal(row["held"]),
        in_doubt=Decimal(row["in_doubt"]),
        overrun=row["overrun"],
    )


def purse(limit: Decimal, row: Row) -> Account:
    """Read where a purse stands, under its limit."""
    return Account(
        limit,
        spent=Decimal(row["spent"]),
        held=Decimal(row["held"]),
        in_doubt=Decimal(row["in_doubt"]),
    )


def attempt(row: Row) -> Attempt:
    """Read an attempt: its record, brought to its current state."""
    return evolve(
        from_json(row["record"], Attempt),
        money=Money(row["money"]),
        custody=Custody(row["custody"]),
        billed=None if row["billed"] is None else Decimal(row["billed"]),
        metered=row["metered"],
        overrun=row["overrun"],
        sent=row["sent"],
        ticket=_optional(row["ticket"], Ticket),
        path=_optional(row["path"], str),
        clip=_optional(row["clip"], Clip),
        reason=_optional(row["reason"], str) or "",
        epoch=row["epoch"],
        reserved_at=None if row["reserved_at"] is None else moment(row["reserved_at"]),
        purses=list_of(str)(row["purses"]),
    )


def job(row: Row) -> Job:
    """Read a job with its attempts."""
    return Job(
        manifest=from_json(row["manifest"], Manifest),
        account=account(row["account"]),
        attempts=tuple(attempt(each) for each in row["attempts"]),
        outcome=row["outcome"],
        stopped=row["stopped"],
    )


def clip(row: Row) -> JobClip:
    """Read one clip of a job."""
    return JobClip(from_json(row["manifest"], Manifest), row["total"], row["stopped"])


def line(row: Row) -> Line:
    """Read a line of the journal."""
    return Line(
        at=moment(row["at"]),
        clip_index=row["clip_index"],
        attempt_id=UUID(row["attempt_id"]),
        entry=entry_from_json(row["entry"]),
        movement=Movement(
            spent=Decimal(row["spent"]),
            held=Decimal(row["held"]),
            in_doubt=Decimal(row["in_doubt"]),
        ),
    )


def job_summary(row: Row) -> JobSummary:
    """Read a job in a list."""
    return JobSummary(
        job_id=UUID(row["job_id"]),
        opened_at=moment(row["opened_at"]),
        state=JobState(row["state"]),
        name=from_json(row["name"], str),
        folder=from_json(row["folder"], str),
        backends=_texts(row["backends"]),
        clips=row["clips"],
        made=row["made"],
        account=account(row),
    )


def spending(by: Collection[SpendingKey], sums: object) -> tuple[Spending, ...]:
    """Read what was spent, and sort it by the keys."""
    asked = [key for key in SpendingKey if key in by]
    read = list_of(partial(_sum, asked))
    return tuple(
        Spending.of(values, by, spent=spent, attempts=attempts)
        for values, spent, attempts in sorted(read(sums))
    )


def _sum(asked: Collection[SpendingKey], row: Row) -> tuple[tuple[str, ...], Decimal, int]:
    values = tuple(from_json(row[key], str) if key in ENCODED else row[key] for key in asked)
    return values, Decimal(row["spent"]), row["attempts"]


def observation(row: Row) -> Observation:
    """Read what became of an attempt."""
    verdict = entry_from_json(row["entry"])
    if not isinstance(verdict, Settled):
        raise TypeError("is no verdict")
    return Observation.of(attempt(row["attempt"]), verdict.verdict, moment(row["at"]))


def _texts(spelled: object) -> tuple[str, ...]:
    return list_of(lambda text: from_json(text, str))(spelled)


def _optional(text: str | None, kind: type[T]) -> T | None:
    return None if text is None else from_json(text, kind)


def moment(seconds: str) -> datetime:
    """Read a time: seconds since the epoch, as text."""
    return datetime.fromtimestamp(float(seconds), UTC)

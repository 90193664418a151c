"""The rows that the database's functions give, as records."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeVar, cast
from uuid import UUID

from attrs import evolve

from vgen import Clip, from_json
from vgen.abc import (
    Account,
    Attempt,
    Claim,
    Custody,
    Job,
    Line,
    Manifest,
    Money,
    Movement,
    Ticket,
    entry_from_json,
)

T = TypeVar("T")

Row = Mapping[str, Any]


def maybe(read: Callable[[Any], T]) -> Callable[[Any], T | None]:
    """Read what may be missing."""
    return lambda told: None if told is None else read(told)


def each(read: Callable[[Any], T]) -> Callable[[object], tuple[T, ...]]:
    """Read a list."""

    def read_all(told: object) -> tuple[T, ...]:
        if not isinstance(told, list):
            raise TypeError("is no list")
        return tuple(read(one) for one in cast("list[object]", told))

    return read_all


def nothing(told: object) -> None:
    """Read the answer of what gives none: Postgres has an empty text for it, PostgREST nothing."""
    if told not in (None, ""):
        raise ValueError("is an answer")


def number(told: object) -> int:
    """Read a number."""
    if not isinstance(told, int):
        raise TypeError("is no number")
    return told


def claim(job_id: UUID, clip_index: int, row: Row) -> Claim:
    """Read who holds a clip."""
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


def attempt(row: Row) -> Attempt:
    """Read an attempt: its record as it was handed in, in its present state."""
    return evolve(
        from_json(row["record"], Attempt),
        money=Money(row["money"]),
        custody=Custody(row["custody"]),
        billed=None if row["billed"] is None else Decimal(row["billed"]),
        metered=row["metered"],
        overrun=row["overrun"],
        sent=row["sent"],
        ticket=_maybe(row["ticket"], Ticket),
        path=_maybe(row["path"], str),
        clip=_maybe(row["clip"], Clip),
        reason=_maybe(row["reason"], str) or "",
        epoch=row["epoch"],
        reserved_at=None if row["reserved_at"] is None else _moment(row["reserved_at"]),
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


def line(row: Row) -> Line:
    """Read a line of the journal."""
    return Line(
        at=_moment(row["at"]),
        clip_index=row["clip_index"],
        attempt_id=UUID(row["attempt_id"]),
        entry=entry_from_json(row["entry"]),
        movement=Movement(
            spent=Decimal(row["spent"]),
            held=Decimal(row["held"]),
            in_doubt=Decimal(row["in_doubt"]),
        ),
    )


def _maybe(text: str | None, kind: type[T]) -> T | None:
    return None if text is None else from_json(text, kind)


def _moment(seconds: str) -> datetime:
    return datetime.fromtimestamp(float(seconds), UTC)

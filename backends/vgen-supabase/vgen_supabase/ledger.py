"""A ledger kept by functions in the database, whichever way they are called."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from importlib.resources import files
from typing import Any, TypeVar
from uuid import UUID, uuid4

from attrs import evolve

from vgen import to_json
from vgen.abc import (
    Account,
    Attempt,
    Claim,
    Custody,
    Entry,
    Job,
    Line,
    Manifest,
    MigratedLedger,
    Money,
    entry_to_json,
)
from vgen.errors import LedgerError
from vgen_supabase import rows
from vgen_supabase.database_errors import RefusedError
from vgen_supabase.retry import retry

T = TypeVar("T")

DOUBLE_ENCODED = frozenset({"reason", "ticket", "path", "clip"})
"""The fields of entries that may contain arbitrary text."""

MALFORMED = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What parsing a malformed answer raises."""


class DatabaseLedger(MigratedLedger):
    """A ledger in Postgres, which any number of processes and machines may share.

    Each method calls one function of the migration, which is one transaction and idempotent: if no
    answer comes, the call is retried. Timestamps are the database's.

    Raises `ConfigurationError` if the database has no ledger, or rejects the login.
    """

    @abstractmethod
    async def call_once(self, function: str, arguments: Mapping[str, Any]) -> Any:
        """Call a function of the migration once, without retries, and return its JSON value.

        Raises:
            LostAnswerError: no answer came; the call may have been done.
            RefusedError: the database refused; the call was not done.
            ConfigurationError: the database cannot be used.
            LedgerError: the call cannot be sent.
        """

    async def _call(self, function: str, read: Callable[[Any], T], **arguments: Any) -> T:
        """Call a function of the migration, with retries, and parse its answer with `read`."""
        try:
            answer = await retry(partial(self.call_once, function, arguments))
        except RefusedError as error:
            raise error.to_vgen_error() from error
        try:
            return read(answer)
        except MALFORMED as error:
            raise LedgerError(f"the database sent a malformed answer to {function}") from error

    def migration(self) -> str:
        """Return the SQL that makes the tables and functions."""
        return files("vgen_supabase").joinpath("ledger.sql").read_text("utf-8")

    async def open_job(self, manifest: Manifest, holds: Sequence[Attempt]) -> Account:
        """Record the job and its first holds in one transaction."""
        return await self._call(
            "vgen_open_job",
            rows.account,
            job=str(manifest.job_id),
            call=str(uuid4()),
            manifest=to_json(manifest),
            opening=manifest.opening,
            budget=str(manifest.budget),
            already_spent=str(manifest.already_spent),
            holds=[_hold(attempt) for attempt in holds],
        )

    async def job(self, job_id: UUID) -> Job | None:
        """Read a job."""
        return await self._call("vgen_job", rows.optional(rows.job), job=str(job_id))

    async def attempts(self, job_id: UUID, clip_index: int) -> tuple[Attempt, ...]:
        """Read a clip's attempts."""
        read = rows.list_of(rows.attempt)
        return await self._call("vgen_attempts", read, job=str(job_id), clip=clip_index)

    async def attempt(self, attempt_id: UUID) -> Attempt | None:
        """Read an attempt."""
        read = rows.optional(rows.attempt)
        return await self._call("vgen_attempt", read, attempt=str(attempt_id))

    async def unsettled(self) -> tuple[Attempt, ...]:
        """Read the attempts that were sent and are still open."""
        return await self._call("vgen_unsettled", rows.list_of(rows.attempt))

    async def jobs(self) -> tuple[UUID, ...]:
        """List the jobs."""
        return await self._call("vgen_jobs", rows.list_of(UUID))

    async def claim(
        self, job_id: UUID, clip_index: int, *, owner: str, lease: float, opening: str = ""
    ) -> Claim | None:
        """Claim a clip."""
        epoch = await self._call(
            "vgen_claim",
            rows.optional(rows.number),
            job=str(job_id),
            clip=clip_index,
            owner=to_json(owner),
            call=str(uuid4()),
            lease=lease,
            opening=opening,
        )
        return None if epoch is None else Claim(job_id, clip_index, owner, epoch)

    async def holder(self, job_id: UUID, clip_index: int) -> Claim | None:
        """Read the current claim on a clip."""
        read = rows.optional(partial(rows.claim, job_id, clip_index))
        return await self._call("vgen_holder", read, job=str(job_id), clip=clip_index)

    async def renew(self, claim: Claim, *, lease: float) -> None:
        """Renew a claim."""
        await self._call("vgen_renew", rows.nothing, **_claim(claim), lease=lease)

    async def release(self, claim: Claim) -> None:
        """Release a claim."""
        await self._call("vgen_release", rows.nothing, **_claim(claim))

    async def reserve(self, claim: Claim, attempt: Attempt) -> Attempt:
        """Reserve an attempt's money within the budget, just before it is sent."""
        ours = evolve(attempt, job_id=claim.job_id, clip_index=claim.clip_index)
        return await self._call(
            "vgen_reserve",
            rows.attempt,
            **_claim(claim),
            attempt=str(ours.attempt_id),
            hold=str(ours.hold),
            record=to_json(ours),
        )

    async def advance(
        self, claim: Claim, attempt_id: UUID, expected: tuple[Money, Custody], entry: Entry
    ) -> Attempt:
        """Apply an entry to an attempt in the expected state."""
        money, custody = expected
        return await self._call(
            "vgen_advance",
            rows.attempt,
            **_claim(claim),
            attempt=str(attempt_id),
            money=money,
            custody=custody,
            entry=entry_to_json(entry),
            change=_change(entry),
        )

    async def conclude(self, job_id: UUID, outcome: str) -> Account:
        """Release the holds that were never sent, and record the outcome."""
        storable = outcome.replace("\0", "\\x00").encode(errors="backslashreplace").decode()
        return await self._call(
            "vgen_conclude", rows.account, job=str(job_id), call=str(uuid4()), outcome=storable
        )

    async def stop(self, job_id: UUID) -> None:
        """Mark a job as stopped."""
        await self._call("vgen_stop", rows.nothing, job=str(job_id))

    async def now(self) -> datetime:
        """Read the database's clock."""
        return await self._call("vgen_now", rows.moment)

    async def history(self, job_id: UUID) -> tuple[Line, ...]:
        """Read a job's journal."""
        return await self._call("vgen_history", rows.list_of(rows.line), job=str(job_id))


def _claim(claim: Claim) -> dict[str, Any]:
    return {"job": str(claim.job_id), "clip": claim.clip_index, "epoch": claim.epoch}


def _hold(attempt: Attempt) -> dict[str, Any]:
    return {
        "attempt_id": str(attempt.attempt_id),
        "clip_index": attempt.clip_index,
        "hold": str(attempt.hold),
        "record": to_json(attempt),
    }


def _change(entry: Entry) -> dict[str, Any]:
    """Return an entry as JSON for the database, with arbitrary text encoded as JSON twice.

    Postgres cannot read JSON that contains an escaped NUL or a lone surrogate.
    """
    fields = json.loads(entry_to_json(entry))
    return {
        name: to_json(each) if name in DOUBLE_ENCODED else each for name, each in fields.items()
    }

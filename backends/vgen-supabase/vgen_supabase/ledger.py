"""A ledger kept by functions in the database, whichever way they are called."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from functools import partial
from importlib.resources import files
from typing import Any, TypeVar
from uuid import UUID, uuid4

from attrs import evolve

from vgen import JobQuery, JobSummary, Spending, SpendingKey, to_json
from vgen.abc import (
    EVERY_JOB,
    NOTICES_KEPT,
    Account,
    Attempt,
    Claim,
    Custody,
    Entry,
    Job,
    JobClip,
    Line,
    Manifest,
    MigratedLedger,
    Money,
    Need,
    Notice,
    Observation,
    Purse,
    entry_to_json,
)
from vgen.errors import LedgerError
from vgen_supabase import rows
from vgen_supabase.database_errors import RefusedError
from vgen_supabase.retry import retry

T = TypeVar("T")

DOUBLE_ENCODED = frozenset({"reason", "ticket", "path", "clip"})
"""The fields of entries that may contain arbitrary text."""

HEXADECIMAL = frozenset("0123456789abcdef-")
"""What ids are made of."""

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
        """Call a function of the migration, with retries, and parse its answer with `read`.

        Arguments that are `None` are left to the function's defaults.
        """
        given = {name: value for name, value in arguments.items() if value is not None}
        try:
            answer = await retry(partial(self.call_once, function, given))
        except RefusedError as error:
            raise error.to_vgen_error() from error
        try:
            return read(answer)
        except MALFORMED as error:
            raise LedgerError(f"the database sent a malformed answer to {function}") from error

    def migration(self) -> str:
        """Return the SQL that makes the tables and functions."""
        return files("vgen_supabase").joinpath("ledger.sql").read_text("utf-8")

    async def open_job(self, manifest: Manifest, need: Need) -> Account:
        """Record the job, if its limits allow what it needs."""
        return await self._call(
            "vgen_open_job",
            rows.account,
            job=str(manifest.job_id),
            call=str(uuid4()),
            terms=_terms(manifest),
            clips=[{"index": one.clip_index, "record": to_json(one)} for one in manifest.clips],
            opening=manifest.opening,
            budget=str(manifest.budget),
            already_spent=str(manifest.already_spent),
            expected=str(need.expected),
            peak=str(need.peak),
            purses=[{"name": each.name, "limit": str(each.limit)} for each in manifest.purses],
        )

    async def job(self, job_id: UUID) -> Job | None:
        """Read a job."""
        return await self._call("vgen_job", rows.optional(rows.job), job=str(job_id))

    async def clip(self, job_id: UUID, clip_index: int) -> JobClip | None:
        """Read one clip of a job."""
        read = rows.optional(rows.clip)
        return await self._call("vgen_clip", read, job=str(job_id), clip=clip_index)

    async def attempts(self, job_id: UUID, clip_index: int) -> tuple[Attempt, ...]:
        """Read a clip's attempts."""
        read = rows.list_of(rows.attempt)
        return await self._call("vgen_attempts", read, job=str(job_id), clip=clip_index)

    async def attempt(self, attempt_id: UUID) -> Attempt | None:
        """Read an attempt."""
        read = rows.optional(rows.attempt)
        return await self._call("vgen_attempt", read, attempt=str(attempt_id))

    async def unsettled(self, job_id: UUID | None = None) -> tuple[Attempt, ...]:
        """Read the attempts that were sent and are still open."""
        read = rows.list_of(rows.attempt)
        return await self._call("vgen_unsettled", read, job=job_id and str(job_id))

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
        """Hold an attempt's money within the limits, just before it is sent."""
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

    async def conclude(self, job_id: UUID, outcome: str, made: int | None = None) -> Account:
        """Record the outcome."""
        storable = outcome.replace("\0", "\\x00").encode(errors="backslashreplace").decode()
        return await self._call(
            "vgen_conclude",
            rows.account,
            job=str(job_id),
            call=str(uuid4()),
            outcome=storable,
            made=made,
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

    async def jobs(self, query: JobQuery = EVERY_JOB) -> tuple[JobSummary, ...]:
        """List jobs."""
        if not HEXADECIMAL.issuperset(query.prefix):
            return ()
        return await self._call(
            "vgen_jobs",
            rows.list_of(rows.job_summary),
            since=_spelled(query.since),
            until=_spelled(query.until),
            states=list(query.states),
            prefix=query.prefix,
            after=query.after and str(query.after),
            most=query.limit,
        )

    async def spending(
        self,
        since: datetime | None = None,
        until: datetime | None = None,
        by: Collection[SpendingKey] = (),
    ) -> tuple[Spending, ...]:
        """Sum up what was spent."""
        return await self._call(
            "vgen_spending",
            partial(rows.spending, by),
            since=_spelled(since),
            until=_spelled(until),
            keys=list(by),
        )

    async def purse(self, purse: Purse) -> Account:
        """Read where a purse stands."""
        return await self._call("vgen_purse", partial(rows.purse, purse.limit), name=purse.name)

    async def observed(self, backend: str, *, limit: int) -> tuple[Observation, ...]:
        """Read what became of a backend's attempts."""
        read = rows.list_of(rows.observation)
        return await self._call("vgen_observed", read, backend=to_json(backend), most=limit)

    async def add_notice(self, notice: Notice) -> bool:
        """Record a notice."""
        return await self._call(
            "vgen_add_notice",
            rows.truth,
            account=to_json(notice.account),
            message=to_json(notice.message_id),
            provider=to_json(notice.provider_id),
            kept=NOTICES_KEPT,
        )

    async def noticed(self, account: str, provider_ids: Collection[str]) -> frozenset[str]:
        """Read which attempts were told of."""
        asked = {to_json(each): each for each in provider_ids}
        if not asked:
            return frozenset()
        found = await self._call(
            "vgen_noticed", rows.list_of(str), account=to_json(account), providers=list(asked)
        )
        return frozenset(asked[each] for each in found)


def _terms(manifest: Manifest) -> str:
    """Return all that a manifest says but of its clips, as JSON."""
    fields = json.loads(to_json(evolve(manifest, clips=())))
    return to_json({name: each for name, each in fields.items() if name != "clips"})


def _claim(claim: Claim) -> dict[str, Any]:
    return {"job": str(claim.job_id), "clip": claim.clip_index, "epoch": claim.epoch}


def _spelled(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat()


def _change(entry: Entry) -> dict[str, Any]:
    """Return an entry as JSON for the database, with arbitrary text encoded as JSON twice.

    Postgres cannot read JSON that contains an escaped NUL or a lone surrogate.
    """
    fields = json.loads(entry_to_json(entry))
    return {
        name: to_json(each) if name in DOUBLE_ENCODED else each for name, each in fields.items()
    }

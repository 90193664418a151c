"""The ledger as the database's functions keep it, however they are called."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
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
from vgen_supabase.patience import patiently
from vgen_supabase.refusals import RefusedError

T = TypeVar("T")

SPELLED = frozenset({"reason", "ticket", "path", "clip"})
"""The parts of entries that may hold text of any kind."""

UNSOUND = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What reading an answer of another shape raises."""


class DatabaseLedger(MigratedLedger):
    """A ledger in Postgres, which any number of processes and machines may share.

    Each call is one call of a function of the migration, one transaction, and carries what makes
    it safe to repeat: where no answer comes it is asked again. Its time is the database's.

    Raises `ConfigurationError` where the database has no such ledger, or does not let us in.
    """

    @abstractmethod
    async def ask(self, function: str, arguments: Mapping[str, Any]) -> Any:
        """Call a function of the migration once, and give its JSON value.

        Raises:
            LostAnswerError: no answer came; it may have been done.
            RefusedError: it was not.
            ConfigurationError: the database cannot be used.
            LedgerError: it cannot be asked that.
        """

    async def _call(self, function: str, read: Callable[[Any], T], **arguments: Any) -> T:
        """Call a function of the migration, until there is an answer, and read that."""
        try:
            told = await patiently(partial(self.ask, function, arguments))
        except RefusedError as error:
            raise error.meaning() from error
        try:
            return read(told)
        except UNSOUND as error:
            raise LedgerError(f"the database has no sound answer to {function}") from error

    def migration(self) -> str:
        """Give the tables and functions in SQL."""
        return files("vgen_supabase").joinpath("ledger.sql").read_text("utf-8")

    async def open_job(self, manifest: Manifest, holds: Sequence[Attempt]) -> Account:
        """Write the job and its first holds down in one transaction."""
        return await self._call(
            "vgen_open_job",
            rows.account,
            job=str(manifest.job_id),
            call=str(uuid4()),
            manifest=to_json(manifest),
            budget=str(manifest.budget),
            already_spent=str(manifest.already_spent),
            holds=[_hold(attempt) for attempt in holds],
        )

    async def job(self, job_id: UUID) -> Job | None:
        """Read a job."""
        return await self._call("vgen_job", rows.maybe(rows.job), job=str(job_id))

    async def attempts(self, job_id: UUID, clip_index: int) -> tuple[Attempt, ...]:
        """Read a clip's attempts."""
        read = rows.each(rows.attempt)
        return await self._call("vgen_attempts", read, job=str(job_id), clip=clip_index)

    async def attempt(self, attempt_id: UUID) -> Attempt | None:
        """Read an attempt."""
        return await self._call("vgen_attempt", rows.maybe(rows.attempt), attempt=str(attempt_id))

    async def unsettled(self) -> tuple[Attempt, ...]:
        """Read what was sent and can still move."""
        return await self._call("vgen_unsettled", rows.each(rows.attempt))

    async def jobs(self) -> tuple[UUID, ...]:
        """List the jobs."""
        return await self._call("vgen_jobs", rows.each(UUID))

    async def claim(
        self, job_id: UUID, clip_index: int, *, owner: str, lease: float
    ) -> Claim | None:
        """Claim a clip."""
        epoch = await self._call(
            "vgen_claim",
            rows.maybe(rows.number),
            job=str(job_id),
            clip=clip_index,
            owner=to_json(owner),
            call=str(uuid4()),
            lease=lease,
        )
        return None if epoch is None else Claim(job_id, clip_index, owner, epoch)

    async def holder(self, job_id: UUID, clip_index: int) -> Claim | None:
        """Read who holds a clip."""
        read = rows.maybe(partial(rows.claim, job_id, clip_index))
        return await self._call("vgen_holder", read, job=str(job_id), clip=clip_index)

    async def renew(self, claim: Claim, *, lease: float) -> None:
        """Renew a claim."""
        await self._call("vgen_renew", rows.nothing, **_claim(claim), lease=lease)

    async def release(self, claim: Claim) -> None:
        """Give a clip back."""
        await self._call("vgen_release", rows.nothing, **_claim(claim))

    async def reserve(self, claim: Claim, attempt: Attempt) -> Attempt:
        """Hold an attempt's money within the budget."""
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
        """Move an attempt on."""
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
        """Release what was planned, and note the outcome."""
        spelled = outcome.replace("\0", "\\x00").encode(errors="backslashreplace").decode()
        return await self._call(
            "vgen_conclude", rows.account, job=str(job_id), call=str(uuid4()), outcome=spelled
        )

    async def stop(self, job_id: UUID) -> None:
        """Mark a job as stopped."""
        await self._call("vgen_stop", rows.nothing, job=str(job_id))

    async def history(self, job_id: UUID) -> tuple[Line, ...]:
        """Read a job's journal."""
        return await self._call("vgen_history", rows.each(rows.line), job=str(job_id))


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
    """Give an entry for the database to read: text that may hold anything is spelled once more.

    Postgres reads no JSON with an escaped NUL or a lone surrogate in it.
    """
    told = json.loads(entry_to_json(entry))
    return {name: to_json(each) if name in SPELLED else each for name, each in told.items()}

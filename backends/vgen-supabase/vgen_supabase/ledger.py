"""The ledger as the database's functions keep it, however they are called."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any
from uuid import UUID, uuid4

import trio
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
from vgen_supabase.refusals import LostAnswerError, RefusedError

PATIENCE = 15.0
"""How long one call is tried, in seconds: less than the runner gives its ledger."""

ANSWER = 8.0
"""How long one answer is waited for, in seconds."""

FIRST_PAUSE, LONGEST_PAUSE = 0.05, 1.0
"""Seconds between two tries: the pause doubles."""


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
        """

    async def _call(self, function: str, **arguments: Any) -> Any:
        """Call a function of the migration, until there is an answer."""
        last, pause = trio.current_time() + PATIENCE, FIRST_PAUSE
        while True:
            try:
                with trio.fail_after(ANSWER):
                    return await self.ask(function, arguments)
            except RefusedError as error:
                if not error.passing:
                    raise error.meaning() from error
                reason: Exception = error
            except LostAnswerError as error:
                reason = error
            except trio.TooSlowError:
                reason = LostAnswerError(f"no answer within {ANSWER:g} s")
            if trio.current_time() + pause > last:
                raise LedgerError(f"the database cannot be reached: {reason}") from reason
            await trio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    def migration(self) -> str:
        """Give the tables and functions in SQL."""
        return files("vgen_supabase").joinpath("ledger.sql").read_text("utf-8")

    async def open_job(self, manifest: Manifest, holds: Sequence[Attempt]) -> Account:
        """Write the job and its first holds down in one transaction."""
        told = await self._call(
            "vgen_open_job",
            job=str(manifest.job_id),
            call=str(uuid4()),
            manifest=to_json(manifest),
            budget=str(manifest.budget),
            already_spent=str(manifest.already_spent),
            holds=[_hold(attempt) for attempt in holds],
        )
        return rows.account(told)

    async def job(self, job_id: UUID) -> Job | None:
        """Read a job."""
        found = await self._call("vgen_job", job=str(job_id))
        return None if found is None else rows.job(found)

    async def attempts(self, job_id: UUID, clip_index: int) -> tuple[Attempt, ...]:
        """Read a clip's attempts."""
        found = await self._call("vgen_attempts", job=str(job_id), clip=clip_index)
        return tuple(rows.attempt(each) for each in found)

    async def attempt(self, attempt_id: UUID) -> Attempt | None:
        """Read an attempt."""
        found = await self._call("vgen_attempt", attempt=str(attempt_id))
        return None if found is None else rows.attempt(found)

    async def unsettled(self) -> tuple[Attempt, ...]:
        """Read what was sent and can still move."""
        return tuple(rows.attempt(each) for each in await self._call("vgen_unsettled"))

    async def jobs(self) -> tuple[UUID, ...]:
        """List the jobs."""
        return tuple(UUID(each) for each in await self._call("vgen_jobs"))

    async def claim(
        self, job_id: UUID, clip_index: int, *, owner: str, lease: float
    ) -> Claim | None:
        """Claim a clip."""
        epoch = await self._call(
            "vgen_claim",
            job=str(job_id),
            clip=clip_index,
            owner=owner,
            call=str(uuid4()),
            lease=lease,
        )
        return None if epoch is None else Claim(job_id, clip_index, owner, epoch)

    async def holder(self, job_id: UUID, clip_index: int) -> Claim | None:
        """Read who holds a clip."""
        held = await self._call("vgen_holder", job=str(job_id), clip=clip_index)
        return None if held is None else Claim(job_id, clip_index, held["owner"], held["epoch"])

    async def renew(self, claim: Claim, *, lease: float) -> None:
        """Renew a claim."""
        await self._call("vgen_renew", **_claim(claim), lease=lease)

    async def release(self, claim: Claim) -> None:
        """Give a clip back."""
        await self._call("vgen_release", **_claim(claim), lease=0.0)

    async def reserve(self, claim: Claim, attempt: Attempt) -> Attempt:
        """Hold an attempt's money within the budget."""
        ours = evolve(attempt, job_id=claim.job_id, clip_index=claim.clip_index)
        told = await self._call(
            "vgen_reserve",
            **_claim(claim),
            attempt=str(ours.attempt_id),
            hold=str(ours.hold),
            record=to_json(ours),
        )
        return rows.attempt(told)

    async def advance(
        self, claim: Claim, attempt_id: UUID, expected: tuple[Money, Custody], entry: Entry
    ) -> Attempt:
        """Move an attempt on."""
        money, custody = expected
        told = await self._call(
            "vgen_advance",
            **_claim(claim),
            attempt=str(attempt_id),
            money=money,
            custody=custody,
            entry=entry_to_json(entry),
        )
        return rows.attempt(told)

    async def conclude(self, job_id: UUID, outcome: str) -> Account:
        """Release what was planned, and note the outcome."""
        spelled = outcome.replace("\0", "\\x00").encode(errors="backslashreplace").decode()
        return rows.account(await self._call("vgen_conclude", job=str(job_id), outcome=spelled))

    async def stop(self, job_id: UUID) -> None:
        """Mark a job as stopped."""
        await self._call("vgen_stop", job=str(job_id))

    async def history(self, job_id: UUID) -> tuple[Line, ...]:
        """Read a job's journal."""
        return tuple(rows.line(each) for each in await self._call("vgen_history", job=str(job_id)))


def _claim(claim: Claim) -> dict[str, Any]:
    return {"job": str(claim.job_id), "clip": claim.clip_index, "epoch": claim.epoch}


def _hold(attempt: Attempt) -> dict[str, Any]:
    return {
        "attempt_id": str(attempt.attempt_id),
        "clip_index": attempt.clip_index,
        "hold": str(attempt.hold),
        "record": to_json(attempt),
    }

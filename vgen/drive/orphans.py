"""Attempts that a process has left open: asked after, called off, or cleared up by a person."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from uuid import UUID

import trio
from attrs import frozen

from vgen.drive.claims import LEASE, LOOK_AGAIN, claim_now, given_back
from vgen.drive.clip import ClipRun
from vgen.drive.images import Images
from vgen.drive.job import JobRun
from vgen.drive.kit import Kit
from vgen.drive.place import Place, at
from vgen.drive.resume import End, ask_once, call_off, carry_on
from vgen.errors import ConfigurationError, LedgerError, NotFoundError, VgenError
from vgen.ports.ledger import CostLedger
from vgen.records.attempt import Attempt, Custody, Money
from vgen.records.entry import Released, WrittenOff
from vgen.records.job import Claim

logger = logging.getLogger("vgen")

AT_ONCE = 10
"""How many attempts are asked after at once."""


@frozen
class Reconciled:
    """An attempt as it stands now; `note` says why it is still open, if it is."""

    attempt: Attempt
    note: str = ""


async def reconcile(kit: Kit, job_id: UUID | None) -> tuple[Reconciled, ...]:
    """Ask the providers after all that was left open, of one job or of all, without waiting."""

    async def now(attempt: Attempt) -> Claim | None:
        return await claim_now(kit, attempt.job_id, attempt.clip_index)

    return await _each(kit, job_id, now, ask_once)


async def call_job_off(kit: Kit, job_id: UUID) -> tuple[Reconciled, ...]:
    """Stop a job wherever it runs, and cancel what is open of it at its providers.

    One that has ended, with nothing left open, stays as it is.
    """
    job = await kit.ledger.job(job_id)
    if job is not None and job.outcome and not any(a.is_open for a in job.attempts):
        return ()
    await kit.ledger.stop(job_id)
    kit.stops.tell(job_id)

    async def soon(attempt: Attempt) -> Claim | None:
        with trio.move_on_after(LEASE + kit.settings.grace):
            while True:
                claim = await claim_now(kit, attempt.job_id, attempt.clip_index)
                if claim is not None:
                    return claim
                await trio.sleep(LOOK_AGAIN)
        return None

    found = await _each(kit, job_id, soon, call_off)
    await kit.ledger.conclude(job_id, "cancelled")
    return found


async def resolve(ledger: CostLedger, attempt_id: UUID, *, paid: bool, owner: str) -> Attempt:
    """Write down what a person has found out about an attempt in doubt, or written off.

    Raises:
        NotFoundError: there is no such attempt.
        ConfigurationError: nothing of it is in doubt.
        LedgerError: another process is working on its clip.
    """
    attempt = await ledger.attempt(attempt_id)
    if attempt is None:
        raise NotFoundError(f"the ledger has no attempt {attempt_id}")
    if attempt.money is not Money.WRITTEN_OFF and attempt.custody is not Custody.INTENDED:
        raise ConfigurationError(
            f"attempt {attempt_id} is {attempt.money} and {attempt.custody}: nothing is in doubt"
        )
    if paid and attempt.money is Money.WRITTEN_OFF:
        return attempt
    claim = await ledger.claim(attempt.job_id, attempt.clip_index, owner=owner, lease=LEASE)
    if claim is None:
        raise LedgerError(f"another process is working on clip {attempt.clip_index} of its job")
    entry = WrittenOff("paid, a person says") if paid else Released("not paid, a person says")
    with at(Place.of(attempt)):
        async with given_back(ledger, claim, grace=LEASE):
            return await ledger.advance(claim, attempt_id, attempt.state, entry)


async def _each(
    kit: Kit,
    job_id: UUID | None,
    claim: Callable[[Attempt], Awaitable[Claim | None]],
    end: End,
) -> tuple[Reconciled, ...]:
    open_now = [a for a in await kit.ledger.unsettled() if job_id in {None, a.job_id}]
    found: dict[UUID, Reconciled] = {}
    limiter = trio.CapacityLimiter(AT_ONCE)

    async def one(attempt: Attempt) -> None:
        async with limiter:
            with at(Place.of(attempt)):
                found[attempt.attempt_id] = await _reconciled(kit, attempt, claim, end)

    async with trio.open_nursery() as nursery:
        for attempt in open_now:
            nursery.start_soon(one, attempt)
    return tuple(found[attempt.attempt_id] for attempt in open_now)


async def _reconciled(
    kit: Kit, attempt: Attempt, claim: Callable[[Attempt], Awaitable[Claim | None]], end: End
) -> Reconciled:
    note = ""
    try:
        held = await claim(attempt)
        if held is None:
            return Reconciled(attempt, "another process is working on it")
        async with given_back(kit.ledger, held, grace=kit.settings.grace):
            await _carry_on(kit, held, attempt, end)
    except VgenError as error:
        note = str(error)
    now = await kit.ledger.attempt(attempt.attempt_id) or attempt
    return Reconciled(now, note if now.is_open else "")


async def _carry_on(kit: Kit, claim: Claim, attempt: Attempt, end: End) -> None:
    job = await kit.ledger.job(attempt.job_id)
    attempts = {a.attempt_id: a for a in job.of_clip(attempt.clip_index)} if job else {}
    standing = attempts.get(attempt.attempt_id)
    if job is None or standing is None or not standing.is_open:
        return
    try:
        planned = job.manifest.clip(attempt.clip_index)
    except KeyError:
        raise ConfigurationError("its job has no such clip any more") from None
    images = Images(kit.storage, kit.inspector, backoff=kit.settings.backoff)
    run = ClipRun(JobRun(kit, images, job.manifest), planned, claim, attempts)
    await carry_on(run, standing, end=end)

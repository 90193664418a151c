"""`--adopt`: clips that `clips.json` has and the ledger does not, written down as paid."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from attrs import evolve

from vgen import Clip, ClipFailure
from vgen.cli.text import dollars
from vgen.decisions.attempts import next_number
from vgen.decisions.known import unknown_cost
from vgen.drive.attempt.create import new_attempt
from vgen.drive.attempt.held_claim import LEASE
from vgen.drive.clip.claims import released_claim
from vgen.drive.clip.processes import this_process
from vgen.errors import LedgerError
from vgen.ports.backend import VideoBackend
from vgen.ports.ledger import CostLedger
from vgen.ports.storage import Storage
from vgen.records.attempt import Attempt
from vgen.records.entry import Entry, Fetched, Lost, Settled, Stored, Ticketed
from vgen.records.job import Job, Manifest
from vgen.records.money import ZERO, Need
from vgen.records.status import State, Ticket

ADOPTED = "adopted from clips.json"


async def adopt(
    manifest: Manifest,
    outcomes: Sequence[Clip | ClipFailure],
    before: Job | None,
    *,
    backend: VideoBackend,
    ledger: CostLedger,
    storage: Storage,
) -> str:
    """Write down what was paid for, and keep the clips whose files are there.

    `before` is the job as the ledger has it, `backend` one of the job's, for the form of an
    attempt. Returns a line for the user.

    Raises:
        BudgetExceededError: the budget does not hold what was paid; what fitted is written down.
        LedgerError: it could not be written down, or another process is working on a clip.
    """
    await ledger.open_job(manifest, Need())
    indexes = {planned.clip_index for planned in manifest.clips}
    adopted: dict[int, Decimal] = {}
    for outcome in outcomes:
        if outcome.clip_index not in indexes:
            continue
        planned, cost = manifest.clip(outcome.clip_index), unknown_cost(outcome, before)
        number = next_number(before.of_clip(outcome.clip_index) if before else ())
        blank = new_attempt(manifest.job_id, planned, backend, planned.request, number=number)
        attempt = evolve(blank, hold=cost, backend=_backend(outcome), account="")
        await _write_down(ledger, attempt, await _entries(outcome, cost, storage))
        adopted[outcome.clip_index] = cost
    clips = ", ".join(map(str, adopted))
    return f"adopted: {dollars(sum(adopted.values(), ZERO))} paid for clips {clips}"


def _backend(outcome: Clip | ClipFailure) -> str:
    return outcome.backend if isinstance(outcome, Clip) else outcome.tried[-1].backend


async def _entries(outcome: Clip | ClipFailure, cost: Decimal, storage: Storage) -> list[Entry]:
    ticketed = Ticketed(Ticket(_backend(outcome), "adopted"))
    if isinstance(outcome, ClipFailure):
        return [ticketed, _settled(State.FAILED, cost, f"{ADOPTED}: {outcome.reason}")]
    made: list[Entry] = [
        ticketed,
        _settled(State.SUCCEEDED, cost, ADOPTED),
        Fetched(outcome.reference, cost),
    ]
    if await storage.stat(outcome.reference) is None:
        return [*made, Lost(f"{ADOPTED}: its file is gone")]
    return [*made, Stored(outcome)]


def _settled(verdict: State, cost: Decimal, reason: str) -> Settled:
    return Settled(verdict, cost, metered=True, reason=reason)


async def _write_down(ledger: CostLedger, attempt: Attempt, entries: Sequence[Entry]) -> None:
    job_id, index = attempt.job_id, attempt.clip_index
    claim = await ledger.claim(job_id, index, owner=this_process(), lease=LEASE)
    if claim is None:
        raise LedgerError(f"another process is working on clip {index} of its job")
    async with released_claim(ledger, claim, grace=LEASE):
        now = await ledger.reserve(claim, attempt)
        for entry in entries:
            now = await ledger.advance(claim, now.attempt_id, now.state, entry)

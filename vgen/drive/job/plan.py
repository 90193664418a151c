"""What a job would come to: checked and priced as if opened, and played in virtual time."""

from __future__ import annotations

from uuid import UUID

from attrs import evolve

from vgen.decisions.attempts import stored_attempt
from vgen.decisions.budget import check_need, held_in
from vgen.decisions.estimate import TrackRecord
from vgen.decisions.forecast import Outlook, Prospect, forecast
from vgen.decisions.route import Offer
from vgen.drive.job.draft import Draft, DraftTools, draft_job, track_records
from vgen.drive.job.options import JobOptions
from vgen.errors import BudgetExceededError
from vgen.ports.backend import WaitableBackend
from vgen.records.fallback import FallBackReason
from vgen.records.job import PlannedClip
from vgen.records.money import ZERO
from vgen.records.plan import ClipFate, ClipPlan, JobPlan
from vgen.records.prompt import ClipPrompts


async def plan(
    tools: DraftTools, job_id: UUID, prompts: ClipPrompts, options: JobOptions
) -> JobPlan:
    """Plan a job: see `Runner.plan`."""
    draft = await draft_job(tools, job_id, prompts, options)
    routes = {name for planned in draft.missing for name in planned.route}
    draft = evolve(draft, records=await track_records(tools, routes))
    costs, account, whole = draft.costs, draft.account, draft.whole_need
    unsaid = options.budget is None and draft.before is None
    foreseen = forecast(_outlook(draft, unlimited=unsaid), tools.settings)
    least = account.spent + max(whole.expected, whole.peak)
    missing = {planned.clip_index for planned in draft.missing}
    return JobPlan(
        job_id=job_id,
        clips=tuple(
            _clip_plan(draft, planned, missing=planned.clip_index in missing)
            for planned in draft.manifest.clips
        ),
        spent=account.spent,
        expected=whole.expected - draft.in_flight,
        worst=sum((cost.hold for cost in costs), ZERO),
        budget=None if unsaid else draft.manifest.budget,
        least=least,
        recommended=max(least, foreseen.recommended),
        refusal=await _refusal(draft, budget=not unsaid),
        forecast=foreseen,
    )


async def _refusal(draft: Draft, *, budget: bool) -> str:
    """Return why a limit of the job does not allow what it needs; its budget, if that is said."""
    try:
        if budget:
            account = draft.account
            check_need(account, draft.need, own=account.held + account.in_doubt)
        for purse in draft.manifest.purses:
            account = await draft.tools.ledger.purse(purse)
            own = held_in(purse.name, draft.before.attempts if draft.before else ())
            check_need(account, draft.need, own=own, purse=purse.name)
    except BudgetExceededError as error:
        return str(draft.enough_for_all(error))
    return ""


def _outlook(draft: Draft, *, unlimited: bool) -> Outlook:
    manifest, tools = draft.manifest, draft.tools
    return Outlook(
        clips=[_offers(draft, planned) for planned in draft.missing],
        backends={
            name: Prospect(
                backend.capabilities,
                draft.records.get(name, TrackRecord()),
                polled=not isinstance(backend, WaitableBackend),
            )
            for name, backend in tools.backends.items()
        },
        kept=len(manifest.clips) - len(draft.missing),
        min_clips=manifest.min_clips,
        spent=draft.account.spent + draft.in_flight,
        budget=None if unlimited else manifest.budget,
    )


def _offers(draft: Draft, planned: PlannedClip) -> list[Offer]:
    """Return what a clip's backends offer, those that it may be tried on."""
    offers = [Offer(name, draft.quote(name, planned.request)) for name in planned.route]
    may_fall_back = FallBackReason.ATTEMPTS in draft.manifest.fall_back_on
    return offers if may_fall_back else offers[:1]


def _clip_plan(draft: Draft, planned: PlannedClip, *, missing: bool) -> ClipPlan:
    first = planned.route[0]
    quote = draft.quote(first, planned.request)
    return ClipPlan(
        clip_index=planned.clip_index,
        fate=ClipFate.MAKE if missing else _fate(draft, planned),
        route=planned.route,
        target=float(planned.prompt.duration),
        duration=quote.duration,
        hold=quote.hold,
        estimate=draft.estimate(first, planned.request),
        ignored=quote.ignored,
        notes=planned.notes + quote.notes,
    )


def _fate(draft: Draft, planned: PlannedClip) -> ClipFate:
    attempts = draft.before.of_clip(planned.clip_index) if draft.before else ()
    return ClipFate.KEEP if stored_attempt(attempts, planned) else ClipFate.FINISH

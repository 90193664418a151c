"""A job as it would be opened: checked, planned and priced, with nothing written down."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from decimal import Decimal
from uuid import UUID

from attrs import frozen

from vgen.decisions.budget import need_of
from vgen.decisions.estimate import OBSERVED, TrackRecord, estimate
from vgen.drive.job.options import JobOptions
from vgen.drive.job.planning import plan_job, still_to_send
from vgen.drive.job.validation import check_places, read_images, too_few
from vgen.drive.media.images import Images
from vgen.errors import BudgetExceededError, InvalidPromptsError
from vgen.ports.backend import VideoBackend
from vgen.ports.ledger import CostLedger
from vgen.ports.storage import Storage
from vgen.records.attempt import Attempt
from vgen.records.estimate import Estimate
from vgen.records.job import Job, Manifest, PlannedClip
from vgen.records.money import ZERO, Account, Cost, Need
from vgen.records.prompt import ClipPrompts
from vgen.records.request import ClipRequest, Quote
from vgen.records.settings import Settings


@frozen
class DraftTools:
    """What a job is drafted with; no backend need be open. `clip_key` returns a clip's key."""

    backends: Mapping[str, VideoBackend]
    ledger: CostLedger
    settings: Settings
    storage: Storage
    images: Images
    clip_key: Callable[[UUID, int], str]


@frozen
class Draft:
    """A job as it would be opened; `before` is what the ledger has of it.

    `missing` are the clips that are to be sent, and `records` what became of earlier attempts on
    each paid backend that one of them is sent to first.
    """

    tools: DraftTools
    manifest: Manifest
    before: Job | None
    missing: tuple[PlannedClip, ...]
    records: Mapping[str, TrackRecord]

    def quote(self, backend: str, request: ClipRequest) -> Quote:
        """Return what a backend declares for a request."""
        return self.tools.backends[backend].quote(request)

    def estimate(self, backend: str, request: ClipRequest) -> Estimate:
        """Return what an attempt will probably cost and take."""
        return estimate(self.quote(backend, request), self.records.get(backend, TrackRecord()))

    @property
    def costs(self) -> list[Cost]:
        """What each clip that is to be sent costs on the first of its backends."""
        asked = [(planned.route[0], planned.request) for planned in self.missing]
        return [Cost(self.estimate(*each).cost.median, self.quote(*each).hold) for each in asked]

    @property
    def in_flight(self) -> Decimal:
        """What the attempts that are in flight, or in doubt, will probably cost."""
        attempts = self.before.attempts if self.before else ()
        return sum((self._expected(each) for each in attempts if each.sent), ZERO)

    def _expected(self, attempt: Attempt) -> Decimal:
        held = attempt.held + attempt.in_doubt
        if not held or attempt.backend not in self.tools.backends:
            return held
        return min(held, self.estimate(attempt.backend, attempt.request).cost.median)

    @property
    def need(self) -> Need:
        """What is needed for enough clips."""
        stay = len(self.manifest.clips) - len(self.missing)
        return need_of(self.costs, clips=self.manifest.min_clips - stay, in_flight=self.in_flight)

    @property
    def whole_need(self) -> Need:
        """What is needed for all clips."""
        return need_of(self.costs, clips=len(self.missing), in_flight=self.in_flight)

    @property
    def account(self) -> Account:
        """Where the job's money stands, under the limit that it is to have."""
        attempts = [a for a in self.before.attempts if a.sent] if self.before else []
        return Account(
            self.manifest.budget,
            spent=sum((attempt.spent for attempt in attempts), self.manifest.already_spent),
            held=sum((attempt.held for attempt in attempts), ZERO),
            in_doubt=sum((attempt.in_doubt for attempt in attempts), ZERO),
        )

    def enough_for_all(self, refused: BudgetExceededError) -> BudgetExceededError:
        """Return the refusal so that it names the least limit with which all clips can be made."""
        return refused.asking(max(refused.asked, self.whole_need.peak - refused.held))


async def draft_job(
    tools: DraftTools, job_id: UUID, prompts: ClipPrompts, options: JobOptions
) -> Draft:
    """Check, plan and price a job.

    Raises:
        InvalidPromptsError: the input is wrong.
        StorageError: a clip could not be written to its place.
        LedgerError: the ledger cannot be read.
    """
    clip_prompts, settings = tools.images.take_in(prompts.clip_prompts), tools.settings
    problems = too_few(len(clip_prompts), options.min_clips)
    found, unreadable = await read_images(tools.images, dict(enumerate(clip_prompts)))
    before = await tools.ledger.job(job_id)
    if problems or (unreadable and before is None):
        raise InvalidPromptsError([*problems, *unreadable.values()])
    manifest = plan_job(
        job_id, clip_prompts, found, tools.backends, settings, options=options, before=before
    )
    await check_places(tools.storage, tools.clip_key, manifest)
    to_send = still_to_send(manifest, before)
    _check_images(to_send, before, unreadable)
    missing = tuple(each for each in to_send if each.request.image not in unreadable)
    firsts = {planned.route[0] for planned in missing}
    paid = {name for name in firsts if tools.backends[name].capabilities.paid}
    records = await track_records(tools, paid)
    return Draft(tools, manifest, before, missing, records)


def _check_images(
    to_send: Collection[PlannedClip], before: Job | None, unreadable: Mapping[str, str]
) -> None:
    """Check that what is still to be sent has its images, unless something is in flight.

    What is in flight is brought home first; the clips without their images fail beside it.
    """
    if before and any(attempt.sent and attempt.is_open for attempt in before.attempts):
        return
    needed = {planned.request.image or "" for planned in to_send}
    if problems := [problem for image, problem in unreadable.items() if image in needed]:
        raise InvalidPromptsError(problems)


async def track_records(tools: DraftTools, names: Collection[str]) -> dict[str, TrackRecord]:
    """Return what became of earlier attempts on these backends."""
    records: dict[str, TrackRecord] = {}
    for name in sorted(names):
        observed = await tools.ledger.observed(name, limit=OBSERVED)
        records[name] = TrackRecord.of(tools.backends[name].quote, observed)
    return records

"""Deciding a whole job before anything is sent: images, routes, prices."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from uuid import UUID, uuid4

import trio
from attrs import evolve, frozen

from vgen.decisions import route
from vgen.decisions.fingerprint import fingerprint, next_take, same_request
from vgen.decisions.route import Offer, can_make
from vgen.drive.images import Images, NoImage
from vgen.errors import InvalidPromptsError, StorageError
from vgen.ports.backend import VideoBackend
from vgen.records.attempt import Attempt, Custody
from vgen.records.job import Job, Manifest, PlannedClip
from vgen.records.prompt import ClipPrompt
from vgen.records.request import ClipRequest, Image
from vgen.records.settings import GenerationSettings, Settings


@frozen
class Order:
    """What a job is asked for beside its prompts: see `Runner.process`."""

    budget: Decimal
    already_spent: Decimal
    min_clips: int
    redo: Collection[int]


READS = 4
"""How many images are read at once."""


async def read_images(
    images: Images, prompts: Mapping[int, ClipPrompt]
) -> tuple[dict[str, Image | NoImage], list[str]]:
    """Read every image of the prompts, which are given by their positions, once.

    Gives the images, and a line for each that is wrong for good.
    """
    first: dict[str | None, int] = {}
    for position, prompt in prompts.items():
        first.setdefault(prompt.scene_reference_url, position)
    found: dict[str, Image | NoImage] = {}
    problems: dict[int, str] = {}
    limiter = trio.CapacityLimiter(READS)

    async def read(reference: str, position: int) -> None:
        async with limiter:
            try:
                found[reference] = await images.get(reference)
            except StorageError as error:
                problems[position] = f"clip_prompts[{position}].scene_reference_url: {error}"

    async with trio.open_nursery() as nursery:
        for reference, position in first.items():
            if reference is not None:
                nursery.start_soon(read, reference, position)
    return found, [problems[position] for position in sorted(problems)]


def request_for(
    prompt: ClipPrompt, generation: GenerationSettings, image: Image | NoImage | None
) -> ClipRequest:
    """Spell out what a backend is asked for."""
    request = ClipRequest(
        prompt=prompt.prompt,
        negative_prompt=prompt.negative_prompt,
        duration=min(float(prompt.duration), generation.max_duration),
        width=generation.width,
        height=generation.height,
        fps=generation.fps,
        motion=generation.motion,
        steps=generation.steps,
        seed=prompt.seed,
        metadata=prompt.metadata,
    )
    if not isinstance(image, Image):
        return request
    return evolve(request, image=prompt.scene_reference_url, image_sha256=image.sha256)


def without_image(request: ClipRequest) -> ClipRequest:
    """Ask for the same clip from its text alone."""
    return evolve(request, image=None, image_sha256=None)


def plan_clip(
    prompt: ClipPrompt,
    image: Image | NoImage | None,
    backends: Mapping[str, VideoBackend],
    settings: Settings,
    *,
    take: int = 0,
) -> PlannedClip:
    """Decide one clip: what is asked for, and the backends that can make it, best first."""
    request = request_for(prompt, settings.generation, image)
    offers = [
        Offer(name, backend.quote(request))
        for name, backend in backends.items()
        if can_make(backend.capabilities, image=request.image is not None)
    ]
    notes = (f"made without its image: {image.reason}",) if isinstance(image, NoImage) else ()
    return PlannedClip(
        prompt=prompt,
        request=request,
        fingerprint=fingerprint(prompt, settings.generation, take),
        route=route.order(offers, target=prompt.duration, tolerance=settings.tolerance),
        notes=notes,
        take=take,
    )


def too_few(count: int, min_clips: int) -> list[str]:
    """Give a line where so many prompts can never make the clips that the job needs."""
    if min_clips < 1:
        return [f"min_clips: must be at least 1, got {min_clips}"]
    if count < min_clips:
        return [f"clip_prompts: {count} cannot make the {min_clips} clips that min_clips asks for"]
    return []


def unmakeable(
    prompts: Mapping[int, ClipPrompt],
    images: Mapping[str, Image | NoImage],
    backends: Mapping[str, VideoBackend],
) -> list[str]:
    """Give a line for each prompt, of those given by position, that no backend can make."""

    def image_of(prompt: ClipPrompt) -> Image | NoImage | None:
        return images.get(prompt.scene_reference_url or "")

    named = " or ".join(backends)
    return [
        f"clip_prompts[{position}].scene_reference_url: {named} cannot make a clip without an image"
        for position, prompt in prompts.items()
        if not any(
            can_make(backend.capabilities, image=isinstance(image_of(prompt), Image))
            for backend in backends.values()
        )
    ]


def plan_job(
    job_id: UUID,
    prompts: Sequence[ClipPrompt],
    images: Mapping[str, Image | NoImage],
    backends: Mapping[str, VideoBackend],
    settings: Settings,
    *,
    order: Order,
    before: Job | None,
) -> Manifest:
    """Decide every clip of a job, which may have been opened `before`.

    Raises:
        InvalidPromptsError: a clip that no backend can make, or that is to be made anew and is not
            there, each in a line.
    """
    indexes = {prompt.clip_index for prompt in prompts}
    problems = unmakeable(dict(enumerate(prompts)), images, backends)
    problems += [f"redo: there is no clip {index}" for index in sorted(set(order.redo) - indexes)]
    if problems:
        raise InvalidPromptsError(problems)
    known = {each.clip_index: each for each in before.manifest.clips} if before else {}

    def plan(prompt: ClipPrompt) -> PlannedClip:
        index, image = prompt.clip_index, images.get(prompt.scene_reference_url or "")
        redo = index in order.redo
        attempts = before.of_clip(index) if before else ()
        take = next_take(prompt, settings.generation, known.get(index), attempts, redo=redo)
        planned = plan_clip(prompt, image, backends, settings, take=take)
        return evolve(planned, notes=(*planned.notes, *_made_anew(attempts, planned)))

    return Manifest(
        job_id=job_id,
        clips=tuple(plan(prompt) for prompt in prompts),
        generation=settings.generation,
        budget=order.budget,
        already_spent=order.already_spent,
        min_clips=order.min_clips,
    )


def _made_anew(attempts: Sequence[Attempt], planned: PlannedClip) -> list[str]:
    """Say so where a stored clip is no longer what is asked for."""
    stored = [attempt for attempt in attempts if attempt.custody is Custody.STORED]
    if not stored or any(same_request(attempt, planned) for attempt in stored):
        return []
    return ["made anew, as asked" if planned.take else "made anew: its request has changed"]


def attempt_for(
    manifest: Manifest,
    planned: PlannedClip,
    backend: VideoBackend,
    request: ClipRequest,
    *,
    number: int,
) -> Attempt:
    """Spell out an attempt at its own backend's price; not written down yet."""
    return Attempt(
        attempt_id=uuid4(),
        job_id=manifest.job_id,
        clip_index=planned.clip_index,
        number=number,
        backend=backend.name,
        account=backend.account,
        request=request,
        fingerprint=planned.fingerprint,
        hold=backend.quote(request).hold,
    )


def first_holds(
    manifest: Manifest, job: Job | None, backends: Mapping[str, VideoBackend]
) -> list[Attempt]:
    """Give the planned attempts for every clip that is still to be made."""
    return [
        attempt_for(
            manifest,
            planned,
            backends[planned.route[0]],
            planned.request,
            number=next_number(job.of_clip(planned.clip_index)) if job else 1,
        )
        for planned in manifest.clips
        if job is None or _is_missing(job, planned)
    ]


def next_number(attempts: Iterable[Attempt]) -> int:
    """Count the attempts that were sent, and give the number of the one that follows."""
    return 1 + sum(attempt.sent for attempt in attempts)


def _is_missing(job: Job, planned: PlannedClip) -> bool:
    attempts = job.of_clip(planned.clip_index)
    standing = open_attempt(attempts)
    if standing is not None and standing.sent:
        return False
    return stored_attempt(attempts, planned) is None


def open_attempt(attempts: Sequence[Attempt]) -> Attempt | None:
    """Give the one attempt of a clip that can still move."""
    return next((attempt for attempt in attempts if attempt.is_open), None)


def stored_attempt(attempts: Sequence[Attempt], planned: PlannedClip) -> Attempt | None:
    """Give a clip's newest stored attempt, if it is what is asked for now.

    An attempt after it that was fetched, and never noted as stored, may have replaced its file.
    """
    for attempt in reversed(attempts):
        if attempt.custody is Custody.STORED:
            return attempt if same_request(attempt, planned) else None
        if attempt.path is not None:
            return None
    return None

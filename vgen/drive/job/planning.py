"""Planning a job before anything is sent: requests, routes, first holds."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from uuid import UUID

from attrs import evolve

from vgen.decisions import route
from vgen.decisions.attempts import is_missing, next_number, stored_attempt
from vgen.decisions.fingerprint import current_take, fingerprint, same_request
from vgen.decisions.opening import opening_of
from vgen.decisions.route import Offer, can_make
from vgen.drive.attempt.create import new_attempt
from vgen.drive.job.options import JobOptions
from vgen.drive.job.validation import is_named, unmakeable
from vgen.drive.media.images import NoImage
from vgen.errors import InvalidPromptsError
from vgen.ports.backend import VideoBackend
from vgen.records.attempt import Attempt, Custody
from vgen.records.job import Job, Manifest, PlannedClip
from vgen.records.prompt import ClipPrompt
from vgen.records.request import ClipRequest, Image
from vgen.records.settings import GenerationSettings, Settings


def request_for(
    prompt: ClipPrompt, generation: GenerationSettings, image: Image | NoImage | None
) -> ClipRequest:
    """Return what a backend is asked for."""
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
    if not is_named(image):
        return request
    digest = image.sha256 if isinstance(image, Image) else None
    return evolve(request, image=prompt.scene_reference_url, image_sha256=digest)


def plan_clip(
    prompt: ClipPrompt,
    image: Image | NoImage | None,
    backends: Mapping[str, VideoBackend],
    settings: Settings,
    *,
    take: int = 0,
) -> PlannedClip:
    """Plan one clip: what is asked for, and the backends that can make it, best first."""
    request = request_for(prompt, settings.generation, image)
    offers = [
        Offer(name, backend.quote(request))
        for name, backend in backends.items()
        if can_make(backend.capabilities, image=request.image is not None)
    ]
    notes: tuple[str, ...] = ()
    if isinstance(image, NoImage) and not image.for_good:
        notes = (f"made without its image: {image.reason}",)
    return PlannedClip(
        prompt=prompt,
        request=request,
        fingerprint=fingerprint(prompt, settings.generation, take),
        route=route.order(offers, target=prompt.duration, tolerance=settings.tolerance),
        notes=notes,
        take=take,
    )


def plan_job(
    job_id: UUID,
    prompts: Sequence[ClipPrompt],
    images: Mapping[str, Image | NoImage],
    backends: Mapping[str, VideoBackend],
    settings: Settings,
    *,
    options: JobOptions,
    before: Job | None,
) -> Manifest:
    """Plan every clip of a job, which may have been opened `before`.

    Raises:
        InvalidPromptsError: a clip that no backend can make, or that is to be made anew and is not
            there, each in a line.
    """
    indexes = {prompt.clip_index for prompt in prompts}
    problems = unmakeable(dict(enumerate(prompts)), images, backends)
    problems += [f"redo: there is no clip {index}" for index in sorted(set(options.redo) - indexes)]
    if problems:
        raise InvalidPromptsError(problems)
    known = {each.clip_index: each for each in before.manifest.clips} if before else {}

    def plan(prompt: ClipPrompt) -> PlannedClip:
        index, image = prompt.clip_index, images.get(prompt.scene_reference_url or "")
        attempts = before.of_clip(index) if before else ()
        take = current_take(prompt, settings.generation, known.get(index), attempts)
        planned = plan_clip(prompt, image, backends, settings, take=take)
        if index in options.redo and stored_attempt(attempts, planned):
            planned = plan_clip(prompt, image, backends, settings, take=take + 1)
        return evolve(planned, notes=(*planned.notes, *_made_anew(attempts, planned)))

    clips = tuple(plan(prompt) for prompt in prompts)
    return Manifest(
        job_id=job_id,
        clips=clips,
        generation=settings.generation,
        budget=options.budget,
        already_spent=options.already_spent,
        min_clips=options.min_clips,
        opening=opening_of(clips),
    )


def _made_anew(attempts: Sequence[Attempt], planned: PlannedClip) -> list[str]:
    """Return a note if a stored clip is no longer what is asked for."""
    stored = [attempt for attempt in attempts if attempt.custody is Custody.STORED]
    if not stored or any(same_request(attempt, planned) for attempt in stored):
        return []
    return ["made anew, as asked" if planned.take else "made anew: its request has changed"]


def still_to_send(manifest: Manifest, before: Job | None) -> list[PlannedClip]:
    """Return the clips that are neither stored nor sent."""
    return [
        planned
        for planned in manifest.clips
        if is_missing(before.of_clip(planned.clip_index) if before else (), planned)
    ]


def first_holds(
    manifest: Manifest,
    before: Job | None,
    backends: Mapping[str, VideoBackend],
    *,
    without: Container[str] = (),
) -> list[Attempt]:
    """Return a planned attempt for every clip that is still to be sent.

    Clips whose image is one of those that the job is `without` will not be.
    """
    holds: list[Attempt] = []
    for planned in still_to_send(manifest, before):
        if planned.request.image is None or planned.request.image not in without:
            attempts = before.of_clip(planned.clip_index) if before else ()
            backend, number = backends[planned.route[0]], next_number(attempts)
            holds.append(
                new_attempt(manifest.job_id, planned, backend, planned.request, number=number)
            )
    return holds

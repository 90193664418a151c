"""Planning a job before anything is sent: requests and routes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from uuid import UUID

from attrs import evolve

from vgen.decisions import route
from vgen.decisions.attempts import is_missing, stored_attempt
from vgen.decisions.fingerprint import current_take, fingerprint, same_request
from vgen.decisions.opening import opening_of
from vgen.decisions.preview import has_other_length, is_drawn, is_preview
from vgen.decisions.route import Offer, can_make
from vgen.decisions.terms import budget_of, purses_of, replaces_paid
from vgen.drive.job.options import JobOptions
from vgen.drive.job.validation import is_named, unmakeable
from vgen.drive.media.images import NoImage
from vgen.errors import InvalidPromptsError
from vgen.ports.backend import VideoBackend
from vgen.records.attempt import Attempt, Custody
from vgen.records.fallback import FallBackReason
from vgen.records.job import Job, Manifest, PlannedClip
from vgen.records.prompt import ClipPrompt
from vgen.records.request import ClipRequest, Generator, Image
from vgen.records.settings import GenerationSettings, Settings

HIGHEST_PRIORITY = 9


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
    lengths_of: Sequence[VideoBackend] = (),
) -> PlannedClip:
    """Plan one clip: what is asked for, and the backends that can make it, best first.

    It is asked for in the length that the first of `lengths_of` for it would make, if any can.
    """
    request = request_for(prompt, settings.generation, image)
    if others := _best_first(lengths_of, prompt, request, settings):
        request = evolve(request, duration=others[0].quote.duration)
    notes: tuple[str, ...] = ()
    if isinstance(image, NoImage) and not image.for_good:
        notes = (f"made without its image: {image.reason}",)
    return PlannedClip(
        prompt=prompt,
        request=request,
        fingerprint=fingerprint(prompt, settings.generation, take),
        route=tuple(
            offer.backend for offer in _best_first(backends.values(), prompt, request, settings)
        ),
        notes=notes,
        take=take,
    )


def _best_first(
    backends: Iterable[VideoBackend], prompt: ClipPrompt, request: ClipRequest, settings: Settings
) -> list[Offer]:
    """Return what the backends that can make a clip offer for it, in the order of its route."""
    offers = [
        Offer(
            backend.name,
            backend.quote(request),
            drawn=is_procedural(backend),
        )
        for backend in backends
        if can_make(backend.capabilities, image=request.image is not None)
    ]
    return route.order(offers, target=prompt.duration, tolerance=settings.tolerance)


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
        InvalidPromptsError: a clip that no backend can make, that is to be made anew and is not
            there, or that was paid for and would be replaced for free, each in a line.
    """
    indexes = {prompt.clip_index for prompt in prompts}
    problems = unmakeable(dict(enumerate(prompts)), images, backends)
    problems += [f"redo: there is no clip {index}" for index in sorted(set(options.redo) - indexes)]
    problems += _wrong_options(options, backends)
    if problems:
        raise InvalidPromptsError(problems)
    known = {each.clip_index: each for each in before.manifest.clips} if before else {}
    models = {name for name, backend in backends.items() if not is_procedural(backend)}

    def plan(prompt: ClipPrompt) -> PlannedClip:
        index, image = prompt.clip_index, images.get(prompt.scene_reference_url or "")
        attempts = before.of_clip(index) if before else ()
        take = current_take(
            prompt,
            settings.generation,
            known.get(index),
            attempts,
            image_sha256=image.sha256 if isinstance(image, Image) else None,
        )
        lengths_of = options.lengths_of
        planned = plan_clip(prompt, image, backends, settings, take=take, lengths_of=lengths_of)
        stored = stored_attempt(attempts, planned)
        if stored is not None and (
            index in options.redo
            or is_preview(stored, planned, attempts, models=models)
            or has_other_length(stored, planned)
        ):
            planned = plan_clip(
                prompt, image, backends, settings, take=take + 1, lengths_of=lengths_of
            )
        anew = _made_anew(attempts, planned, models, asked=index in options.redo)
        return evolve(planned, notes=(*planned.notes, *anew))

    clips = tuple(plan(prompt) for prompt in prompts)
    manifest = Manifest(
        job_id=job_id,
        clips=clips,
        generation=settings.generation,
        budget=budget_of(options.budget, before.manifest if before else None),
        already_spent=options.already_spent,
        min_clips=options.min_clips,
        opening=opening_of(clips),
        backends=tuple(backends),
        fall_back_on=tuple(each for each in FallBackReason if each in options.fall_back_on),
        rerolls=options.rerolls,
        purses=purses_of(options.purses, before.manifest if before else None),
        name=options.name,
        folder=options.folder,
    )
    if before is not None:
        _refuse_replacing_paid(manifest, before, backends)
    return manifest


def _refuse_replacing_paid(
    manifest: Manifest, before: Job, backends: Mapping[str, VideoBackend]
) -> None:
    paid = {name for name, backend in backends.items() if backend.capabilities.paid}
    problems = [
        f"clip {planned.clip_index} was paid for, and {' or '.join(planned.route)} would replace "
        "it for free: name a paid backend, or make it elsewhere, as another job"
        for planned in manifest.clips
        if replaces_paid(before.of_clip(planned.clip_index), planned, paid=paid)
    ]
    if problems:
        raise InvalidPromptsError(problems)


def _wrong_options(options: JobOptions, backends: Mapping[str, VideoBackend]) -> list[str]:
    unknown = set(options.fall_back_on) - set(FallBackReason)
    known = ", ".join(FallBackReason)
    wrong = [f"fall_back_on: must be of {known}; got {each!r}" for each in sorted(unknown)]
    if options.rerolls < 0:
        wrong.append(f"rerolls: must be at least 0, got {options.rerolls}")
    if not 0 <= options.priority <= HIGHEST_PRIORITY:
        wrong.append(f"priority: must be from 0 to {HIGHEST_PRIORITY}, got {options.priority}")
    models = [name for name, backend in backends.items() if not is_procedural(backend)]
    if options.lengths_of and models:
        wrong.append(
            f"lengths_of (--as): is for previews, and {', '.join(models)} would make the clips"
        )
    return wrong


def _made_anew(
    attempts: Sequence[Attempt], planned: PlannedClip, models: Collection[str], *, asked: bool
) -> list[str]:
    """Return a note if a stored clip is no longer what is asked for; `asked` in this call."""
    stored = [attempt for attempt in attempts if attempt.custody is Custody.STORED]
    if not stored or any(same_request(attempt, planned) for attempt in stored):
        return []
    if not planned.take:
        return ["made anew: its request has changed"]
    if has_other_length(stored[-1], planned):
        return ["made anew: in another length"]
    if is_drawn(stored[-1]) and planned.route[0] in models:
        return [f"made anew: it was a preview by {stored[-1].backend}"]
    return ["made anew, as asked" if asked else "made anew, as asked in an earlier run"]


def is_procedural(backend: VideoBackend) -> bool:
    """Whether a backend draws its clips by a procedure."""
    return backend.capabilities.generator is Generator.PROCEDURAL


def still_to_send(manifest: Manifest, before: Job | None) -> list[PlannedClip]:
    """Return the clips that are neither stored nor sent."""
    return [
        planned
        for planned in manifest.clips
        if is_missing(before.of_clip(planned.clip_index) if before else (), planned)
    ]

"""Validating prompts and their images before a job is opened."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import TypeGuard
from uuid import UUID

import trio

from vgen.decisions.route import can_make
from vgen.drive.attempt.keys import possible_keys, takes_folder
from vgen.drive.media.images import Images, NoImage
from vgen.errors import StorageError
from vgen.ports.backend import VideoBackend
from vgen.ports.storage import Storage
from vgen.records.job import Manifest
from vgen.records.prompt import ClipPrompt
from vgen.records.reading import PromptsFile
from vgen.records.request import Image

READS = 4
"""How many images are read at once."""


async def read_images(
    images: Images, prompts: Mapping[int, ClipPrompt]
) -> tuple[dict[str, Image | NoImage], dict[str, str]]:
    """Read every image of the prompts once; the prompts are given by their positions.

    Returns the images, and a line for each reference that is wrong for good.
    """
    first: dict[str | None, int] = {}
    for position, prompt in prompts.items():
        first.setdefault(prompt.scene_reference_url, position)
    found: dict[str, Image | NoImage] = {}
    problems: dict[str, str] = {}
    limiter = trio.CapacityLimiter(READS)

    async def read(reference: str, position: int) -> None:
        async with limiter:
            try:
                found[reference] = await images.get(reference)
            except StorageError as error:
                found[reference] = NoImage(str(error), for_good=True)
                problems[reference] = f"clip_prompts[{position}].scene_reference_url: {error}"

    async with trio.open_nursery() as nursery:
        for reference, position in first.items():
            if reference is not None:
                nursery.start_soon(read, reference, position)
    return found, {each: problems[each] for each in first if each in problems}


def too_few(count: int, min_clips: int) -> list[str]:
    """Return a line if so many prompts can never make the clips that the job needs."""
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
    """Return a line for each prompt, of those given by position, that no backend can make."""

    def has_image(prompt: ClipPrompt) -> bool:
        return is_named(images.get(prompt.scene_reference_url or ""))

    named = " or ".join(backends)
    return [
        f"clip_prompts[{position}].scene_reference_url: {named} cannot make a clip without an image"
        for position, prompt in prompts.items()
        if not any(
            can_make(backend.capabilities, image=has_image(prompt)) for backend in backends.values()
        )
    ]


def is_named(image: Image | NoImage | None) -> TypeGuard[Image | NoImage]:
    """Whether a clip is asked for with an image, be it one that is gone for good."""
    return isinstance(image, Image) or (image is not None and image.for_good)


async def check_places(
    storage: Storage, clip_key: Callable[[UUID, int], str], manifest: Manifest
) -> None:
    """Check that every clip of a job could be written to its place in storage, in any container.

    Raises:
        StorageError: with all that cannot.
    """
    problems: list[str] = []
    for planned in manifest.clips:
        try:
            key = clip_key(manifest.job_id, planned.clip_index)
            for place in (*possible_keys(key), takes_folder(key) + PurePosixPath(key).name):
                await storage.check_writable(place)
        except StorageError as error:
            problems.append(str(error))
    if problems:
        raise StorageError("; ".join(problems))


async def check_prompts(
    file: PromptsFile,
    *,
    backends: Sequence[VideoBackend],
    images: Images,
    min_clips: int,
    is_new: bool = True,
) -> tuple[str, ...]:
    """Return a line for each problem of the file, and for all that a runner would refuse.

    Nothing is written or sent, and no backend need be open. An image that is temporarily
    unavailable is no problem of the file, nor is one that is missing where the job `is_new` no
    longer: its clip may have been made. Without `backends` what they can make is not checked.
    """
    prompts = dict(zip(file.positions, images.take_in(file.readable), strict=True))
    found, unreadable = await read_images(images, prompts)
    problems = [*file.problems, *too_few(file.count, min_clips)]
    problems += unreadable.values() if is_new else ()
    if backends:
        readable = {
            position: prompt
            for position, prompt in prompts.items()
            if prompt.scene_reference_url not in unreadable
        }
        problems += unmakeable(readable, found, {backend.name: backend for backend in backends})
    return tuple(problems)

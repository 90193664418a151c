"""What is wrong with a prompts file, its images included, before any job is opened."""

from __future__ import annotations

from collections.abc import Sequence

from vgen.drive.images import Images
from vgen.drive.inspector import Inspector
from vgen.drive.planning import read_images, too_few, unmakeable
from vgen.ports.backend import VideoBackend
from vgen.ports.storage import Storage
from vgen.records.reading import PromptsFile


async def check_prompts(
    file: PromptsFile, *, backends: Sequence[VideoBackend], storage: Storage, min_clips: int
) -> tuple[str, ...]:
    """Give a line for all that is wrong with the file, and for all that a runner would refuse.

    Nothing is written or sent, and no backend need be open. An image that cannot be had just now
    is no problem of the file; without `backends` nothing is said about what they can make.
    """
    prompts = dict(zip(file.positions, file.readable, strict=True))
    images, unreadable = await read_images(Images(storage, Inspector(), backoff=0), prompts)
    problems = [*file.problems, *too_few(file.count, min_clips), *unreadable]
    if backends:
        whole = {
            position: prompt
            for position, prompt in prompts.items()
            if prompt.scene_reference_url is None or prompt.scene_reference_url in images
        }
        problems += unmakeable(whole, images, {backend.name: backend for backend in backends})
    return tuple(problems)

"""The storage keys of a clip and of its takes."""

from __future__ import annotations

from pathlib import PurePosixPath

from vgen.records.attempt import Attempt
from vgen.records.container import ENDINGS, MP4


def key_in(container: str, clip_key: str) -> str:
    """Return a clip's key with the ending of its file's container, in place of that of MP4.

    An older vgen has stored every file as MP4, and named no container.
    """
    ending = ENDINGS.get(container, MP4)
    return clip_key if ending == MP4 else clip_key.removesuffix(MP4) + ending


def possible_keys(clip_key: str) -> tuple[str, ...]:
    """Return all keys that a clip may come to have."""
    return tuple(key_in(container, clip_key) for container in ENDINGS)


def take_key(key: str, attempt: Attempt) -> str:
    """Return the key of a take's own file, beside that of its clip.

    The start of the attempt's id makes it the only one of its number in all ledgers: where one was
    lost, the takes of before stay.
    """
    path = PurePosixPath(key)
    name = f"{path.stem}-{attempt.number}-{attempt.attempt_id.hex[:8]}{path.suffix}"
    return takes_folder(key) + name


def takes_folder(key: str) -> str:
    """Return the start of all keys of a clip's takes."""
    return f"{PurePosixPath(key).parent / 'takes'}/"

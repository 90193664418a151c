"""The takes of one clip: the one that is the clip stands at the clip's key, a copy of its file."""

from __future__ import annotations

import logging

from attrs import evolve

from vgen.decisions.attempts import next_choice, stored_attempt, takes
from vgen.drive.attempt.keys import take_key
from vgen.drive.attempt.run import ledger_deadline
from vgen.drive.clip.state import ClipRun
from vgen.errors import StorageError, VideoError
from vgen.ports.storage import Storage
from vgen.records.attempt import Attempt
from vgen.records.clip import Choice, Clip, StoredFile
from vgen.records.entry import Chosen, Stored

logger = logging.getLogger("vgen")

SHA256_LENGTH = 64


async def stored_clip(run: ClipRun) -> Clip | None:
    """Return the stored clip that is asked for, with its file in place; `None` if there is none.

    A file that is missing, or not the one that was stored, is copied from its take, else fetched
    again from the provider.

    Raises:
        StorageError: the storage is unavailable.
        RetryableError: the provider may still have the file, but it cannot be fetched now.
    """
    stored = stored_attempt(list(run.attempts.values()), run.planned)
    if stored is None or stored.clip is None:
        return None
    storage = run.context.delivery.storage
    if not _is_in_place(stored.clip, await storage.stat(stored.clip.reference)):
        stored = await _restored(run, stored)
    if stored is None or stored.clip is None:
        run.notes += ("made anew: its file is gone",)
        return None
    return evolve(stored.clip, video_url=await current_url(storage, stored.clip))


async def current_url(storage: Storage, clip: Clip) -> str:
    """Return a fresh URL of a stored clip, or its older one while storage gives none."""
    try:
        return await storage.url(clip.reference)
    except StorageError as error:
        logger.warning("clip %d keeps an older URL: %s", clip.clip_index, error)
        return clip.video_url


def _is_in_place(clip: Clip, found: StoredFile | None) -> bool:
    """Whether the file at a clip's reference is the clip's own."""
    if clip.take is not None:
        return clip.file is not None and clip.file.has_content_of(found)
    return found is not None and _may_be(clip, found)


def _may_be(clip: Clip, found: StoredFile) -> bool:
    is_sha256 = len(found.digest) == len(clip.sha256) == SHA256_LENGTH
    return not is_sha256 or found.digest == clip.sha256


async def _restored(run: ClipRun, stored: Attempt) -> Attempt | None:
    """Put a stored clip's file back in place; `None` if nobody has it any more."""
    clip, storage = stored.clip, run.context.delivery.storage
    if clip is None:
        return None
    if clip.take is not None and clip.take.has_content_of(await storage.stat(clip.take.reference)):
        logger.warning("clip %d: its file is copied from %s", clip.clip_index, clip.take.reference)
        return await publish(run, stored)
    return await _fetched_again(run, stored)


async def _fetched_again(run: ClipRun, stored: Attempt) -> Attempt | None:
    backend, clip = run.context.backends.get(stored.backend), stored.clip
    if backend is None or backend.account != stored.account or stored.ticket is None or not clip:
        return None
    one = run.attempt_run(backend, stored)
    try:
        clip = await run.context.delivery.fetch_again(one, clip)
    except VideoError as error:
        logger.warning("clip %d: its file is gone, and %s", clip.clip_index, error)
        return None
    logger.warning("clip %d: its file was gone or changed: fetched again", clip.clip_index)
    await one.write(Stored(clip))
    run.update(one)
    return await publish(run, one.attempt)


async def publish(run: ClipRun, stored: Attempt, *, choice: Choice | None = None) -> Attempt:
    """Copy a take's file to the clip's key, and write down that it is the clip now.

    A copy of another take that stands there under another ending is removed. A take that was made
    where another one was chosen is chosen itself.

    Raises:
        StorageError: the file cannot be copied now; a later run does it.
    """
    if stored.clip is None or stored.clip.take is None:
        raise StorageError(f"clip {stored.clip_index}: there is no such take")
    await run.held.ensure()
    await _keep_older(run, stored)
    delivery, attempts = run.context.delivery, list(run.attempts.values())
    key = delivery.key(stored, stored.clip.container)
    file = await delivery.copy(run.context.attempts.settings, stored.clip.take.reference, key)
    await _remove_copies(run, but=file.reference)
    if choice is None and stored_attempt(attempts, run.planned) != stored:
        choice = next_choice(attempts, run.planned)
    clip = evolve(stored.clip, reference=file.reference, file=file)
    clip = evolve(clip, choice=choice or clip.choice)
    if clip == stored.clip:
        return stored
    clip = evolve(clip, video_url=await delivery.storage.url(clip.reference))
    return await _written(run, stored, Chosen(clip))


async def _keep_older(run: ClipRun, stored: Attempt) -> None:
    """Copy an older take that has no other file, before the one in the clip's place is replaced."""
    delivery = run.context.delivery
    for older in takes(list(run.attempts.values())):
        clip = older.clip
        if clip is None or older.attempt_id == stored.attempt_id:
            continue
        found = await delivery.storage.stat(clip.reference)
        if not _is_in_place(clip, found):
            continue
        if clip.take is None or await delivery.storage.stat(clip.take.reference) is None:
            key = take_key(delivery.key(older, clip.container), older)
            take = await delivery.copy(run.context.attempts.settings, clip.reference, key)
            await _written(run, older, Stored(evolve(clip, take=take, file=found)))


async def _remove_copies(run: ClipRun, *, but: str) -> None:
    """Remove the copies of takes from the clip's place under other endings, and nothing else.

    What is no copy as it was written down, or of a take whose own file is gone, stays.
    """
    delivery = run.context.delivery
    for attempt in takes(list(run.attempts.values())):
        take, copy = (attempt.clip.take, attempt.clip.file) if attempt.clip else (None, None)
        if take is None or copy is None or copy.reference in {but, take.reference}:
            continue
        whole = take.has_content_of(await delivery.storage.stat(take.reference))
        if whole and copy.has_content_of(await delivery.storage.stat(copy.reference)):
            await delivery.remove(run.context.attempts.settings, copy.reference)


async def _written(run: ClipRun, attempt: Attempt, entry: Chosen | Stored) -> Attempt:
    with ledger_deadline():
        written = await run.context.attempts.ledger.advance(
            run.claim, attempt.attempt_id, attempt.state, entry
        )
    run.attempts[attempt.attempt_id] = written
    return written

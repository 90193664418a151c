"""Rules 5 and 6: a success is probed, judged and stored; a job that is run again is finished."""

from __future__ import annotations

import hashlib
from uuid import UUID

from attrs import evolve

from vgen import Clip, ClipPrompt, Clips
from vgen.abc import Attempt, Custody, Money
from vgen.errors import InvalidPromptsError
from vgen.records.entry import Fetched, Line, Settled, Spooled, Stored
from vgen.records.job import Job
from vgen.testing import Call, Spoil, Succeed
from vgen.testing.behaviours import Accepted

from .story import Chapter, Outcome, Story

DOWNLOADS = 3


def clips_are_what_is_stored(story: Story, chapter: Chapter) -> None:
    """A clip's file is in storage, sound, and the one that its newest stored attempt made."""
    written = {call.about: call.answer for _, call in story.calls("stored")}
    for outcome in chapter.outcomes:
        clips = clips_of(outcome)
        for clip in clips.clips if clips else ():
            attempt = newest_stored(chapter.after, clip.clip_index)
            assert attempt is not None, f"never stored: {clip}"
            assert written[clip.reference] == f"{attempt.attempt_id}.mp4", "another attempt's file"
            _is_sound(story, clip, attempt)


def _is_sound(story: Story, clip: Clip, attempt: Attempt) -> None:
    content = story.storage.files[clip.reference]
    assert hashlib.sha256(content).hexdigest() == clip.sha256
    order = story.accepted[attempt.attempt_id]
    assert isinstance(order.behaviour, Succeed), f"no sound clip: {order.behaviour}"
    assert clip.actual_duration == order.seconds
    assert attempt.clip is not None
    assert clip.video_url == f"memory:{clip.reference}"


def verdict_then_file_then_storage(story: Story) -> None:
    """The verdict is written before the fetch, and a clip is stored before it is called so."""
    written: dict[UUID, set[type]] = {}
    files: set[str] = set()
    for note in story.call_log.entries:
        what = note.what
        if isinstance(what, Line):
            seen = written.setdefault(what.attempt_id, set())
            seen.add(type(what.entry))
            if isinstance(what.entry, Stored):
                assert f"{what.attempt_id}.mp4" in files, f"stored without a file: {note}"
        elif isinstance(what, Call) and what.what == "fetch" and what.attempt_id:
            assert Settled in written[what.attempt_id], f"fetched before its verdict: {note}"
        elif isinstance(what, Call) and what.what == "stored":
            files.add(what.answer)
            assert Fetched in written[UUID(what.answer.removesuffix(".mp4"))], f"unmeasured: {note}"


def bad_downloads_are_fetched_again(story: Story) -> None:
    """A download that breaks off loses no clip; a useless file is lost and never a clip."""
    flaky = any(model and model.faults for model in (story.plan.one, story.plan.two))
    for key, attempt in story.attempts.items():
        order = story.accepted.get(key)
        if order is None:
            continue
        if isinstance(order.behaviour, Spoil):
            assert attempt.custody is not Custody.STORED, f"a useless file was kept: {attempt}"
        if _can_be_had(order.behaviour) and not flaky and attempt.custody is Custody.LOST:
            given_up = attempt.money is Money.WRITTEN_OFF or "has changed" in attempt.reason
            assert given_up, f"lost without need: {attempt}"


def _can_be_had(behaviour: Accepted) -> bool:
    return isinstance(behaviour, Succeed) and behaviour.cut < DOWNLOADS and behaviour.keeps is None


def what_is_spooled_is_at_hand(story: Story) -> None:
    """What is kept in the spool is not fetched again, and gone from there when the job is done."""
    spooled: set[UUID] = set()
    for note in story.call_log.entries:
        what = note.what
        if isinstance(what, Line) and isinstance(what.entry, Spooled):
            spooled.add(what.attempt_id)
        elif isinstance(what, Call) and what.what == "fetch":
            assert what.attempt_id not in spooled, f"fetched again: {note}"
    left = {path.name for path in story.spool.iterdir()} if story.spool else set[str]()
    done = {f"{a.attempt_id}.mp4" for a in story.attempts.values() if not a.is_open}
    assert not left & done, f"left in the spool: {left}"


def stored_clips_are_kept(story: Story, chapter: Chapter) -> None:
    """A clip that is stored and still asked for is not made again, and is given back as it is."""
    fresh = {a.attempt_id: a for a in chapter.after.attempts} if chapter.after else {}
    sent = {
        fresh[call.attempt_id].clip_index
        for _, call in story.calls("submit", within=chapter)
        if call.attempt_id is not None
    }
    for prompt in story.plan.clip_prompts(chapter.run.edited):
        stored, index = kept_attempt(story, chapter, prompt), prompt.clip_index
        if stored is None:
            continue
        assert index not in sent, f"made again: clip {index}"
        for outcome in chapter.outcomes:
            clips = clips_of(outcome)
            kept = {clip.clip_index: clip for clip in clips.clips} if clips else {}
            if index in kept:
                assert stored.clip is not None
                assert evolve(kept[index], cost=stored.clip.cost) == stored.clip


def kept_attempt(story: Story, chapter: Chapter, prompt: ClipPrompt) -> Attempt | None:
    """The attempt whose clip an earlier run has stored as it is asked for now.

    Where a later attempt was fetched, it may have replaced the file. What is to be made anew, or
    was and has not been yet, is not kept.
    """
    stored = newest_stored(chapter.before, prompt.clip_index)
    if stored is None or chapter.before is None or stored.request.prompt != prompt.prompt:
        return None
    if prompt.clip_index in chapter.run.indexes_to_redo:
        return None
    asked = chapter.before.manifest.clip(prompt.clip_index)
    if asked.prompt.prompt == prompt.prompt and asked.fingerprint != stored.fingerprint:
        return None
    attempts = chapter.before.of_clip(prompt.clip_index)
    later = attempts[attempts.index(stored) + 1 :]
    fetched = any(isinstance(e, Fetched) for a in later for e in story.entries(a.attempt_id))
    return None if fetched else stored


def a_calm_run_finishes_the_job(story: Story, chapter: Chapter) -> None:
    """When nothing goes wrong any more, running the job again makes all that is missing."""
    if not chapter.calm or (chapter.after and chapter.after.account.overrun):
        return
    (outcome,) = chapter.outcomes
    if isinstance(outcome.error, InvalidPromptsError):
        return
    assert outcome.clips is not None, f"not finished: {outcome.error!r}"
    assert outcome.clips.failed_clips == 0, f"not finished: {outcome.clips.failures}"
    left = [attempt for attempt in story.attempts.values() if attempt.is_open]
    assert not left, f"left open: {left[0]}"


def clips_of(outcome: Outcome) -> Clips | None:
    """The clips that a runner gave back, or that its error carries."""
    found = outcome.clips or getattr(outcome.error, "clips", None)
    return found if isinstance(found, Clips) else None


def newest_stored(job: Job | None, clip_index: int) -> Attempt | None:
    """The attempt that was stored last for a clip."""
    attempts = job.of_clip(clip_index) if job else ()
    return next((a for a in reversed(attempts) if a.custody is Custody.STORED), None)

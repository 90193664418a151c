"""Rules 5 and 6: clips are checked and stored; running a job again finishes it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from uuid import UUID

from vgen import Clip, ClipPrompt, Clips
from vgen.abc import Attempt, Custody, Money
from vgen.errors import InvalidPromptsError
from vgen.records.entry import Fetched, Line, Settled, Spooled, Stored
from vgen.records.job import Job
from vgen.testing import Call, Spoil, Succeed
from vgen.testing.behaviours import Accepted

from .played_plan import JOB, Outcome, PlayedPlan, PlayedRun

DOWNLOADS = 3


def clips_are_what_is_stored(played: PlayedPlan, run: PlayedRun) -> None:
    """A clip's file is in storage, sound, and of the newest take of what is asked for."""
    written = {call.about: call.answer for _, call in played.calls("stored")}
    for outcome in run.outcomes:
        clips = clips_of(outcome)
        for clip in clips.clips if clips else ():
            attempt = newest_stored(run.after, clip.clip_index)
            assert attempt is not None, f"never stored: {clip}"
            assert _maker(written[clip.reference]) == attempt.attempt_id, (
                f"another attempt's file: {clip}"
            )
            _check_sound(played, clip, attempt)


def one_file_stands_for_a_clip(played: PlayedPlan, run: PlayedRun) -> None:
    """In a clip's place is its file and no other, whatever endings its takes have."""
    for outcome in run.outcomes:
        clips = clips_of(outcome)
        for clip in clips.clips if clips else ():
            place = f"{JOB}/clip_{clip.clip_index:03d}."
            found = [key for key in played.storage.files if key.startswith(place)]
            assert found == [clip.reference], f"other files in the place of {clip}: {found}"


def _maker(file: str) -> UUID:
    """Return the attempt that has made a file, by its name on its way."""
    return UUID(file.partition(".")[0])


def _check_sound(played: PlayedPlan, clip: Clip, attempt: Attempt) -> None:
    content = played.storage.files[clip.reference]
    assert _sha256(content) == clip.sha256
    accepted = played.accepted[attempt.attempt_id]
    assert isinstance(accepted.behaviour, Succeed), f"no sound clip: {accepted.behaviour}"
    assert clip.actual_duration == accepted.seconds
    assert attempt.clip is not None
    assert clip.video_url == f"memory:{clip.reference}"


def stored_takes_stay(played: PlayedPlan, run: PlayedRun) -> None:
    """Whatever is made, edited or redone after it, each stored take keeps its own file."""
    for attempt in run.after.attempts if run.after else ():
        if attempt.custody is Custody.STORED:
            assert attempt.clip is not None
            assert attempt.clip.take is not None
            content = played.storage.files.get(attempt.clip.take.reference, b"")
            assert _sha256(content) == attempt.clip.sha256, f"a take was lost: {attempt}"


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def verdict_then_file_then_storage(played: PlayedPlan) -> None:
    """The verdict is written before the fetch, and the file before the ledger says "stored"."""
    written: dict[UUID, set[type]] = {}
    files: set[UUID] = set()
    for logged in played.log:
        what = logged.what
        if isinstance(what, Line):
            seen = written.setdefault(what.attempt_id, set())
            seen.add(type(what.entry))
            if isinstance(what.entry, Stored):
                assert what.attempt_id in files, f"stored without a file: {logged}"
        elif isinstance(what, Call) and what.what == "fetch" and what.attempt_id:
            assert Settled in written[what.attempt_id], f"fetched before its verdict: {logged}"
        elif isinstance(what, Call) and what.what == "stored":
            files.add(_maker(what.answer))
            assert Fetched in written[_maker(what.answer)], f"unmeasured: {logged}"


def bad_downloads_are_fetched_again(played: PlayedPlan) -> None:
    """A truncated download is repeated; an unusable file never becomes a clip."""
    flaky = any(model and model.faults for model in (played.plan.one, played.plan.two))
    for key, attempt in played.attempts.items():
        accepted = played.accepted.get(key)
        if accepted is None:
            continue
        if isinstance(accepted.behaviour, Spoil):
            assert attempt.custody is not Custody.STORED, f"a useless file was kept: {attempt}"
        if _can_be_downloaded(accepted.behaviour) and not flaky and attempt.custody is Custody.LOST:
            assert attempt.money is Money.WRITTEN_OFF, f"lost without need: {attempt}"


def _can_be_downloaded(behaviour: Accepted) -> bool:
    return (
        isinstance(behaviour, Succeed)
        and behaviour.truncated_downloads < DOWNLOADS
        and behaviour.expires_after is None
    )


def spooled_clips_are_not_fetched_again(played: PlayedPlan) -> None:
    """A clip in the spool is not fetched again, and leaves the spool when its attempt ends."""
    spooled: set[UUID] = set()
    for logged in played.log:
        what = logged.what
        if isinstance(what, Line) and isinstance(what.entry, Spooled):
            spooled.add(what.attempt_id)
        elif isinstance(what, Call) and what.what == "fetch":
            assert what.attempt_id not in spooled, f"fetched again: {logged}"
    files = {_maker(path.name) for path in played.spool.iterdir()} if played.spool else set[UUID]()
    done = {a.attempt_id for a in played.attempts.values() if not a.is_open}
    assert not files & done, f"left in the spool: {files & done}"


def stored_clips_are_kept(played: PlayedPlan, run: PlayedRun) -> None:
    """A stored clip whose prompt is unchanged is not generated again, and is returned as it is."""
    attempts = {a.attempt_id: a for a in run.after.attempts} if run.after else {}
    sent = {
        attempts[call.attempt_id].clip_index
        for _, call in played.calls("submit", within=run)
        if call.attempt_id is not None
    }
    for prompt in played.plan.clip_prompts(run.planned.edited):
        stored, index = kept_attempt(played, run, prompt), prompt.clip_index
        if stored is None:
            continue
        assert index not in sent, f"made again: clip {index}"
        for outcome in run.outcomes:
            clips = clips_of(outcome)
            kept = {clip.clip_index: clip for clip in clips.clips} if clips else {}
            if index in kept:
                assert stored.clip is not None
                assert kept[index].take == stored.clip.take


def kept_attempt(played: PlayedPlan, run: PlayedRun, prompt: ClipPrompt) -> Attempt | None:
    """Return the attempt whose clip an earlier run has stored, if this run should keep it.

    It should not where a redo is asked for, now or in an unfinished run before.
    """
    attempts = run.before.of_clip(prompt.clip_index) if run.before else ()
    stored = _newest(a for a in attempts if a.request.prompt == prompt.prompt)
    if stored is None or run.before is None:
        return None
    if prompt.clip_index in run.planned.indexes_to_redo:
        return None
    asked = run.before.manifest.clip(prompt.clip_index)
    if asked.prompt.prompt == prompt.prompt and asked.fingerprint != stored.fingerprint:
        return None
    return stored


def a_run_without_faults_finishes_the_job(played: PlayedPlan, run: PlayedRun) -> None:
    """Without faults, running the job again generates all missing clips."""
    if not run.fault_free or (run.after and run.after.account.overrun):
        return
    (outcome,) = run.outcomes
    if isinstance(outcome.error, InvalidPromptsError):
        return
    assert outcome.clips is not None, f"not finished: {outcome.error!r}"
    assert outcome.clips.failed_clips == 0, f"not finished: {outcome.clips.failures}"
    left = [attempt for attempt in played.attempts.values() if attempt.is_open]
    assert not left, f"left open: {left[0]}"


def clips_of(outcome: Outcome) -> Clips | None:
    """Return the clips that a runner returned, or that its error carries."""
    found = outcome.clips or getattr(outcome.error, "clips", None)
    return found if isinstance(found, Clips) else None


def newest_stored(job: Job | None, clip_index: int) -> Attempt | None:
    """Return the newest stored attempt of a clip at what its manifest asks for."""
    if job is None:
        return None
    asked = job.manifest.clip(clip_index).fingerprint
    return _newest(a for a in job.of_clip(clip_index) if a.fingerprint == asked)


def _newest(attempts: Iterable[Attempt]) -> Attempt | None:
    stored = [a for a in attempts if a.custody is Custody.STORED]
    return stored[-1] if stored else None

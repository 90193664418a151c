"""The outcomes of clip prompts: a `Clip` for each success, a `ClipFailure` for each other."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from typing import Literal
from uuid import UUID

from attrs import field, frozen

from vgen.records.money import ZERO
from vgen.records.request import Generator
from vgen.records.video import Fault


@frozen
class StoredFile:
    """A file in storage: the durable reference to it, and its size in bytes.

    `digest` changes whenever the file's content does: its SHA-256, or the storage's own entity
    tag; empty where the storage has none.
    """

    reference: str
    size: int
    digest: str = ""

    def has_content_of(self, other: StoredFile | None) -> bool:
        """Whether both have the same content, as far as size and digests tell."""
        if other is None or self.size != other.size:
            return False
        return self.digest == other.digest or not (self.digest and other.digest)


@frozen
class Choice:
    """A user's choice of a take, for the request with this fingerprint.

    `order` numbers the choices among a clip's takes from 1: the newest counts.
    """

    fingerprint: str
    order: int


@frozen
class Clip:
    """A finished clip: probed, judged and stored.

    All durations are in seconds: `target_duration` was asked for by the user,
    `requested_duration` by vgen of the backend, `actual_duration` is what the file plays.
    `duration_diff` is actual minus target, and `within_tolerance` says whether that is acceptable.
    `cost` is what its attempts were billed in this job, failed ones included, in US dollars.
    `generation_time` runs from its first submit in this run to its storing, in seconds.

    `reference` finds the file in storage for good; `video_url` is created from it. `ignored` names
    the settings that the backend could not honour, `faults` what the judge found, and `notes` what
    else the user should know, such as an image that could not be read.

    `container`, `codec`, `audio_codec`, `rotation` and `pixel_aspect` say what is stored, as in
    `VideoInfo`; the first two are empty where an older vgen has made the record, `audio_codec` also
    where there is no sound. `sha256` is that of the stored file, `delivered_sha256` that of the
    provider's, where it was another container.

    `take` is the file of this take alone: it stays where it is when another take of the clip is
    made or chosen (`None`: made by a vgen that kept one file for each clip). `file` is its copy at
    `reference`, once it was the clip. `choice` says for which request the user has chosen it.
    """

    clip_index: int
    video_url: str
    actual_duration: float
    target_duration: float
    duration_diff: float
    status: Literal["success"] = "success"
    cost: Decimal = ZERO
    retry_count: int = 0
    generation_time: float = 0.0
    requested_duration: float = 0.0
    within_tolerance: bool = True
    backend: str = ""
    generator: Generator = Generator.MODEL
    reference: str = ""
    sha256: str = ""
    delivered_sha256: str = ""
    container: str = ""
    codec: str = ""
    audio_codec: str = ""
    width: int = 0
    height: int = 0
    fps: float = 0.0
    frames: int = 0
    rotation: int = 0
    pixel_aspect: Fraction = Fraction(1)
    seed: int | None = None
    ignored: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()
    notes: tuple[str, ...] = ()
    take: StoredFile | None = None
    file: StoredFile | None = None
    choice: Choice | None = None


@frozen
class FailedAttempt:
    """One failed attempt: on which backend, why, and what it was billed in US dollars.

    `may_be_billed`: it is still open, and holds money.
    """

    backend: str
    reason: str
    cost: Decimal = ZERO
    may_be_billed: bool = False


@frozen
class ClipFailure:
    """Why a clip is missing, and what was tried for it."""

    clip_index: int
    reason: str
    tried: tuple[FailedAttempt, ...] = ()


@frozen
class Clips:
    """The outcome of a job.

    `clips` are in `clip_index` order, and so are `failures`, one for each clip that is missing.
    `total_cost` is all that the job has spent, failed attempts and money spent by the caller
    before it included, in US dollars. `total_generation_time` is in seconds.
    """

    job_id: UUID
    clips: tuple[Clip, ...]
    total_clips: int
    successful_clips: int
    failed_clips: int
    total_cost: Decimal = ZERO
    total_generation_time: float = 0.0
    failures: tuple[ClipFailure, ...] = field(default=())

    @classmethod
    def of(
        cls,
        job_id: UUID,
        outcomes: Iterable[Clip | ClipFailure],
        *,
        total_cost: Decimal,
        seconds: float,
    ) -> Clips:
        """Count and order the outcomes, one for each clip."""
        ordered = sorted(outcomes, key=lambda outcome: outcome.clip_index)
        clips = tuple(outcome for outcome in ordered if isinstance(outcome, Clip))
        failures = tuple(outcome for outcome in ordered if isinstance(outcome, ClipFailure))
        return cls(
            job_id=job_id,
            clips=clips,
            total_clips=len(ordered),
            successful_clips=len(clips),
            failed_clips=len(failures),
            total_cost=total_cost,
            total_generation_time=seconds,
            failures=failures,
        )

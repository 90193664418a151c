"""Progress of a job's clips, reported to its observer."""

from __future__ import annotations

from attrs import define, field

from vgen.decisions.outcome import percent
from vgen.ports.events import ClipGivenUp, ClipProgress, ClipStored, Observer
from vgen.records.clip import Clip, ClipFailure
from vgen.records.job import Manifest


@define
class Progress:
    """Reports what becomes of a job's clips, and how far the job is.

    The job has `total` clips; `progress_range` is its start and end within the caller's pipeline,
    in percent.
    """

    manifest: Manifest
    total: int
    observer: Observer
    progress_range: tuple[float, float]
    _fractions: dict[int, float] = field(factory=dict[int, float])
    _done: float = 0.0
    _ended: set[int] = field(factory=set[int])

    def clip_progressed(
        self, clip_index: int, fraction: float, left: float | None, *, estimated: bool
    ) -> None:
        """Report how far a clip's attempt is, from 0 to 1, and how many seconds are left."""
        before = self._fractions.get(clip_index, 0.0)
        if fraction > before:
            self._fractions[clip_index] = fraction
            self._done += fraction - before
        job_id = self.manifest.job_id
        point = percent(self._done, total=self.total, within=self.progress_range)
        self.observer(ClipProgress(job_id, clip_index, fraction, round(point, 2), left, estimated))

    def clip_stored(self, clip: Clip, *, made: bool) -> None:
        """Report that a clip is finished; `made` in this run, or kept from an earlier one."""
        self.observer(ClipStored(self.manifest.job_id, clip, made))
        self._clip_ended(clip.clip_index)

    def clip_given_up(self, failure: ClipFailure) -> None:
        """Report that a clip is missing."""
        self.observer(ClipGivenUp(self.manifest.job_id, failure))
        self._clip_ended(failure.clip_index)

    def others_given_up(self, reason: str) -> None:
        """Report that all clips are missing of which nothing was said yet."""
        for planned in self.manifest.clips:
            if planned.clip_index not in self._ended:
                self.clip_given_up(ClipFailure(planned.clip_index, reason))

    def _clip_ended(self, clip_index: int) -> None:
        self._ended.add(clip_index)
        self.clip_progressed(clip_index, 1.0, 0.0, estimated=False)

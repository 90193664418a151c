"""Dependencies shared by all jobs of a runner."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from attrs import evolve, frozen

from vgen.drive.attempt.context import AttemptContext
from vgen.drive.attempt.delivery import Delivery
from vgen.drive.clip.claims import Claims
from vgen.drive.clip.context import ClipContext
from vgen.drive.job.draft import DraftTools
from vgen.drive.limits.concurrency import FlightLimits
from vgen.drive.limits.freed_money import FreedMoney
from vgen.drive.limits.line import Share
from vgen.drive.limits.stop import JobStop
from vgen.drive.media.images import Images
from vgen.drive.observe.observers import both, guarded
from vgen.drive.observe.progress import Progress
from vgen.ports.backend import VideoBackend
from vgen.ports.events import Observer
from vgen.records.job import Manifest


@frozen
class JobContext:
    """Dependencies shared by all jobs of a runner: backends, ledger, storage and limits.

    `random` returns a random number from 0 to 1.
    """

    backends: Mapping[str, VideoBackend]
    attempts: AttemptContext
    delivery: Delivery
    claims: Claims
    flight: FlightLimits
    random: Callable[[], float]

    def with_observer(self, observer: Observer) -> JobContext:
        """Return the context of a job with an observer of its own, called after this one's."""
        observers = both(self.attempts.observer, guarded(observer))
        return evolve(self, attempts=evolve(self.attempts, observer=observers))

    def draft_tools(self) -> DraftTools:
        """Return what a job is drafted with, none of its images read yet."""
        return DraftTools(
            self.backends,
            self.attempts.ledger,
            self.attempts.settings,
            self.delivery.storage,
            self.images(),
            self.delivery.clip_key,
        )

    def images(self) -> Images:
        """Return the reference images of one job, none of them read yet."""
        backoff = self.attempts.settings.backoff
        return Images(self.delivery.storage, self.delivery.inspector, backoff=backoff)

    def clips(
        self, manifest: Manifest, images: Images, *, total: int | None = None, priority: int = 0
    ) -> ClipContext:
        """Return what the clips of one job share.

        The job has `total` clips, by default those of the manifest.
        """
        attempts = self.attempts
        total = len(manifest.clips) if total is None else total
        return ClipContext(
            manifest=manifest,
            backends=self.backends,
            images=images,
            attempts=attempts,
            delivery=self.delivery,
            claims=self.claims,
            flight=self.flight,
            share=Share(priority),
            stop=JobStop(total, manifest.min_clips),
            money=FreedMoney(),
            progress=Progress(manifest, total, attempts.observer, attempts.settings.progress_range),
            random=self.random,
        )

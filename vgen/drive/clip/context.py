"""What the clips of one job share."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from attrs import frozen

from vgen.drive.attempt.context import AttemptContext
from vgen.drive.attempt.delivery import Delivery
from vgen.drive.clip.claims import Claims
from vgen.drive.limits.concurrency import FlightLimits
from vgen.drive.limits.freed_money import FreedMoney
from vgen.drive.limits.line import Share
from vgen.drive.limits.stop import JobStop
from vgen.drive.media.images import Images
from vgen.drive.observe.progress import Progress
from vgen.ports.backend import VideoBackend
from vgen.records.job import Manifest


@frozen
class ClipContext:
    """What the clips of one job share: ports and limits, its stop, its money, its progress.

    `share` is its part in the limits; `random` returns a random number from 0 to 1, for the jitter
    of pauses.
    """

    manifest: Manifest
    backends: Mapping[str, VideoBackend]
    images: Images
    attempts: AttemptContext
    delivery: Delivery
    claims: Claims
    flight: FlightLimits
    share: Share
    stop: JobStop
    money: FreedMoney
    progress: Progress
    random: Callable[[], float]

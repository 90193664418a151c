"""A job as it is written down: what was asked, who works on it, where its money stands."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import cached_property
from uuid import UUID

from attrs import field, frozen

from vgen.records import checks
from vgen.records.attempt import Attempt
from vgen.records.fallback import ANY_REASON, FallBackReason
from vgen.records.money import ZERO, Account, Purse
from vgen.records.prompt import ClipPrompt
from vgen.records.request import ClipRequest
from vgen.records.settings import GenerationSettings

REROLLS = 1
"""How often an output that was refused is made anew, unless the job says otherwise."""


@frozen
class PlannedClip:
    """One clip of a job, decided: what is asked for and where it may be tried.

    `route` names the backends in order. `fingerprint` changes when the user's request does.
    `notes` tell the user what was decided, such as to go without an image that could not be read.
    `take` counts how often the user has asked for the same clip again.
    """

    prompt: ClipPrompt
    request: ClipRequest
    fingerprint: str
    route: tuple[str, ...]
    notes: tuple[str, ...] = ()
    take: int = 0

    @property
    def clip_index(self) -> int:
        """The clip's place in the job."""
        return self.prompt.clip_index


@frozen
class Manifest:
    """All that another process needs to carry a job on.

    `budget` is the most that the job's spent, held and doubtful money may come to, and
    `already_spent` what the caller had spent of it before, both in US dollars. `opening` digests
    what the clips are to be, and `backends` names those that the job was given, in order: what an
    older vgen has written has neither. `fall_back_on` says why a clip may go on with the next
    backend of its route, `rerolls` how often an output that a provider's filter has refused is made
    anew. Its money counts in the `purses` too. `name` and `folder` tell people which job it is.
    """

    job_id: UUID
    clips: tuple[PlannedClip, ...]
    generation: GenerationSettings
    budget: Decimal = field(default=ZERO, validator=checks.amount)
    already_spent: Decimal = field(default=ZERO, validator=checks.amount)
    min_clips: int = 3
    opening: str = ""
    backends: tuple[str, ...] = ()
    fall_back_on: tuple[FallBackReason, ...] = ANY_REASON
    rerolls: int = REROLLS
    purses: tuple[Purse, ...] = ()
    name: str = ""
    folder: str = ""

    @property
    def route(self) -> tuple[str, ...]:
        """The names of the job's backends, in order; in older records those of its clips."""
        routes = (name for planned in self.clips for name in planned.route)
        return self.backends or tuple(dict.fromkeys(routes))

    def clip(self, clip_index: int) -> PlannedClip:
        """Return one clip's plan; `KeyError` where the job has none of that index."""
        return self._by_index[clip_index]

    @cached_property
    def _by_index(self) -> Mapping[int, PlannedClip]:
        return {planned.clip_index: planned for planned in self.clips}


@frozen
class JobClip:
    """One clip of a job, without the job's other clips.

    `manifest` has that clip alone, or none where the job has no such clip; the job has `total`
    clips. `stopped` is the job's.
    """

    manifest: Manifest
    total: int
    stopped: bool = False


@frozen
class Claim:
    """The right to work on one clip, until it expires by the ledger's own time.

    Every write carries the `epoch`: a claim that has passed on can write nothing more.
    """

    job_id: UUID
    clip_index: int
    owner: str
    epoch: int


@frozen
class Job:
    """A job as the ledger knows it; `attempts` are in the order in which they were written.

    `stopped` is true from a request to stop the job until it is opened again.
    """

    manifest: Manifest
    account: Account
    attempts: tuple[Attempt, ...] = ()
    outcome: str = ""
    stopped: bool = False

    def of_clip(self, clip_index: int) -> tuple[Attempt, ...]:
        """Return a clip's attempts in their order."""
        return self._by_clip.get(clip_index, ())

    @cached_property
    def _by_clip(self) -> Mapping[int, tuple[Attempt, ...]]:
        found: dict[int, list[Attempt]] = {}
        for attempt in self.attempts:
            found.setdefault(attempt.clip_index, []).append(attempt)
        return {clip_index: tuple(attempts) for clip_index, attempts in found.items()}

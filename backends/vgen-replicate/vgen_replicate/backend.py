"""A model on Replicate as a backend: submit, ask, fetch, cancel, find."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from math import ceil
from pathlib import Path
from typing import Self
from uuid import UUID

import httpx
import trio

from vgen.abc import (
    Absent,
    Attempt,
    Capabilities,
    ClipRequest,
    Finding,
    Image,
    Prepared,
    Price,
    Quote,
    State,
    Status,
    Ticket,
    Unknown,
    VideoBackend,
)
from vgen.errors import GenerationError, NetworkError, SubmitInDoubtError, VgenError
from vgen_replicate import prices
from vgen_replicate.access import Access
from vgen_replicate.declaration import SEEDS, Declaration, Variant
from vgen_replicate.download import download, urls
from vgen_replicate.prediction import Prediction
from vgen_replicate.uploads import Uploads
from vgen_replicate.verdict import status_of
from vgen_replicate.wire import Wire

QUESTIONS = 8
"""How many predictions are asked after at once."""

SLACK = 600
"""Seconds that the service waits beyond our own limits before it ends a prediction by itself: time
for another process to find the work still there."""

STOPPING = 30.0
"""Seconds that a prediction may run on while it is being cancelled."""

QUIET = 5.0
"""Seconds after which a request that was broken off is in the service's list, if it arrived."""

LENGTH_SLACK = 0.1
"""Seconds by which a file may be longer than its frames say."""

SKEW = timedelta(seconds=60)
"""By how much the clocks of this machine and of the service may differ."""

SENDING = timedelta(minutes=11)
"""How long after it was reserved an attempt may arrive: no submit may take more than 10 minutes."""

KEPT_INPUT = timedelta(minutes=60)
"""For how long the service keeps a prediction's input."""


class ReplicateBackend(VideoBackend):
    """A declared model on Replicate.

    `token` and `base_url` come from `REPLICATE_API_TOKEN` and `REPLICATE_BASE_URL` where they are
    not given. `price` replaces the declared one. With `metered`, or `REPLICATE_PRICING=metered`, a
    clip costs what the service bills for its running time, not what its length says. `quiet` is
    how many seconds a submit without an answer is given to show in the service's list.
    `transport` replaces httpx's.

    Every prediction carries a deadline at the service, well behind the limits of vgen.
    """

    def __init__(
        self,
        declaration: Declaration,
        *,
        token: str | None = None,
        base_url: str | None = None,
        price: Price | None = None,
        metered: bool | None = None,
        quiet: float = QUIET,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.name = declaration.name
        self._declare(declaration)
        self._access = Access.of(token, base_url)
        self.account = self._access.account
        self._price, self._quiet = price or declaration.price, quiet
        self._metered = prices.is_metered() if metered is None else metered
        self._wire = Wire(self._access, transport=transport)
        self._uploads = Uploads(self._wire, needed=self._deadline)
        self._versions: dict[str, str] = {}
        self._unanswered: dict[UUID, datetime] = {}
        self._doubted: dict[UUID, float] = {}
        self._taken: dict[str, UUID] = {}

    async def __aenter__(self) -> Self:
        """Open the connections.

        Raises:
            ConfigurationError: there is no token.
        """
        self._access.check()
        await self._wire.__aenter__()
        return self

    async def aclose(self) -> None:
        """Close the connections."""
        await self._wire.aclose()

    def quote(self, request: ClipRequest) -> Quote:
        """Say what the request comes to; the hold covers a run that is cancelled at its limit."""
        seconds = self.capabilities.nearest_duration(request.duration)
        at_most = self._declared.per_run_second * Decimal(str(self._declared.run_limit + STOPPING))
        by_length = Decimal(0) if self._metered else self._price.cost(seconds + LENGTH_SLACK)
        return Quote(
            duration=seconds,
            hold=max(at_most, by_length),
            price=self._price,
            ignored=self._declared.ignored(request),
        )

    async def prepare(self, request: ClipRequest, image: Image | None) -> Prepared:
        """Find out the model's version, and upload the image."""
        variant = self._declared.variant(image=image is not None)
        given = dict(variant.inputs(request, self.capabilities.nearest_duration(request.duration)))
        if image is not None and variant.image is not None:
            given[variant.image] = await self._uploads.url(image)
        payload = {
            "version": await self._version(variant),
            "input": given,
            "seed": variant.seed,
            "max_seed": variant.max_seed,
        }
        return Prepared(request=request, image=image, payload=payload)

    async def submit(self, prepared: Prepared, attempt_id: UUID) -> Ticket:
        """Start the prediction; the seed, drawn from the attempt's id, tells it from its twins.

        Raises:
            SubmitInDoubtError: it was sent and no sound answer came.
            AttemptError, AccountError: it was not started.
        """
        payload = prepared.payload
        given = dict(payload["input"])
        if payload["seed"]:
            given[payload["seed"]] = seed_of(prepared.request, attempt_id, payload["max_seed"])
        self._unanswered[attempt_id] = datetime.now(UTC)
        try:
            started = await self._wire.create(payload["version"], given, deadline=self._deadline)
        except SubmitInDoubtError:
            raise
        except VgenError:
            self._forget(attempt_id)
            raise
        return self._ticket(started, attempt_id)

    async def status(self, tickets: Sequence[Ticket]) -> Mapping[Ticket, Status]:
        """Ask after each; those that no answer came for are left out."""
        found: dict[Ticket, Status] = {}
        limiter = trio.CapacityLimiter(QUESTIONS)
        problems: list[Exception] = []

        async def ask(ticket: Ticket) -> None:
            async with limiter:
                try:
                    found[ticket] = self._status(await self._wire.prediction(ticket.provider_id))
                except GenerationError as error:
                    found[ticket] = Status(State.FAILED, failure=error)
                except NetworkError:
                    return
                except Exception as error:  # noqa: BLE001 (told once all have been asked)
                    problems.append(error)

        async with trio.open_nursery() as nursery:
            for ticket in tickets:
                nursery.start_soon(ask, ticket)
        if problems:
            raise problems[0]
        return found

    async def fetch(self, ticket: Ticket, path: Path) -> None:
        """Download the clip from the URL that the service gives for it now.

        Raises:
            NetworkError: it did not come whole; asked again, it may.
            GenerationError: the service has removed it, or there is none.
        """
        made = await self._wire.prediction(ticket.provider_id)
        url = next(urls(made.output), None)
        if url is None:
            gone = "the service has removed it" if made.data_removed else f"it is {made.status}"
            raise GenerationError(f"there is no clip to fetch: {gone}")
        await download(self._wire.http, self._access, url, path)

    async def cancel(self, ticket: Ticket) -> Status:
        """Ask the service to stop the prediction; what has ended stays as it is."""
        return self._status(await self._wire.cancel(ticket.provider_id))

    async def find(self, attempt: Attempt) -> Finding:
        """Look through the account's predictions for a submit whose answer was lost.

        Absent is what a complete listing does not hold, `quiet` seconds after it was first looked
        for. The service keeps a prediction's input for an hour: where one might be the attempt's
        and its input is gone, nothing will ever tell. Nor is there more than a guess, and so no
        finding, where the user's seed made twins, or the model takes no seed.
        """
        if not self.capabilities.can_find:
            return Unknown()
        first_look = self._doubted.setdefault(attempt.attempt_id, trio.current_time())
        since, until = self._window(attempt)
        candidates = await self._wire.created(since, until, partial(self._may_be, attempt))
        known = [made for made in candidates if not made.data_removed]
        drawn = attempt.request.seed is None
        if len(known) == 1 and (drawn or self._is_alone(known[0], attempt)):
            return self._ticket(known[0], attempt.attempt_id)
        if known or trio.current_time() < first_look + self._quiet:
            return Unknown()
        if candidates:
            return Unknown(for_good=True)
        self._forget(attempt.attempt_id)
        return Absent()

    def _declare(self, declaration: Declaration) -> None:
        variants = [each for each in (declaration.text, declaration.image) if each is not None]
        self._declared = declaration
        self.capabilities = Capabilities(
            text=declaration.text is not None,
            image=declaration.image is not None,
            durations=declaration.durations,
            max_size=declaration.max_size,
            durable_tickets=True,
            enforces_deadline=True,
            can_find=all(variant.seed for variant in variants),
            queue_limit=declaration.queue_limit,
            run_limit=declaration.run_limit,
        )

    def _may_be(self, attempt: Attempt, made: Prediction) -> bool:
        variant = self._declared.variant(image=attempt.request.image is not None)
        if variant.seed is None or made.model != variant.name:
            return False
        if self._taken.get(made.id, attempt.attempt_id) != attempt.attempt_id:
            return False
        if made.data_removed:
            # What this process sent is younger than what the service has removed.
            return attempt.sent and attempt.attempt_id not in self._unanswered
        request = attempt.request
        asked = {variant.seed: seed_of(request, attempt.attempt_id, variant.max_seed)}
        if request.seed is not None:
            seconds = self.capabilities.nearest_duration(request.duration)
            asked = {**variant.inputs(request, seconds), **asked}
        return asked.items() <= made.input.items()

    def _is_alone(self, made: Prediction, attempt: Attempt) -> bool:
        """Whether a prediction with the user's seed can be nobody else's.

        It was made since this process sent the attempt, and nothing else that this process has sent
        is unanswered.
        """
        if self._taken.get(made.id) == attempt.attempt_id:
            return True
        sent = self._unanswered.get(attempt.attempt_id)
        if sent is None or made.created_at is None:
            return False
        return made.created_at >= sent - SKEW and self._unanswered.keys() <= {attempt.attempt_id}

    def _window(self, attempt: Attempt) -> tuple[datetime, datetime | None]:
        """Give the time within which the attempt was sent: all time, where nothing tells."""
        reserved = self._unanswered.get(attempt.attempt_id) or attempt.reserved_at
        if reserved is None:
            return datetime.fromtimestamp(0, UTC), None
        over = reserved + SENDING + SKEW
        return reserved - SKEW, over if over + KEPT_INPUT < datetime.now(UTC) else None

    async def _version(self, variant: Variant) -> str:
        if variant.version is not None:
            return variant.version
        if variant.name not in self._versions:
            owner, _, name = variant.name.partition("/")
            latest = await self._wire.latest_version(owner, name)
            self._versions[variant.name] = latest or variant.name
        return self._versions[variant.name]

    def _ticket(self, made: Prediction, attempt_id: UUID) -> Ticket:
        self._taken[made.id] = attempt_id
        self._forget(attempt_id)
        return Ticket(self.name, made.id, self.account, made.version)

    def _forget(self, attempt_id: UUID) -> None:
        self._unanswered.pop(attempt_id, None)
        self._doubted.pop(attempt_id, None)

    def _status(self, made: Prediction) -> Status:
        per_second = self._declared.per_run_second
        return status_of(made, per_run_second=per_second, metered=self._metered)

    @property
    def _deadline(self) -> int:
        return ceil(self._declared.queue_limit + self._declared.run_limit) + SLACK


def seed_of(request: ClipRequest, attempt_id: UUID, most: int) -> int:
    """Give the seed that an attempt is sent with: the user's, or one that follows from its id."""
    return attempt_id.int % SEEDS if request.seed is None else min(request.seed, most)

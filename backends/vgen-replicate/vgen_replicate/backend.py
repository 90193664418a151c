"""A model on Replicate as a backend: submit, status, fetch, cancel, find."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from math import ceil, inf
from pathlib import Path
from typing import Any, Self
from uuid import UUID

import httpx
import trio
from attrs import evolve

from vgen.abc import (
    Attempt,
    Capabilities,
    ClipRequest,
    Finding,
    Image,
    Notice,
    Prepared,
    Price,
    Quote,
    Rates,
    State,
    Status,
    Ticket,
    Unknown,
    VideoBackend,
)
from vgen.errors import (
    GenerationError,
    ModelUnavailableError,
    NetworkError,
    RateLimitedError,
    SubmitInDoubtError,
    VgenError,
)
from vgen_replicate import prices
from vgen_replicate.access import Access
from vgen_replicate.client import Client
from vgen_replicate.declaration import Declaration, Variant, check_number, check_type
from vgen_replicate.download import choose_url, download
from vgen_replicate.prediction import Prediction
from vgen_replicate.sdk_errors import PredictionNotFoundError
from vgen_replicate.search import Search
from vgen_replicate.status import StatusReader
from vgen_replicate.submissions import Submissions
from vgen_replicate.uploads import Uploads
from vgen_replicate.webhooks import WebhookReader, check_webhook_url

MAX_CONCURRENT_REQUESTS = 8
"""How many predictions' statuses are requested concurrently."""

DEADLINE_MARGIN = 600
"""Seconds between vgen's own limits and the service's deadline for a prediction: time in which
another process can take over."""

LIMIT_FACTOR = 2.5
"""An attempt may run so many times as long as usual: what takes longer hardly ever ends."""

CANCEL_SECONDS = 30.0
"""Seconds that a prediction may still run while it is being cancelled."""

QUIET = 5.0
"""Seconds after which an interrupted submit appears in the service's listing, if it arrived."""

LENGTH_TOLERANCE = 0.1
"""Seconds by which a file may be longer than its frame count and rate say."""


RATES = Rates(submits=600, calls=3000)
"""What the service takes from an account in a minute, as it documents; less, where that has little
credit."""

OUTPUT_RETENTION = 3600.0
"""For how many seconds after its end the service keeps a prediction's output."""


class ReplicateBackend(VideoBackend):
    """A declared model on Replicate.

    `token` and `base_url` default to `REPLICATE_API_TOKEN` and `REPLICATE_BASE_URL`. A clip costs
    what the service bills for its running time (`metered`), or a price by its length: the `price`
    that is given, or the declared one with `metered=False` or `REPLICATE_PRICING=formula`. `quiet`
    is how many seconds a submit without a response may take to appear in the service's listing, and
    `rates` how many requests the account is sent in a minute.
    `transport` replaces httpx's.

    With a `webhook_url`, the service is told to send a webhook there when a prediction has ended:
    its requests are for `Runner.receive_webhook`.

    Every prediction has a deadline at the service, later than vgen's own limits.

    Raises:
        ConfigurationError: an argument is invalid.
    """

    def __init__(  # noqa: PLR0913 (each is one thing that an account may want otherwise)
        self,
        declaration: Declaration,
        *,
        token: str | None = None,
        base_url: str | None = None,
        price: Price | None = None,
        metered: bool | None = None,
        quiet: float = QUIET,
        rates: Rates = RATES,
        webhook_url: str | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        check_number("quiet", quiet, zero=True)
        self._rates = rates
        self._metered = prices.is_metered(unless_said=price is None) if metered is None else metered
        check_type("metered", self._metered, bool)
        self.name = declaration.name
        self._webhook_url = check_webhook_url(webhook_url)
        self._declare(declaration if price is None else evolve(declaration, price=price))
        self._access = Access.resolve(token, base_url)
        self.account = self._access.account
        self._client = Client(self._access, transport=transport)
        self._webhooks = WebhookReader(self._client, self.account)
        self._uploads = Uploads(self._client, min_lifetime=self._deadline)
        self._versions: dict[str, str] = {}
        self._submissions = Submissions.shared(self._access)
        self._search = Search(self._client, self._submissions, quiet=quiet)
        self._status_reader = StatusReader(declaration.per_run_second, metered=self._metered)

    async def __aenter__(self) -> Self:
        """Open the connections.

        Raises:
            ConfigurationError: the token is missing or invalid.
        """
        self._access.check()
        await self._client.__aenter__()
        return self

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    def quote(self, request: ClipRequest) -> Quote:
        """Return length, price, time and hold; that covers a run that is cancelled at its limit."""
        declared = self._declaration
        seconds = self.capabilities.nearest_duration(request.duration)
        usually = declared.run_seconds and declared.run_seconds(request)
        limit = min(declared.run_limit, LIMIT_FACTOR * usually if usually else inf)
        hold = self._run_cost(limit + CANCEL_SECONDS)
        if not self._metered:
            hold = max(hold, declared.price.cost(seconds + LENGTH_TOLERANCE))
        return Quote(
            duration=seconds,
            hold=hold,
            expected=self._expected(seconds, usually),
            price=declared.price if not self._metered else Price(),
            ignored=declared.ignored(request),
            run_limit=limit,
            seconds=usually,
        )

    def _expected(self, seconds: float, usually: float | None) -> Decimal:
        if not self._metered:
            return self._declaration.price.cost(seconds)
        return self._run_cost(self._declaration.run_limit / 2 if usually is None else usually)

    async def prepare(self, request: ClipRequest, image: Image | None) -> Prepared:
        """Look up the model's version, and upload the image."""
        variant = self._declaration.variant(image=image is not None)
        inputs = dict(variant.inputs(request, self.capabilities.nearest_duration(request.duration)))
        if image is not None and variant.image is not None:
            inputs[variant.image] = await self._uploads.url(image)
        payload = {"version": await self._version(variant), "input": inputs, "variant": variant}
        return Prepared(request=request, image=image, payload=payload)

    async def submit(self, prepared: Prepared, attempt_id: UUID) -> Ticket:
        """Start the prediction; unless the user chose the seed, it is drawn from the attempt's id.

        Raises:
            SubmitInDoubtError: it may have been started: there was no valid response.
            AttemptError, AccountError: it was not started.
        """
        variant: Variant = prepared.payload["variant"]
        inputs = {**prepared.payload["input"], **variant.seeded(prepared.request, attempt_id)}
        version = prepared.payload["version"]
        self._submissions.record_submit(attempt_id, inputs)
        try:
            started = await self._client.create(
                version, inputs, deadline=self._deadline, webhook=self._webhook_url
            )
        except SubmitInDoubtError:
            raise
        except VgenError as error:
            self._submissions.discard(attempt_id)
            if isinstance(error, ModelUnavailableError):
                self._versions.clear()  # there may be a newer one
            raise
        return self._ticket(started, attempt_id)

    async def status(self, tickets: Sequence[Ticket]) -> Mapping[Ticket, Status]:
        """Request the statuses, several at once; those that could not be read are left out.

        "Not found" does not end an attempt.

        Raises:
            AccountError: the token is refused.
            NetworkError, RateLimitedError: no status could be read.
        """
        found: dict[Ticket, Status] = {}
        limiter = trio.CapacityLimiter(MAX_CONCURRENT_REQUESTS)
        problems: list[Exception] = []

        async def ask(ticket: Ticket) -> None:
            async with limiter:
                try:
                    prediction = await self._client.prediction(ticket.provider_id)
                    found[ticket] = self._status_reader.status(prediction)
                except PredictionNotFoundError as error:
                    found[ticket] = _not_found(error)
                except Exception as error:  # noqa: BLE001 (raised once all have been asked)
                    problems.append(error)

        async with trio.open_nursery() as nursery:
            for ticket in tickets:
                nursery.start_soon(ask, ticket)
        fatal = [each for each in problems if not isinstance(each, NetworkError | RateLimitedError)]
        if fatal or (problems and not found):
            raise (fatal or problems)[0]
        return found

    async def fetch(self, ticket: Ticket, path: Path) -> None:
        """Request the clip's current URL, and download it to `path`: all of it, or nothing.

        Raises:
            NetworkError: the download failed; a retry may succeed.
            GenerationError: the service has removed the clip, or there is none.
        """
        prediction = await self._client.prediction(ticket.provider_id)
        url = choose_url(prediction.output, self._access)
        if url is not None:
            await download(self._client.http, self._access, url, path)
        elif prediction.data_removed:
            raise GenerationError("there is no clip to fetch: the service has removed it")
        elif prediction.output is None and prediction.status == "succeeded":
            raise NetworkError("the clip is not there yet")
        else:
            raise GenerationError(f"there is no clip to fetch: it is {prediction.status}")

    async def cancel(self, ticket: Ticket) -> Status:
        """Cancel the prediction; one that has ended keeps its status."""
        try:
            return self._status_reader.status(await self._client.cancel(ticket.provider_id))
        except PredictionNotFoundError as error:
            return _not_found(error)

    async def find(self, attempt: Attempt) -> Finding:
        """Search the account's predictions for a submit whose response was lost.

        `Absent`: a complete listing, `quiet` seconds after the first search or later, does not
        contain it. `Unknown(for_good=True)`: the service has removed the input, after an hour, of a
        prediction that may be the attempt's. `Unknown()`: several predictions with the user's seed
        match, the model takes no seed, or the attempt belongs to another account.

        Raises:
            NetworkError: the listing could not be read to its end.
        """
        if not self.capabilities.can_find or attempt.account != self.account:
            return Unknown()
        found = await self._search.find(attempt, self._known_input(attempt))
        if isinstance(found, Prediction):
            return self._ticket(found, attempt.attempt_id)
        return found

    async def read_webhook(self, headers: Mapping[str, str], body: bytes) -> Notice:
        """Check its signature, with the account's secret, and return which prediction it is about.

        Raises:
            WebhookRefusedError: the service has not signed it for this account, or it is old.
            NetworkError: the secret could not be read.
        """
        return await self._webhooks.read(headers, body)

    def _declare(self, declaration: Declaration) -> None:
        variants = [each for each in (declaration.text, declaration.image) if each is not None]
        self._declaration = declaration
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
            keeps_outputs=OUTPUT_RETENTION,
            notifies=self._webhook_url is not None,
            rates=self._rates,
        )

    def _known_input(self, attempt: Attempt) -> Mapping[str, Any]:
        """Return as much of the attempt's input as is needed to recognise its prediction."""
        request = attempt.request
        variant = self._declaration.variant(image=request.image is not None)
        seeded = variant.seeded(request, attempt.attempt_id)
        if request.seed is None:
            return seeded
        if sent := self._submissions.unanswered.get(attempt.attempt_id):
            return sent.inputs
        seconds = self.capabilities.nearest_duration(request.duration)
        return {**variant.inputs(request, seconds), **seeded}

    async def _version(self, variant: Variant) -> str:
        if variant.version is not None:
            return variant.version
        if variant.name not in self._versions:
            owner, _, name = variant.name.partition("/")
            latest = await self._client.latest_version(owner, name)
            self._versions[variant.name] = latest or variant.name
        return self._versions[variant.name]

    def _ticket(self, prediction: Prediction, attempt_id: UUID) -> Ticket:
        self._submissions.record_prediction(attempt_id, prediction.id)
        return Ticket(self.name, prediction.id, self.account, prediction.version)

    def _run_cost(self, seconds: float) -> Decimal:
        """Return what so many seconds of running cost, in US dollars."""
        return self._declaration.per_run_second * Decimal(str(seconds))

    @property
    def _deadline(self) -> int:
        return ceil(self._declaration.queue_limit + self._declaration.run_limit) + DEADLINE_MARGIN


def _not_found(error: PredictionNotFoundError) -> Status:
    return Status(State.NOT_FOUND, failure=error)

"""An HTTP client of the service, on its official SDK, which no other module calls."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Self, cast

import httpx
import trio
from attrs import frozen
from replicate import AsyncReplicate, ReplicateError, omit

from vgen.abc import Image
from vgen.errors import (
    GenerationError,
    ModelUnavailableError,
    NetworkError,
    SubmitInDoubtError,
    VgenError,
)
from vgen_replicate import sdk_errors
from vgen_replicate.access import Access
from vgen_replicate.parsing import as_datetime, as_object, as_text
from vgen_replicate.prediction import InvalidResponseError, Prediction

REQUEST_TIMEOUT = 30.0
"""The timeout of one request in seconds; an upload has twice as long."""

PAGE_TRIES = 3
"""How often one page is requested: without retries, a long listing would hardly ever succeed."""

MAX_PAGES = 100
"""The most pages, of 100 predictions each, that are read: a longer listing is an error."""


@frozen
class UploadedImage:
    """An image at the service: its URL, and when it expires, if ever."""

    url: str
    expires_at: datetime | None


@frozen
class _Page:
    """A page of predictions, and the query for the next page, if there is one."""

    predictions: list[Prediction]
    next_query: dict[str, str] | None


class _Body(httpx.AsyncByteStream):
    """A request's body as an iterator.

    httpx would use an async generator, which a cancelled send leaves unfinished.
    """

    def __init__(self, content: bytes) -> None:
        self._left = [content]

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if not self._left:
            raise StopAsyncIteration
        return self._left.pop()


async def _use_plain_body(request: httpx.Request) -> None:
    request.stream = _Body(await request.aread())


class Client:
    """A client of the service. Only the pages of a listing are retried.

    All requests but `create` time out. Cancelling a call closes its connection; a cancelled
    `create` may have started a prediction.
    """

    def __init__(
        self, access: Access, *, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self.http = httpx.AsyncClient(
            timeout=None,  # noqa: S113 (the scopes around each call bound its time)
            transport=transport,
            event_hooks={"request": [_use_plain_body]},
        )
        self._sdk = AsyncReplicate(
            bearer_token=access.token,
            base_url=access.base_url,
            max_retries=0,  # it would send paid requests again
            timeout=None,
            http_client=self.http,
        )

    def __repr__(self) -> str:
        """Show the base URL only."""
        return f"<Client to {self._sdk.base_url}>"

    async def __aenter__(self) -> Self:
        """Open the connections."""
        await self.http.__aenter__()
        return self

    async def aclose(self) -> None:
        """Close the connections."""
        await self.http.aclose()

    async def create(
        self, version: str, inputs: Mapping[str, Any], *, deadline: int, webhook: str | None = None
    ) -> Prediction:
        """Start a prediction that the service ends after `deadline` seconds.

        Its end is told to the address `webhook`, if there is one.

        Raises:
            SubmitInDoubtError: it may have been started.
            VgenError: it was not.
        """
        try:
            response = await self._sdk.predictions.with_raw_response.create(
                version=version,
                input=dict(inputs),
                cancel_after=f"{deadline}s",
                webhook=webhook or omit,
                webhook_events_filter=["completed"] if webhook else omit,
            )
            return Prediction.parse(response.http_response.json())
        except (InvalidResponseError, json.JSONDecodeError, UnicodeDecodeError) as error:
            raise SubmitInDoubtError(f"malformed answer: {error}") from error
        except (ReplicateError, httpx.HTTPError) as error:
            raise sdk_errors.submit_error(error) from error

    async def prediction(self, prediction_id: str) -> Prediction:
        """Request a prediction by its id."""
        predictions = self._sdk.predictions.with_raw_response
        return _parse_prediction(
            await _request_json(lambda: predictions.get(prediction_id=prediction_id))
        )

    async def cancel(self, prediction_id: str) -> Prediction:
        """Cancel a prediction; one that has ended is returned unchanged."""
        predictions = self._sdk.predictions.with_raw_response
        return _parse_prediction(
            await _request_json(lambda: predictions.cancel(prediction_id=prediction_id))
        )

    async def find_predictions(
        self,
        since: datetime,
        until: datetime | None,
        matches: Callable[[Prediction], bool],
        *,
        stop_at_first: bool,
    ) -> list[Prediction]:
        """Return the account's matching predictions from `since`, before `until`, newest first.

        `stop_at_first`: end with the page of the first match whose data has not been removed.

        Raises:
            NetworkError: the listing could not be read to its end.
        """
        found: list[Prediction] = []
        query = {"created_after": _iso(since)}
        if until is not None:
            query["created_before"] = _iso(until)
        for _ in range(MAX_PAGES):
            page = await self._page(query)
            found += [each for each in page.predictions if matches(each)]
            is_found = stop_at_first and not all(each.data_removed for each in found)
            if page.next_query is None or is_found:
                return found
            query = page.next_query
        raise NetworkError(f"more than {MAX_PAGES} pages of predictions")

    async def _page(self, query: dict[str, str]) -> _Page:
        for _ in range(PAGE_TRIES - 1):
            with suppress(NetworkError):
                return await self._page_once(query)
        return await self._page_once(query)

    async def _page_once(self, query: dict[str, str]) -> _Page:
        predictions = self._sdk.predictions.with_raw_response
        body = await _request_json(lambda: predictions.list(extra_query=query))
        results, next_url = body.get("results"), body.get("next")
        try:
            next_query = dict(httpx.URL(next_url).params) if next_url else None
        except (TypeError, httpx.InvalidURL) as error:
            raise NetworkError(f"malformed answer: {error}") from error
        if not isinstance(results, list):
            raise NetworkError("malformed answer: it lists no predictions")
        return _Page([_parse_prediction(one) for one in cast("list[object]", results)], next_query)

    async def upload(self, image: Image) -> UploadedImage:
        """Upload an image; the service keeps it until it expires."""
        kind = image.media_type
        name = f"{image.sha256[:16]}.{kind.rpartition('/')[2]}"
        files = self._sdk.files.with_raw_response
        answer = await _request_json(
            lambda: files.create(content=(name, image.data, kind), filename=name, type=kind),
            timeout_seconds=2 * REQUEST_TIMEOUT,
            to_error=sdk_errors.request_error,
        )
        url = as_text(as_object(answer.get("urls")).get("get"))
        if not url:
            raise NetworkError("malformed answer: it has no URL")
        return UploadedImage(url, as_datetime(answer.get("expires_at")))

    async def latest_version(self, owner: str, name: str) -> str | None:
        """Return the newest version of a model; `None` for an official one, which needs none."""
        answer = await self.model(owner, name)
        try:
            return None if answer.get("is_official") else str(answer["latest_version"]["id"])
        except (KeyError, TypeError) as error:
            raise NetworkError(f"malformed answer: {error!r}") from error

    async def webhook_secret(self) -> str:
        """Return the secret that the account's webhooks are signed with."""
        secret = self._sdk.webhooks.default.secret.with_raw_response
        answer = await _request_json(secret.get, to_error=sdk_errors.request_error)
        key = as_text(answer.get("key"))
        if not key:
            raise NetworkError("malformed answer: it has no secret")
        return key

    async def model(self, owner: str, name: str) -> Mapping[str, Any]:
        """Return the model as JSON, its newest version's schema included.

        Raises:
            ModelUnavailableError: there is no such model.
        """
        models = self._sdk.models.with_raw_response
        return await _model_json(
            f"{owner}/{name}", lambda: models.get(model_owner=owner, model_name=name)
        )

    async def version(self, owner: str, name: str, version: str) -> Mapping[str, Any]:
        """Return one version of a model as JSON, its schema included.

        Raises:
            ModelUnavailableError: there is no such version.
        """
        versions = self._sdk.models.versions.with_raw_response
        return await _model_json(
            f"{owner}/{name}:{version}",
            lambda: versions.get(model_owner=owner, model_name=name, version_id=version),
        )


async def _model_json(reference: str, call: Callable[[], Awaitable[Any]]) -> Mapping[str, Any]:
    try:
        return await _request_json(call, to_error=sdk_errors.request_error)
    except GenerationError as error:
        raise ModelUnavailableError(f"there is no model {reference}: {error}") from error


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()


def _parse_prediction(answer: object) -> Prediction:
    try:
        return Prediction.parse(answer)
    except InvalidResponseError as error:
        raise NetworkError(f"malformed answer: {error}") from error


async def _request_json(
    call: Callable[[], Awaitable[Any]],
    *,
    timeout_seconds: float = REQUEST_TIMEOUT,
    to_error: Callable[[Exception], VgenError] = sdk_errors.prediction_error,
) -> Mapping[str, Any]:
    """Make a request that is safe to repeat, and return the JSON object of its response.

    Raises:
        NetworkError: there was no response in time, or it is not a JSON object.
        VgenError: what `to_error` makes of the SDK's error.
    """
    try:
        with trio.fail_after(timeout_seconds):
            response = await call()
        body: object = response.http_response.json()
    except trio.TooSlowError:
        raise NetworkError(f"no answer within {timeout_seconds:g} s") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise NetworkError(f"malformed answer: {error}") from error
    except (ReplicateError, httpx.HTTPError) as error:
        raise to_error(error) from error
    if not isinstance(body, dict):
        raise NetworkError("malformed answer: it is no object")
    return cast("dict[str, Any]", body)

"""The service, spoken to through its official SDK: the one module that knows of it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Self, cast

import httpx
import trio
from attrs import frozen
from replicate import AsyncReplicate, ReplicateError

from vgen.abc import Image
from vgen.errors import (
    GenerationError,
    ModelUnavailableError,
    NetworkError,
    SubmitInDoubtError,
    VgenError,
)
from vgen_replicate import faults
from vgen_replicate.access import Access
from vgen_replicate.prediction import BrokenAnswerError, Prediction
from vgen_replicate.reading import mapping, moment, text

PATIENCE = 30.0
"""How long one question may take, in seconds; an upload may take as long as two."""

PAGE_TRIES = 3
"""How often one page is asked for: a long list would hardly ever be read to its end otherwise."""

PAGES = 100
"""How many pages of a hundred predictions a listing may have before it counts as incomplete."""


@frozen
class Uploaded:
    """An image that the service holds: its URL, and when it will be gone."""

    url: str
    expires_at: datetime | None


@frozen
class _Page:
    """A page of predictions, and the query for the one that follows it."""

    listed: list[Prediction]
    following: dict[str, str] | None


class _Body(httpx.AsyncByteStream):
    """A request's body. httpx's own is an async generator, which a cancelled send abandons."""

    def __init__(self, content: bytes) -> None:
        self._left = [content]

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if not self._left:
            raise StopAsyncIteration
        return self._left.pop()


async def _in_one_piece(request: httpx.Request) -> None:
    request.stream = _Body(await request.aread())


class Wire:
    """One client of the service. Nothing is retried here, and no answer is waited for unbounded.

    Cancelling a call closes its connection; what a cancelled `create` has done is unknown.
    """

    def __init__(
        self, access: Access, *, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self.http = httpx.AsyncClient(
            timeout=None,  # noqa: S113 (the scopes around each call bound its time)
            transport=transport,
            event_hooks={"request": [_in_one_piece]},
        )
        self._sdk = AsyncReplicate(
            bearer_token=access.token,
            base_url=access.base_url,
            max_retries=0,  # it would send paid requests again
            timeout=None,
            http_client=self.http,
        )

    def __repr__(self) -> str:
        """Say where it speaks to."""
        return f"<Wire to {self._sdk.base_url}>"

    async def __aenter__(self) -> Self:
        """Open the connections."""
        await self.http.__aenter__()
        return self

    async def aclose(self) -> None:
        """Close the connections."""
        await self.http.aclose()

    async def create(self, version: str, given: Mapping[str, Any], *, deadline: int) -> Prediction:
        """Start a prediction that the service itself ends `deadline` seconds from now.

        Raises:
            SubmitInDoubtError: it may have been started.
            VgenError: it was not.
        """
        try:
            answer = await self._sdk.predictions.with_raw_response.create(
                version=version, input=dict(given), cancel_after=f"{deadline}s"
            )
            return Prediction.read(answer.http_response.json())
        except (BrokenAnswerError, json.JSONDecodeError, UnicodeDecodeError) as error:
            raise SubmitInDoubtError(f"no sound answer: {error}") from error
        except (ReplicateError, httpx.HTTPError) as error:
            raise faults.of_submit(error) from error

    async def prediction(self, prediction_id: str) -> Prediction:
        """Ask after a prediction."""
        predictions = self._sdk.predictions.with_raw_response
        return _read(await _asked(lambda: predictions.get(prediction_id=prediction_id)))

    async def cancel(self, prediction_id: str) -> Prediction:
        """Ask the service to stop a prediction; what has ended stays as it is."""
        predictions = self._sdk.predictions.with_raw_response
        return _read(await _asked(lambda: predictions.cancel(prediction_id=prediction_id)))

    async def created(
        self,
        since: datetime,
        until: datetime | None,
        wanted: Callable[[Prediction], bool],
        *,
        first: bool,
    ) -> list[Prediction]:
        """Find those that are wanted among the account's predictions from `since`, before `until`.

        They come the newest first. Where only the `first` counts, the search ends with it, unless
        the service has removed its data.

        Raises:
            NetworkError: the list could not be read to its end.
        """
        found: list[Prediction] = []
        query = {"created_after": _spelled(since)}
        if until is not None:
            query["created_before"] = _spelled(until)
        for _ in range(PAGES):
            page = await self._page(query)
            found += [each for each in page.listed if wanted(each)]
            if page.following is None or (first and not all(made.data_removed for made in found)):
                return found
            query = page.following
        raise NetworkError(f"more than {PAGES} pages of predictions")

    async def _page(self, query: dict[str, str]) -> _Page:
        for _ in range(PAGE_TRIES - 1):
            with suppress(NetworkError):
                return await self._page_at_once(query)
        return await self._page_at_once(query)

    async def _page_at_once(self, query: dict[str, str]) -> _Page:
        predictions = self._sdk.predictions.with_raw_response
        told = await _asked(lambda: predictions.list(extra_query=query))
        listed, following = told.get("results"), told.get("next")
        try:
            after = dict(httpx.URL(following).params) if following else None
        except (TypeError, httpx.InvalidURL) as error:
            raise NetworkError(f"no sound answer: {error}") from error
        if not isinstance(listed, list):
            raise NetworkError("no sound answer: it lists no predictions")
        return _Page([_read(one) for one in cast("list[object]", listed)], after)

    async def upload(self, image: Image) -> Uploaded:
        """Hand an image to the service, which keeps it for a while."""
        kind = image.media_type
        name = f"{image.sha256[:16]}.{kind.rpartition('/')[2]}"
        files = self._sdk.files.with_raw_response
        answer = await _asked(
            lambda: files.create(content=(name, image.data, kind), filename=name, type=kind),
            patience=2 * PATIENCE,
            error_of=faults.of_request,
        )
        url = text(mapping(answer.get("urls")).get("get"))
        if not url:
            raise NetworkError("no sound answer: it has no URL")
        return Uploaded(url, moment(answer.get("expires_at")))

    async def latest_version(self, owner: str, name: str) -> str | None:
        """Give the newest version of a model; `None` where an official model is run by its name."""
        answer = await self.model(owner, name)
        try:
            return None if answer.get("is_official") else str(answer["latest_version"]["id"])
        except (KeyError, TypeError) as error:
            raise NetworkError(f"no sound answer: {error!r}") from error

    async def model(self, owner: str, name: str) -> Mapping[str, Any]:
        """Give what the service publishes of a model, its newest version's schema included.

        Raises:
            ModelUnavailableError: there is none of that name.
        """
        models = self._sdk.models.with_raw_response
        return await _published(
            f"{owner}/{name}", lambda: models.get(model_owner=owner, model_name=name)
        )

    async def version(self, owner: str, name: str, version: str) -> Mapping[str, Any]:
        """Give what the service publishes of one version of a model, its schema included.

        Raises:
            ModelUnavailableError: there is none.
        """
        versions = self._sdk.models.versions.with_raw_response
        return await _published(
            f"{owner}/{name}:{version}",
            lambda: versions.get(model_owner=owner, model_name=name, version_id=version),
        )


async def _published(reference: str, ask: Callable[[], Awaitable[Any]]) -> Mapping[str, Any]:
    try:
        return await _asked(ask, error_of=faults.of_request)
    except GenerationError as error:
        raise ModelUnavailableError(f"there is no model {reference}: {error}") from error


def _spelled(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()


def _read(answer: object) -> Prediction:
    try:
        return Prediction.read(answer)
    except BrokenAnswerError as error:
        raise NetworkError(f"no sound answer: {error}") from error


async def _asked(
    ask: Callable[[], Awaitable[Any]],
    *,
    patience: float = PATIENCE,
    error_of: Callable[[Exception], VgenError] = faults.of_question,
) -> Mapping[str, Any]:
    """Give the JSON object that answers a question which is safe to repeat."""
    try:
        with trio.fail_after(patience):
            answer = await ask()
        told: object = answer.http_response.json()
    except trio.TooSlowError:
        raise NetworkError(f"no answer within {patience:g} s") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise NetworkError(f"no sound answer: {error}") from error
    except (ReplicateError, httpx.HTTPError) as error:
        raise error_of(error) from error
    if not isinstance(told, dict):
        raise NetworkError("no sound answer: it is no object")
    return cast("dict[str, Any]", told)

"""Any video model on Replicate, configured by its published schema."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Self

import trio

from vgen.abc import ClipRequest, Price, Quote
from vgen.errors import ConfigurationError, ModelUnavailableError, NetworkError
from vgen_replicate import prices
from vgen_replicate.backend import ReplicateBackend
from vgen_replicate.declaration import Declaration
from vgen_replicate.mapping import complete
from vgen_replicate.parsing import as_object
from vgen_replicate.schema import Schema

REFERENCE = re.compile(r"(?P<owner>[\w.-]+)/(?P<name>[\w.-]+)(?::(?P<version>[0-9a-f]{64}))?")

RETRY_DELAYS = (1.0, 2.0)
"""Seconds between the attempts to read the model's schema."""

CLOSE_TIMEOUT = 1.0
"""How long closing the connections may take after opening has failed, in seconds."""


class ReplicateModel(ReplicateBackend):
    """A backend for the model `owner/name`, or for one version of it, `owner/name:version`.

    The schema is read when the backend is opened. It says which inputs take the image, the prompt,
    the seed, the steps, the motion, the length and the size. The fields of a request that the model
    lacks or limits are listed in the quote as ignored.

    `name` is the backend's name; the default is the model's. `price` is the price of a clip;
    `per_run_second` that of the hardware per second of running, in US dollars. `run_limit` and
    `queue_limit` are how long an attempt may run and queue, in seconds. `durations` are the lengths
    that the model makes, in seconds: needed if its schema does not say. The other arguments are
    those of `ReplicateBackend`.

    Before it is opened or given the model's page, `capabilities` are empty and `quote` fails.

    Raises:
        ConfigurationError: the reference or another argument is invalid.
    """

    def __init__(
        self,
        reference: str,
        *,
        price: Price,
        name: str | None = None,
        per_run_second: Decimal = prices.H100,
        run_limit: float = 300.0,
        queue_limit: float = 300.0,
        durations: Sequence[float] = (),
        **access: Any,
    ) -> None:
        found = REFERENCE.fullmatch(reference)
        if found is None:
            raise ConfigurationError(f"{reference!r} is neither owner/name nor owner/name:version")
        self._owner, self._model, self._pinned = found.group("owner", "name", "version")
        self._reference = reference
        self._base_declaration = Declaration(
            name=name or self._model,
            text=None,
            image=None,
            durations=durations,
            max_size=(0, 0),
            ignored=lambda _request: (),
            price=price,
            per_run_second=per_run_second,
            run_limit=run_limit,
            queue_limit=queue_limit,
        )
        super().__init__(self._base_declaration, price=price, **access)

    async def __aenter__(self) -> Self:
        """Open the connections and read the model's schema.

        Raises:
            ConfigurationError: there is no token, no such model, or the model cannot be used.
            NetworkError: the schema could not be read, in three attempts.
            AccountError: the token is refused.
        """
        await super().__aenter__()
        try:
            self.describe(await self._request_page_with_retries())
        except BaseException:
            with trio.move_on_after(CLOSE_TIMEOUT, shield=True):
                await self.aclose()
            raise
        return self

    def describe(self, page: Mapping[str, Any]) -> None:
        """Configure the backend from the model's page: the service's JSON for the model.

        Opening does so with the current page; a stored one allows quotes without any request.

        Raises:
            ConfigurationError: the model cannot be used.
        """
        latest = as_object(page.get("latest_version"))
        path = f"{self._owner}/{self._model}"
        if page.get("is_official"):
            reference = self._versions[path] = path
        else:
            reference = f"{path}:{self._pinned or latest.get('id', '')}"
        schema = Schema.parse(latest.get("openapi_schema"))
        self._declare(complete(schema, self._base_declaration, reference))

    def quote(self, request: ClipRequest) -> Quote:
        """Return length, price and hold.

        Raises:
            ConfigurationError: the model's schema has not been read yet.
        """
        if self.capabilities.text or self.capabilities.image:
            return super().quote(request)
        raise ConfigurationError(f"{self._reference} is not open yet")

    async def _request_page_with_retries(self) -> Mapping[str, Any]:
        for pause in RETRY_DELAYS:
            try:
                return await self._request_page()
            except NetworkError:
                await trio.sleep(pause)
        return await self._request_page()

    async def _request_page(self) -> Mapping[str, Any]:
        try:
            if self._pinned is None:
                return await self._client.model(self._owner, self._model)
            version = await self._client.version(self._owner, self._model, self._pinned)
        except ModelUnavailableError as error:
            raise ConfigurationError(str(error)) from error
        return {"latest_version": version}

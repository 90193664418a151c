"""Any video model on Replicate, known by the schema that it publishes."""

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
from vgen_replicate.mapping import declared
from vgen_replicate.reading import mapping
from vgen_replicate.schema import Schema

REFERENCE = re.compile(r"(?P<owner>[\w.-]+)/(?P<name>[\w.-]+)(?::(?P<version>[0-9a-f]{64}))?")

PAUSES = (1.0, 2.0)
"""Seconds between the tries to read the model's schema."""

CLOSING = 1.0
"""How long connections may take to close where opening failed, in seconds."""


class ReplicateModel(ReplicateBackend):
    """The model `owner/name`, or one version of it, `owner/name:version`, as its schema says.

    The schema is read when the backend is opened: which inputs take the image, the prompt, the
    seed, the steps, the motion, and how length and size are told. What a request wants beyond
    that, or beyond its limits, is named in the quote as ignored.

    `name` is the backend's own, the model's where it is not given. `price` is what a clip costs,
    which no schema tells; `per_run_second` what the hardware costs for each second of running.
    `run_limit` and `queue_limit` are how long an attempt may run and wait, in seconds.
    `durations` are the lengths in seconds that the model makes: needed where its schema does not
    tell. The other arguments are those of `ReplicateBackend`.

    Until it is opened or handed the model's page, `capabilities` are empty and it quotes nothing.

    Raises:
        ConfigurationError: the reference is none.
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
        self._bare = Declaration(
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
        super().__init__(self._bare, **access)

    async def __aenter__(self) -> Self:
        """Open the connections and read the model's schema.

        Raises:
            ConfigurationError: there is no token, no such model, or it cannot be used.
            NetworkError, AccountError: the service does not tell, asked three times.
        """
        await super().__aenter__()
        try:
            self.describe(await self._page_in_the_end())
        except BaseException:
            with trio.move_on_after(CLOSING, shield=True):
                await self.aclose()
            raise
        return self

    def describe(self, page: Mapping[str, Any]) -> None:
        """Take the model to be what its page says, in the form of the service's own answer.

        Opening does so with the page of the day; a kept one gives quotes without asking anybody.

        Raises:
            ConfigurationError: the model cannot be used.
        """
        latest = mapping(page.get("latest_version"))
        path = f"{self._owner}/{self._model}"
        if page.get("is_official"):
            running = self._versions[path] = path
        else:
            running = f"{path}:{self._pinned or latest.get('id', '')}"
        schema = Schema.read(latest.get("openapi_schema"))
        self._declare(declared(schema, self._bare, running))

    def quote(self, request: ClipRequest) -> Quote:
        """Say what the request comes to.

        Raises:
            ConfigurationError: the model's schema has not been read yet.
        """
        if self.capabilities.text or self.capabilities.image:
            return super().quote(request)
        raise ConfigurationError(f"{self._reference} is not open yet")

    async def _page_in_the_end(self) -> Mapping[str, Any]:
        for pause in PAUSES:
            try:
                return await self._page()
            except NetworkError:
                await trio.sleep(pause)
        return await self._page()

    async def _page(self) -> Mapping[str, Any]:
        try:
            if self._pinned is None:
                return await self._wire.model(self._owner, self._model)
            version = await self._wire.version(self._owner, self._model, self._pinned)
        except ModelUnavailableError as error:
            raise ConfigurationError(str(error)) from error
        return {"latest_version": version}

"""The ledger in a Supabase project, over its REST API."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

import httpx

from vgen.errors import ConfigurationError, LedgerError, VgenError
from vgen_supabase.access import Access
from vgen_supabase.database_errors import LostAnswerError, RefusedError
from vgen_supabase.ledger import DatabaseLedger

if TYPE_CHECKING:
    from supabase import AsyncClient

NO_CONNECTION = "PGRST00"
"""The prefix of PostgREST's codes for a missing connection to the database."""


class SupabaseLedger(DatabaseLedger):
    """A ledger in the Postgres of a Supabase project, through its REST API.

    `url` and `key` are the project's and its service role's: those given, else those of `client`,
    else `SUPABASE_URL` and `SUPABASE_SERVICE_ROLE_KEY`. Of a `client`, its httpx client is used
    too, where it was made with one, and stays open.

    Calls may be cancelled at any point. Connections are opened when they are first needed.
    """

    def __init__(
        self, url: str | None = None, key: str | None = None, *, client: AsyncClient | None = None
    ) -> None:
        self._access = Access.of(url, key, client)
        self._access.check()
        self._lent = None if client is None else client.options.httpx_client
        self._own: httpx.AsyncClient | None = None

    def __repr__(self) -> str:
        """Show the project's URL, without the key."""
        return f"<SupabaseLedger at {self._access.url}>"

    async def call_once(self, function: str, arguments: Mapping[str, Any]) -> Any:
        """Call a function of the migration once, without retries.

        Not through the SDK: its errors lack the HTTP status, and a gateway's have no code.
        """
        http = self._http()
        if http.is_closed:
            raise LedgerError("the httpx client of the Supabase client is closed")
        try:
            response = await http.send(
                self._request(function, arguments), auth=None, follow_redirects=False
            )
        except httpx.HTTPError as error:
            raise LostAnswerError(str(error) or type(error).__name__) from error
        if not response.is_success:
            raise _error(response)
        if response.status_code == HTTPStatus.NO_CONTENT:
            return None
        try:
            return response.json()
        except ValueError as error:
            raise LostAnswerError(f"malformed answer: {error}") from error

    def _request(self, function: str, arguments: Mapping[str, Any]) -> httpx.Request:
        """Build the request without the client: a lent one could add headers and parameters."""
        key = self._access.key
        try:
            return httpx.Request(
                "POST",
                f"{self._access.url}/rest/v1/rpc/{function}",
                json=dict(arguments),
                headers={
                    "apikey": key,
                    "Authorization": f"Bearer {key}",
                    "Content-Profile": "public",
                },
                extensions={"timeout": httpx.Timeout(None).as_dict()},
            )
        except ValueError as error:
            raise LedgerError(f"the call cannot be sent as JSON: {error}") from error

    async def migrate(self) -> None:
        """Always fail: the REST API cannot change tables.

        Raises:
            ConfigurationError: always; the message says what to do instead.
        """
        raise ConfigurationError(
            "the REST API of Supabase cannot make tables: run what `vgen ledger migrate` prints in "
            "the project's SQL editor, or apply it over a postgresql:// address"
        )

    async def aclose(self) -> None:
        """Close the connections, except those of a lent client."""
        own, self._own = self._own, None
        if own is not None:
            await own.aclose()

    def _http(self) -> httpx.AsyncClient:
        if self._lent is not None:
            return self._lent
        if self._own is None:
            self._own = httpx.AsyncClient()
        return self._own


def _error(response: httpx.Response) -> VgenError | LostAnswerError | RefusedError:
    fields = _json_object(response)
    code = _text(fields.get("code"))
    message = _text(fields.get("message")) or response.reason_phrase
    status = response.status_code
    problem = f"the service answered {status}: {message}"
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return ConfigurationError(f"SUPABASE_SERVICE_ROLE_KEY: {problem}")
    if code.startswith(NO_CONNECTION) or not code:
        return _error_without_code(status, problem)
    return RefusedError(code, message, _text(fields.get("details")))


def _error_without_code(status: int, problem: str) -> VgenError | LostAnswerError:
    if status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return LostAnswerError(problem)
    return ConfigurationError(f"SUPABASE_URL: {problem}")


def _json_object(response: httpx.Response) -> Mapping[str, object]:
    try:
        fields: object = json.loads(response.content)
    except ValueError:
        return {}
    return cast("dict[str, object]", fields) if isinstance(fields, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""

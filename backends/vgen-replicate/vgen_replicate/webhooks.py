"""Webhooks of the service: where they are to be sent, and whether one is the service's own."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from ipaddress import ip_address
from math import inf

import httpx
import trio
from attrs import define, field

from vgen.abc import Notice
from vgen.errors import ConfigurationError, WebhookRefusedError
from vgen.webhooks import check_signature
from vgen_replicate.client import Client
from vgen_replicate.parsing import as_object, as_text

REREAD = 60.0
"""The account's secret is requested so many seconds after the last time at the earliest: it can be
changed, and anybody can send what does not fit."""


def check_webhook_url(url: str | None) -> str | None:
    """Return the address if the service takes it: `https:`, or a simulator's on this machine.

    Raises:
        ConfigurationError: it is another.
    """
    if url is None:
        return None
    try:
        parsed = httpx.URL(url)
    except (TypeError, httpx.InvalidURL):
        parsed = httpx.URL()
    safe = parsed.scheme == "https" or (parsed.scheme == "http" and _is_here(parsed.host))
    if not safe or not parsed.host:
        raise ConfigurationError("webhook_url: must be an https: address")
    return url


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


@define(eq=False)
class WebhookReader:
    """Checks webhooks with the account's secret, which is requested when it is needed."""

    client: Client
    account: str
    _secret: str = field(default="", repr=False)
    _requested_at: float = -inf
    _lock: trio.Lock = field(factory=trio.Lock)

    async def read(self, headers: Mapping[str, str], body: bytes) -> Notice:
        """Return what a webhook tells.

        Raises:
            WebhookRefusedError: the service has not signed it for this account, or it is old.
            NetworkError: the secret could not be read.
        """
        before = await self._secret_since(-inf)
        try:
            message_id = check_signature(before, headers, body, now=time.time())
        except WebhookRefusedError:
            secret = await self._secret_since(trio.current_time() - REREAD)
            if secret == before:
                raise
            message_id = check_signature(secret, headers, body, now=time.time())
        try:
            prediction_id = as_text(as_object(json.loads(body)).get("id"))
        except ValueError:
            prediction_id = ""
        if not prediction_id:
            raise WebhookRefusedError("the webhook is about no prediction")
        return Notice(message_id, self.account, prediction_id)

    async def _secret_since(self, earliest: float) -> str:
        """Return the secret, requested at this time of Trio's clock or later."""
        async with self._lock:
            if not self._secret or self._requested_at < earliest:
                self._secret = await self.client.webhook_secret()
                self._requested_at = trio.current_time()
            return self._secret

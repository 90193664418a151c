"""Hearing of attempts by webhooks, here and through the ledger."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping

import trio

from vgen.drive.attempt.context import AttemptContext
from vgen.drive.attempt.polling import Poller
from vgen.errors import LedgerError, WebhookRefusedError
from vgen.ports.backend import VideoBackend
from vgen.ports.ledger import CostLedger
from vgen.records.notice import Notice

logger = logging.getLogger("vgen")

LISTENING = 1.0
"""How often the ledger is asked what others have been told, in seconds, while attempts wait."""


async def receive(
    context: AttemptContext,
    backends: Collection[VideoBackend],
    headers: Mapping[str, str],
    body: bytes,
) -> bool:
    """Take a webhook, and ask after its attempt: see `Runner.receive_webhook`."""
    notice = await _read(backends, {name.lower(): each for name, each in headers.items()}, body)
    new = await context.ledger.add_notice(notice)
    if new:
        for backend in backends:
            if backend.account == notice.account and backend.name in context.pollers:
                context.pollers[backend.name].tell({notice.provider_id})
    return new


async def _read(
    backends: Collection[VideoBackend], headers: Mapping[str, str], body: bytes
) -> Notice:
    refusals: list[WebhookRefusedError] = []
    for backend in backends:
        if backend.capabilities.notifies:
            try:
                return await backend.read_webhook(headers, body)
            except WebhookRefusedError as error:
                refusals.append(error)
    if refusals:
        raise refusals[0]
    raise WebhookRefusedError("no backend of this runner takes webhooks")


async def listen(ledger: CostLedger, account: str, poller: Poller) -> None:
    """Pass on what other processes are told by an account's provider, until cancelled."""
    while True:
        untold = await poller.untold()
        try:
            poller.tell(await ledger.noticed(account, untold))
        except LedgerError as error:
            logger.info("what the provider has told could not be read: %s", error)
        await trio.sleep(LISTENING)

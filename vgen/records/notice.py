"""What a provider tells by itself, in a webhook."""

from __future__ import annotations

from attrs import frozen


@frozen
class Notice:
    """A provider's message that an attempt has ended: reason to ask after it, and no more.

    `message_id` is the provider's own, the same where it sends the message again. `provider_id` is
    that of the attempt's ticket, at the provider's `account`.
    """

    message_id: str
    account: str
    provider_id: str

"""What a backend is asked for and what it offers: requests, quotes and capabilities."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Any

from attrs import Factory, field, frozen

from vgen.records import checks
from vgen.records.money import ZERO, Price


@frozen
class ClipRequest:
    """One clip as a backend is asked for it; the same request means the same clip.

    `duration` is in seconds and already within the job's longest, `width` and `height` are in
    pixels, `fps` in frames a second, `motion` from 1 (still) to 255 (wild), `steps` the number of
    denoising steps. `image` names the reference image (`None`: make the clip from text) and
    `image_sha256` says which bytes it had. A backend does what it can and says in its quote what
    it cannot.
    """

    prompt: str
    duration: float
    width: int
    height: int
    fps: int
    motion: int
    steps: int
    negative_prompt: str = ""
    seed: int | None = None
    image: str | None = None
    image_sha256: str | None = None
    metadata: Mapping[str, Any] = field(factory=dict[str, Any])


@frozen
class Image:
    """A reference image as read: checked, decodable, within the limits."""

    data: bytes = field(repr=lambda data: f"<{len(data)} bytes>")
    media_type: str
    width: int
    height: int
    sha256: str


class Generator(StrEnum):
    """How a backend makes its pictures."""

    MODEL = "model"
    PROCEDURAL = "procedural"


@frozen
class Rates:
    """How many requests a provider takes from an account in a minute; `None`: that is not known.

    `submits` start attempts; `calls` are all others. One `status` asks after `tickets_per_call`
    tickets in one of these; `prepare`, `fetch`, `cancel` and `find` count as one each.
    """

    submits: int | None = None
    calls: int | None = None
    tickets_per_call: int = 1


@frozen
class Capabilities:
    """What a backend can do, declared rather than guessed.

    Attributes:
        text: makes clips from a prompt alone.
        image: makes clips from a reference image.
        durations: the lengths it makes, in seconds; with `any_duration`, the shortest and longest.
        any_duration: every length between the shortest and the longest is possible.
        max_size: the largest width and height in pixels.
        generator: whether a model makes the pictures or a procedure draws them.
        paid: attempts cost money.
        durable_tickets: another process can ask for a ticket, fetch it or cancel it.
        enforces_deadline: the provider ends an attempt by itself if nobody asks for it.
        can_cancel: `cancel` stops an attempt at the provider.
        can_find: `find` can prove that a submit never arrived.
        max_concurrent: how many attempts may be in flight at once; `None`: any number.
        queue_limit: how long an attempt may wait at the provider before it is given up, in seconds.
        run_limit: how long an attempt may run before it is given up, in seconds.
        keeps_outputs: for how many seconds after its end a clip can be fetched at the least, and
            its provider knows the attempt. What cannot be had for longer than that is given up;
            with `None`, only on a person's word.
        notifies: its provider is told where to send a webhook when an attempt has ended, and
            `read_webhook` reads it; its statuses tell `queued`.
        rates: how many requests its account may be sent. Where backends share an account, the
            lowest counts.
    """

    text: bool
    image: bool
    durations: tuple[float, ...]
    any_duration: bool = False
    max_size: tuple[int, int] = (1024, 576)
    generator: Generator = Generator.MODEL
    paid: bool = True
    durable_tickets: bool = False
    enforces_deadline: bool = False
    can_cancel: bool = True
    can_find: bool = False
    max_concurrent: int | None = None
    queue_limit: float = 300.0
    run_limit: float = 120.0
    keeps_outputs: float | None = None
    notifies: bool = False
    rates: Rates = Rates()

    def nearest_duration(self, seconds: float) -> float:
        """Return the length nearest to `seconds` that the backend makes."""
        if self.any_duration:
            return min(max(seconds, min(self.durations)), max(self.durations))
        return min(self.durations, key=lambda made: (abs(made - seconds), made))


@frozen
class Quote:
    """What one attempt would cost, and how long its clip would be.

    `hold` is the most that it can be billed, failure and cancellation included, and `expected` what
    it will probably be, both in US dollars; by default, as much. `duration` is the length that it
    would make, in seconds. `price` gives the actual cost from the actual duration where the
    provider's own bill is not used. `ignored` names the fields of the request that cannot be
    honoured, and `notes` tell in plain words, for the clip's record, what else its clip would lack.
    `run_limit` is how long the attempt may run, in seconds, where that is less than the
    backend's own limit. `seconds` is how long it will probably take from being sent to its verdict,
    in seconds; `None`: not declared.
    """

    duration: float
    hold: Decimal = field(default=ZERO, validator=checks.amount)
    price: Price = Price()
    ignored: tuple[str, ...] = ()
    expected: Decimal = field(
        default=Factory(lambda quote: quote.hold, takes_self=True), validator=checks.amount
    )
    run_limit: float | None = None
    seconds: float | None = None
    notes: tuple[str, ...] = ()


@frozen
class Prepared:
    """A request ready to be sent: its image where the provider can read it.

    `payload` is the backend's own and goes nowhere else.
    """

    request: ClipRequest
    image: Image | None = None
    payload: Mapping[str, Any] = field(factory=dict[str, Any], repr=False)

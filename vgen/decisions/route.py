"""Which backends a clip may be tried on, and in what order."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from vgen.records.request import Capabilities, Quote


@frozen
class Offer:
    """What one backend of the route offers for a clip; `drawn`: by a procedure, not a model."""

    backend: str
    quote: Quote
    drawn: bool = False


def can_make(capabilities: Capabilities, *, image: bool) -> bool:
    """Whether a backend can make a clip from what there is: an image, or text alone."""
    return capabilities.text or (image and capabilities.image)


def order(offers: Sequence[Offer], *, target: float, tolerance: float) -> list[Offer]:
    """Sort the offers of backends that can make a clip: the user's order, but right lengths first.

    A backend whose length misses the `target` (seconds) by more than the `tolerance` stands
    behind those that meet it. A procedure that is named after a model stays behind all models.
    """

    def rank(place: int) -> tuple[bool, bool]:
        offer = offers[place]
        stands_in = offer.drawn and any(not other.drawn for other in offers[:place])
        return stands_in, abs(offer.quote.duration - target) > tolerance

    return [offers[place] for place in sorted(range(len(offers)), key=rank)]

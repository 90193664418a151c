"""What a fake backend may do with one attempt: the entries of its script."""

from __future__ import annotations

from decimal import Decimal

from attrs import field, frozen
from attrs.converters import optional

from vgen.errors import (
    AttemptError,
    GenerationError,
    RateLimitedError,
    RetryableError,
    VgenError,
)
from vgen.records.money import ZERO
from vgen.testing.clips import Container
from vgen.testing.short_repr import ShortRepr

FAILED = RetryableError("the model failed")
REFUSED = GenerationError("refused")


@frozen(repr=False)
class Succeed(ShortRepr):
    """Deliver a sound clip after `after` seconds, `seconds` long (default: as long as was asked).

    `billed` is the bill that the provider reports, in US dollars (default: it reports none, and
    charges its price for the clip's true length). The first `truncated_downloads` downloads lack
    their end, and the output is deleted `expires_after` seconds after the success (default: never).
    Its `container` is "mp4", "matroska" or "webm": see `tiny_clip`.
    """

    after: float = 10.0
    seconds: float | None = None
    billed: Decimal | None = field(default=None, converter=optional(Decimal))
    truncated_downloads: int = 0
    expires_after: float | None = None
    container: Container = "mp4"


@frozen(repr=False)
class Fail(ShortRepr):
    """Accept the attempt and fail it after `after` seconds, charging `billed` US dollars."""

    after: float = 5.0
    error: AttemptError = FAILED
    billed: Decimal = field(default=ZERO, converter=Decimal)


@frozen(repr=False)
class Refuse(ShortRepr):
    """Answer the submit with an error; nothing is accepted."""

    error: VgenError = REFUSED


@frozen(repr=False)
class RateLimit(ShortRepr):
    """Answer the submit with "too many requests"; nothing is accepted."""

    retry_after: float | None = 7.0

    @property
    def error(self) -> VgenError:
        """What the submit raises."""
        return RateLimitedError("too many requests", retry_after=self.retry_after)


@frozen(repr=False)
class Hang(ShortRepr):
    """Accept the attempt, which then runs until it is cancelled."""


@frozen(repr=False)
class Spoil(ShortRepr):
    """Succeed after `after` seconds with an unusable file.

    `what`: "page" is a web page, "truncated" a clip whose end is missing, "black" a clip that shows
    nothing, "still" one of a single picture; or the file's own bytes.
    """

    what: str | bytes = "page"
    after: float = 10.0


@frozen(repr=False)
class LoseAnswer(ShortRepr):
    """Never answer the submit; the provider does `then` all the same, or nothing if it is `None`.

    With `raises`, the submit raises `ConnectionResetError`, which no backend should raise, instead
    of hanging. For the first `findable_after` seconds, `find` returns `Unknown`.
    """

    then: Succeed | Fail | Hang | Spoil | None = None
    raises: bool = False
    findable_after: float = 0.0


Accepted = Succeed | Fail | Hang | Spoil
Behaviour = Accepted | Refuse | RateLimit | LoseAnswer

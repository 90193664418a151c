"""How a fake backend may behave towards one attempt: the entries of its script."""

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
from vgen.testing.short_repr import ShortRepr

FAILED = RetryableError("the model failed")
REFUSED = GenerationError("refused")


@frozen(repr=False)
class Succeed(ShortRepr):
    """Deliver a sound clip `after` seconds, `seconds` long (default: as long as was asked).

    `billed` is what the provider says it charged, in US dollars (default: it names no bill, and
    charges its price for the clip's true length). The first `cut` downloads break off half-way,
    and the output is deleted `keeps` seconds after the success (default: never).
    """

    after: float = 10.0
    seconds: float | None = None
    billed: Decimal | None = field(default=None, converter=optional(Decimal))
    cut: int = 0
    keeps: float | None = None


@frozen(repr=False)
class Fail(ShortRepr):
    """Accept the attempt and fail it `after` seconds, charging `billed` US dollars for it."""

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
    """Accept the attempt and never end it."""


@frozen(repr=False)
class Spoil(ShortRepr):
    """Succeed `after` seconds with a file that is no sound clip.

    `what`: "page" is a web page, "cut" a clip whose end is missing, "black" a clip that shows
    nothing; or the file's own bytes.
    """

    what: str | bytes = "page"
    after: float = 10.0


@frozen(repr=False)
class LoseAnswer(ShortRepr):
    """Never answer the submit; the provider does `then` all the same, or nothing if it is `None`.

    With `breaks`, the submit ends in an error that no backend should raise instead of in silence.
    For `listed_after` seconds `find` cannot tell yet.
    """

    then: Succeed | Fail | Hang | Spoil | None = None
    breaks: bool = False
    listed_after: float = 0.0


Accepted = Succeed | Fail | Hang | Spoil
Behaviour = Accepted | Refuse | RateLimit | LoseAnswer

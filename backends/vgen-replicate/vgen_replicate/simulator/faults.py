"""Injected faults: their probabilities, and the random streams that decide them."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from random import Random

from attrs import define, field, fields_dict, frozen
from attrs.validators import and_, ge, le


def _probability() -> float:
    return field(default=0.0, validator=and_(ge(0), le(1)))


@frozen(kw_only=True)
class Faults:
    """Probabilities from 0 to 1, evaluated for each request or prediction that they apply to.

    For requests to the API: `throttled` starts a burst of 429 responses, 2 to 10 s long.
    `server_error` responds with 500, 502 or 503, and `dropped` closes the connection, both without
    handling the request; `late_error` and `lost_answer` do the same after a create, a cancel, an
    upload or a deletion has taken effect. `html` sends a web page with status 200 instead.

    For predictions: `failed` ends the run early, with an error; `stuck` runs until it is cancelled
    or reaches a time limit; `expired` makes the output's first URL a dead one; `unmeasured` omits
    the end and the run time from the first response with a final status.

    For webhooks: `webhook_lost` sends none, `webhook_delayed` sends it up to 30 s late,
    `webhook_repeated` twice; `webhook_forged` has another sender claim a success at the beginning.

    For downloads: `truncated` closes the connection halfway.

    `down` are models, as `owner/name`, whose version is disabled: creates are refused, running
    predictions continue. `credit` is what the account may spend in US dollars, `None` for no limit;
    with less than 5 left, the service allows 6 creates per minute and no burst.
    """

    throttled: float = _probability()
    server_error: float = _probability()
    late_error: float = _probability()
    dropped: float = _probability()
    lost_answer: float = _probability()
    html: float = _probability()
    failed: float = _probability()
    stuck: float = _probability()
    expired: float = _probability()
    unmeasured: float = _probability()
    truncated: float = _probability()
    webhook_lost: float = _probability()
    webhook_delayed: float = _probability()
    webhook_repeated: float = _probability()
    webhook_forged: float = _probability()
    down: frozenset[str] = frozenset()
    credit: Decimal | None = None


PROBABILITIES = tuple(
    name for name, entry in fields_dict(Faults).items() if isinstance(entry.default, float)
)
"""The names of the probabilities."""


@define
class RandomStreams:
    """One random generator per name, seeded from `seed` and the name.

    A fault that is added, or becomes likelier, does not change when the others happen.
    """

    seed: int
    _streams: dict[str, Random] = field(factory=dict[str, Random])

    def stream(self, name: str) -> Random:
        """Return the generator of that name."""
        if name not in self._streams:
            self._streams[name] = Random(f"{self.seed}/{name}")  # noqa: S311 (no secret)
        return self._streams[name]

    def choose_faults(self, faults: Faults, names: Sequence[str]) -> frozenset[str]:
        """Return those of the named faults that happen now; each draws from its own stream."""
        return frozenset(
            [name for name in names if self.stream(name).random() < getattr(faults, name)]
        )

"""What may go wrong, how often, and the dice that decide it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from random import Random

from attrs import define, field, fields_dict, frozen
from attrs.validators import and_, ge, le


def _chance() -> float:
    return field(default=0.0, validator=and_(ge(0), le(1)))


@frozen(kw_only=True)
class Faults:
    """Probabilities from 0 to 1, each of them thrown for every request or prediction it concerns.

    Of a request to the API: `throttled` starts a burst of refusals, 2 to 10 s long;
    `server_error` and `dropped` answer 500, 502 or 503, or close the connection, before anything
    has happened; `late_error` and `lost_answer` do the same after a create, a cancel, an upload or
    a deletion has taken effect; `html` sends a web page with status 200, the request undone.

    Of a prediction: `failed` ends its run early, with an error; `stuck` runs until it is
    cancelled or its time is up; `expired` makes the first URL of its output a dead one;
    `unmeasured` leaves its end and its run time out of the first answer that calls it ended.

    Of a download: `truncated` cuts the connection halfway.

    `down` are models, as `owner/name`, whose version is disabled: creates are refused, what runs
    goes on. `credit` is what the account may spend in US dollars, None for no limit; below 5 left,
    the service allows 6 creates a minute and no burst.
    """

    throttled: float = _chance()
    server_error: float = _chance()
    late_error: float = _chance()
    dropped: float = _chance()
    lost_answer: float = _chance()
    html: float = _chance()
    failed: float = _chance()
    stuck: float = _chance()
    expired: float = _chance()
    unmeasured: float = _chance()
    truncated: float = _chance()
    down: frozenset[str] = frozenset()
    credit: Decimal | None = None


CHANCES = tuple(
    name for name, entry in fields_dict(Faults).items() if isinstance(entry.default, float)
)
"""The names of the probabilities."""


@define
class Dice:
    """Throws that depend on the seed and on how often each name was thrown before, on nothing else.

    So a fault that is added, or becomes likelier, does not move the others.
    """

    seed: int
    _streams: dict[str, Random] = field(factory=dict[str, Random])

    def stream(self, name: str) -> Random:
        """The random numbers of that name."""
        if name not in self._streams:
            self._streams[name] = Random(f"{self.seed}/{name}")  # noqa: S311 (a game)
        return self._streams[name]

    def thrown(self, faults: Faults, names: Sequence[str]) -> frozenset[str]:
        """Those of the named faults that happen this time; every one of them is thrown."""
        return frozenset(
            [name for name in names if self.stream(name).random() < getattr(faults, name)]
        )

"""The pace of each account: who may submit when."""

from __future__ import annotations

from collections.abc import Iterable

import trio
from attrs import define, field

from vgen.decisions import pace
from vgen.decisions.pace import Pace
from vgen.decisions.retry import MAX_RATE_LIMITED
from vgen.drive.limits.line import Place
from vgen.drive.limits.window import Window
from vgen.errors import RateLimitedError
from vgen.ports.backend import VideoBackend


def account_of(backend: VideoBackend) -> str:
    """Return the name of a backend's account; one that names none has an account of its own."""
    return backend.account or backend.name


@define(eq=False)
class AccountPace:
    """Paces the submits to one account, by what it has accepted and refused.

    Until it has met a rate limit, nothing is held back; then one submit at a time is sent.
    `backoff` is the first pause after a rate limit that names none, in seconds. `submits` and
    `calls` are how many requests of either kind are sent in a minute at most.
    """

    backoff: float
    submits: Window = field(factory=lambda: Window(None))
    calls: Window = field(factory=lambda: Window(None))
    known: Pace = Pace()
    refusal: RateLimitedError = field(factory=lambda: RateLimitedError("too many requests"))
    _lock: trio.Lock = field(factory=trio.Lock)
    _clock: trio.abc.Clock = field(factory=trio.lowlevel.current_clock)

    @classmethod
    def of(cls, backends: Iterable[VideoBackend], backoff: float) -> AccountPace:
        """Return the pace of the account of these backends, as they declare it."""
        rates = [backend.capabilities.rates for backend in backends]
        return cls(
            backoff,
            Window(min((each.submits for each in rates if each.submits), default=None)),
            Window(min((each.calls for each in rates if each.calls), default=None)),
        )

    def pause(self) -> float:
        """Return for how many seconds nothing is to be sent; also asked for from other threads."""
        return max(0.0, self.known.next_at - self._clock.current_time())

    def rate_limited_for(self, since: float) -> float:
        """Return for how long a clip has met only rate limits, in seconds.

        `since` is when its job began to ask.
        """
        answered = self.known.refused_since or self.known.began or since
        return trio.current_time() - max(since, answered)

    async def turn(self, since: float) -> Turn:
        """Wait until a submit may be sent; the turn is to be ended.

        Raises:
            RateLimitedError: the account has accepted nothing for half an hour since then.
        """
        if not self.known.limited:
            return Turn(self)
        await self._lock.acquire()
        turn = Turn(self, self._lock)
        try:
            while self.pause():
                self._check_patience(since)
                await trio.sleep_until(self.known.next_at)
        except BaseException:
            turn.end()
            raise
        return turn

    def _check_patience(self, since: float) -> None:
        if self.rate_limited_for(since) >= MAX_RATE_LIMITED:
            raise RateLimitedError(str(self.refusal)) from self.refusal


@define(eq=False)
class Turn:
    """The right to send one submit, until its answer is known; its slot is the `place`."""

    account: AccountPace
    _lock: trio.Lock | None = None
    place: Place | None = None

    @property
    def holds(self) -> bool:
        """Whether a submit may still be sent: no rate limit has come in between."""
        return not self.account.pause() and (
            self._lock is not None or not self.account.known.limited
        )

    def send(self) -> None:
        """Note that the submit is sent now."""
        if self.place is not None:
            self.place.send()

    def accepted(self) -> None:
        """End it: the account has accepted the submit."""
        account, paced = self.account, self._lock is not None
        account.known = pace.accepted(account.known, trio.current_time(), paced=paced)
        self.end()

    def refused(self, error: RateLimitedError) -> None:
        """End it: the account has met a rate limit."""
        account = self.account
        account.refusal = error
        account.known = pace.refused(
            account.known,
            trio.current_time(),
            retry_after=error.retry_after,
            backoff=account.backoff,
        )
        self.end()

    def end(self) -> None:
        """Let the next one have its turn; safe to repeat."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None

"""What a backend promises about capabilities, quotes and preparation."""

from __future__ import annotations

from attrs import fields_dict

from vgen.records.request import Capabilities, ClipRequest
from vgen.testing.contracts.backend_base import BackendTestBase
from vgen.testing.contracts.trio_tests import in_trio


class QuotePromises(BackendTestBase):
    """Capabilities, quotes and preparation."""

    def test_it_says_what_it_can_do(self) -> None:
        """It has a name, lengths and limits, and they make sense."""
        backend = self.make()
        can = backend.capabilities
        assert backend.name
        assert can.text or can.image, "it can make clips neither from text nor from an image"
        assert can.durations
        assert min(can.durations) > 0
        assert min(can.queue_limit, can.run_limit, *can.max_size) > 0
        assert can.max_concurrent is None or can.max_concurrent > 0

    def test_a_quote_is_always_the_same(self) -> None:
        """A request always gets the same quote, from any instance, also before opening."""
        backend, other = self.make(), self.make()
        for seconds in self.lengths():
            request = self.request(seconds)
            quote = backend.quote(request)
            assert backend.quote(request) == other.quote(request) == quote

    def test_a_quote_is_for_the_nearest_length(self) -> None:
        """The quoted length is the nearest one that is offered, within half a frame."""
        backend = self.make()
        for seconds in (*self.lengths(), 0.01, 3.3, 10_000.0):
            request = self.request(seconds)
            made = backend.quote(request).duration
            nearest = _distance(backend.capabilities, seconds)
            assert made > 0
            assert abs(made - seconds) <= nearest + _half_frame(request), (
                f"asked for {seconds} s, it quotes {made} s"
            )

    def test_a_hold_covers_the_price(self) -> None:
        """A hold is at least the price of its length; an unpaid backend holds nothing."""
        backend = self.make()
        for seconds in self.lengths():
            quote = backend.quote(self.request(seconds))
            assert quote.hold >= quote.price.cost(quote.duration)
            assert bool(quote.hold) is backend.capabilities.paid

    def test_ignored_fields_exist(self) -> None:
        """`Quote.ignored` has names of the request's fields, each once."""
        ignored = self.make().quote(self.shortest).ignored
        assert set(ignored) <= set(fields_dict(ClipRequest))
        assert len(set(ignored)) == len(ignored)

    @in_trio
    async def test_preparing_may_be_repeated(self) -> None:
        """A request can be prepared twice, keeps its fields, and can then be submitted."""
        async with self.make() as backend:
            for _ in range(2):
                prepared = await backend.prepare(self.shortest, self.picture())
                assert prepared.request == self.shortest
            await self.succeeded(backend)


def _distance(can: Capabilities, seconds: float) -> float:
    if can.any_duration and min(can.durations) <= seconds <= max(can.durations):
        return 0
    return min(abs(made - seconds) for made in can.durations)


def _half_frame(request: ClipRequest) -> float:
    return 0.5 / request.fps + 1e-6

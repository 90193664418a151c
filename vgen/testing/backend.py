"""A backend that does what its script says, and keeps its own account of what it charged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import trio
from attrs import evolve

from vgen.errors import GenerationError, NetworkError
from vgen.ports.backend import VideoBackend
from vgen.records.attempt import Attempt
from vgen.records.money import ZERO, Price
from vgen.records.request import Capabilities, ClipRequest, Image, Prepared, Quote
from vgen.records.status import Absent, Finding, Status, Ticket, Unknown
from vgen.testing.acts import Accepted, Act, LoseAnswer, RateLimit, Refuse, Succeed
from vgen.testing.faults import Fault, Faults
from vgen.testing.orders import Charge, Order
from vgen.testing.tape import Call, Tape

CAPABILITIES = Capabilities(
    text=True,
    image=True,
    durations=(0.25, 60.0),
    any_duration=True,
    can_find=True,
    durable_tickets=True,
    queue_limit=60.0,
    run_limit=120.0,
)


class FakeBackend(VideoBackend):
    """A backend for tests.

    `script` says, for each prompt, what to do with its attempts in their order; attempts beyond it
    get `default`. Where the `capabilities` say that it cannot cancel or find, it does not.
    A submit takes `latency` seconds each way, preparing and fetching once; `cancel_fee` is what a
    cancelled attempt is charged, in US dollars. `faults` make calls of `prepare`, `submit` (which
    then accepts nothing), `status`, `fetch`, `cancel` and `find` fail with `NetworkError`, or take
    their time. Times are Trio's, so that a virtual clock rules them.

    Its own books are `charges` (what it has charged by now), `submitted` (the prompts in the
    order in which they came), `running` and `most_running`; every call is noted on the `tape`.
    """

    def __init__(  # noqa: PLR0913 (each argument is one thing that a test may want otherwise)
        self,
        name: str = "fake",
        script: Mapping[str, Sequence[Act]] | None = None,
        *,
        default: Act | None = None,
        price: Price | None = None,
        capabilities: Capabilities = CAPABILITIES,
        latency: float = 0.0,
        cancel_fee: Decimal = ZERO,
        faults: Sequence[Fault] = (),
        tape: Tape | None = None,
    ) -> None:
        self.name = name
        self.account = f"{name}-account"
        self.capabilities = capabilities
        self.submitted: list[str] = []
        self.prepared: list[tuple[ClipRequest, Image | None]] = []
        self.closed = False
        self.most_running = 0
        self.tape = tape or Tape()
        self.faults = Faults(faults, NetworkError)
        self._script = dict(script or {})
        self._default = default or Succeed()
        self._latency = latency
        self._price = price or Price(Decimal("0.10"), Decimal("0.01"))
        self._cancel_fee = cancel_fee
        self._count: Counter[str] = Counter()
        self._orders: dict[str, Order] = {}
        self._listed: dict[str, float] = {}

    def __repr__(self) -> str:
        """Read as a log of what was asked and what was answered."""
        return "\n".join([f"<FakeBackend {self.name!r}", *self.log, ">"])

    @property
    def log(self) -> list[str]:
        """What was asked and answered, a line each."""
        return self.tape.calls(self.name)

    @property
    def orders(self) -> dict[UUID, Order]:
        """What it has accepted, by attempt."""
        return {order.attempt_id: order for order in self._orders.values()}

    @property
    def charges(self) -> list[Charge]:
        """What it has charged by now, whether anybody has asked or not."""
        found = (order.charge() for order in self._orders.values())
        return [charge for charge in found if charge is not None]

    @property
    def running(self) -> list[UUID]:
        """The attempts that are neither finished nor cancelled."""
        return [o.attempt_id for o in self._orders.values() if not o.status().is_verdict]

    def calm(self) -> None:
        """From now on, succeed with whatever comes, and stop what is cancelled."""
        self.faults.end()
        self._script, self._default, self._latency = {}, Succeed(), 0.0
        self._listed.clear()
        self.capabilities = evolve(self.capabilities, can_cancel=True)

    def quote(self, request: ClipRequest) -> Quote:
        """Price the nearest length; it makes 64x64 pixels whatever is asked."""
        duration = self.capabilities.nearest_duration(request.duration)
        return Quote(
            duration=duration,
            hold=max(self._price.cost(duration), self._cancel_fee),
            price=self._price,
            ignored=("width", "height"),
        )

    async def prepare(self, request: ClipRequest, image: Image | None) -> Prepared:
        """Note what is prepared."""
        self._note("prepare", None, request)
        await self.faults.begin("prepare")
        await self._lag()
        self.prepared.append((request, image))
        return Prepared(request, image)

    async def submit(self, prepared: Prepared, attempt_id: UUID) -> Ticket:
        """Do what the script says."""
        request = prepared.request
        act = self._next_act(request.prompt)
        self.submitted.append(request.prompt)
        self._note("submit", attempt_id, request, repr(act))
        await self.faults.begin("submit")
        await self._lag()
        if isinstance(act, Refuse | RateLimit):
            raise act.error
        accepted = act.then if isinstance(act, LoseAnswer) else act
        if accepted is not None:
            self._accept(attempt_id, request, accepted)
        if isinstance(act, LoseAnswer):
            self._listed[str(attempt_id)] = trio.current_time() + act.listed_after
            if act.breaks:
                raise ConnectionResetError("the connection broke")
            await trio.sleep_forever()
        await self._lag()
        return self._ticket(attempt_id)

    async def status(self, tickets: Sequence[Ticket]) -> Mapping[Ticket, Status]:
        """Say where the orders stand."""
        await self.faults.begin("status")
        known = [ticket for ticket in tickets if ticket.provider_id in self._orders]
        return {ticket: self._orders[ticket.provider_id].status() for ticket in known}

    async def fetch(self, ticket: Ticket, path: Path) -> None:
        """Write the clip that the order made."""
        order = self._order(ticket)
        self._note("fetch", order.attempt_id, order.request)
        try:
            await self._download(order, path)
        finally:
            self._note("download ends", order.attempt_id, order.request)

    async def _download(self, order: Order, path: Path) -> None:
        await self.faults.begin("fetch")
        await self._lag()
        output = order.output()
        if output is None:
            raise GenerationError("there is no output")
        try:
            path.write_bytes(output)  # noqa: ASYNC240 (threads outrun a virtual clock)
        except OSError as error:
            raise NetworkError(f"cannot write the clip: {error}") from error

    async def cancel(self, ticket: Ticket) -> Status:
        """Stop an order that has not ended."""
        order = self._order(ticket)
        self._note("cancel", order.attempt_id, order.request)
        await self.faults.begin("cancel")
        if self.capabilities.can_cancel and not order.status().is_verdict:
            order.cancelled = True
        return order.status()

    async def find(self, attempt: Attempt) -> Finding:
        """Tell an attempt that was accepted from one that never arrived."""
        self._note("find", attempt.attempt_id, attempt.request)
        await self.faults.begin("find")
        key = str(attempt.attempt_id)
        if not self.capabilities.can_find or trio.current_time() < self._listed.get(key, 0):
            return Unknown()
        return self._ticket(attempt.attempt_id) if key in self._orders else Absent()

    async def aclose(self) -> None:
        """Note that it was closed."""
        self.closed = True

    def _next_act(self, prompt: str) -> Act:
        number, lines = self._count[prompt], self._script.get(prompt, ())
        self._count[prompt] += 1
        return lines[number] if number < len(lines) else self._default

    def _accept(self, attempt_id: UUID, request: ClipRequest, act: Accepted) -> None:
        self._orders[str(attempt_id)] = Order(
            attempt_id,
            request,
            act,
            quoted=self.quote(request).duration,
            price=self._price,
            cancel_fee=self._cancel_fee,
        )
        self.most_running = max(self.most_running, len(self.running))

    def _order(self, ticket: Ticket) -> Order:
        if ticket.provider_id not in self._orders:
            raise GenerationError(f"there is no order {ticket.provider_id}")
        return self._orders[ticket.provider_id]

    def _ticket(self, attempt_id: UUID) -> Ticket:
        return Ticket(self.name, str(attempt_id), account=self.account, version="1")

    async def _lag(self) -> None:
        if self._latency:
            await trio.sleep(self._latency)

    def _note(
        self, what: str, attempt_id: UUID | None, request: ClipRequest, answer: str = ""
    ) -> None:
        self.tape.add(Call(self.name, what, attempt_id, request.prompt, answer))


def image_only(capabilities: Capabilities = CAPABILITIES) -> Capabilities:
    """Give the capabilities of a backend that needs an image."""
    return evolve(capabilities, text=False)

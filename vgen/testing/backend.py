"""A backend that does what its script says, and keeps its own account of what it charged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import trio
from attrs import define, evolve, frozen

from vgen.errors import GenerationError
from vgen.ports.backend import VideoBackend
from vgen.records.attempt import Attempt
from vgen.records.money import FREE, Price
from vgen.records.request import Capabilities, ClipRequest, Image, Prepared, Quote
from vgen.records.status import Absent, Finding, State, Status, Ticket
from vgen.testing.acts import Act, Fail, Hang, LoseAnswer, Refuse, Spoil, Succeed
from vgen.testing.clips import tiny_clip

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


@frozen
class Charge:
    """One line of the fake's own account, in US dollars."""

    attempt_id: UUID
    prompt: str
    amount: Decimal


@define
class _Order:
    attempt_id: UUID
    request: ClipRequest
    act: Succeed | Fail | Hang | Spoil
    placed: float
    cancelled: bool = False
    charged: Decimal | None = None


class FakeBackend(VideoBackend):
    """A backend for tests.

    `script` says, for each prompt, what to do with its attempts in their order; attempts beyond it
    get `default`. A submit takes `latency` seconds each way. Times are Trio's, so that a virtual
    clock rules them. Its own books are `charges` (what it billed), `submitted` (the prompts in the
    order in which they came) and `running`.
    """

    def __init__(
        self,
        name: str = "fake",
        script: Mapping[str, Sequence[Act]] | None = None,
        *,
        default: Act | None = None,
        price: Price | None = None,
        capabilities: Capabilities = CAPABILITIES,
        latency: float = 0.0,
    ) -> None:
        self.name = name
        self.account = f"{name}-account"
        self.capabilities = capabilities
        self.charges: list[Charge] = []
        self.submitted: list[str] = []
        self.prepared: list[tuple[ClipRequest, Image | None]] = []
        self.log: list[str] = []
        self.closed = False
        self.most_running = 0
        self._script = dict(script or {})
        self._default = default or Succeed()
        self._latency = latency
        self._price = price or Price(Decimal("0.10"), Decimal("0.01"))
        self._count: Counter[str] = Counter()
        self._orders: dict[str, _Order] = {}

    def __repr__(self) -> str:
        """Read as a log of what was asked and what was answered."""
        return "\n".join([f"<FakeBackend {self.name!r}", *self.log, ">"])

    @property
    def running(self) -> list[UUID]:
        """The attempts that are neither finished nor cancelled."""
        orders = self._orders.values()
        return [o.attempt_id for o in orders if not self._status(o).is_verdict]

    def quote(self, request: ClipRequest) -> Quote:
        """Price the nearest length; it makes 64x64 pixels whatever is asked."""
        duration = self.capabilities.nearest_duration(request.duration)
        return Quote(
            duration=duration,
            hold=self._price.cost(duration),
            price=self._price,
            ignored=("width", "height"),
        )

    async def prepare(self, request: ClipRequest, image: Image | None) -> Prepared:
        """Note what is prepared."""
        await trio.lowlevel.checkpoint()
        self.prepared.append((request, image))
        return Prepared(request, image)

    async def submit(self, prepared: Prepared, attempt_id: UUID) -> Ticket:
        """Do what the script says."""
        await trio.sleep(self._latency)
        prompt = prepared.request.prompt
        lines = self._script.get(prompt, ())
        act = lines[self._count[prompt]] if self._count[prompt] < len(lines) else self._default
        self._count[prompt] += 1
        self.submitted.append(prompt)
        self._note(f"submit {prompt!r}: {act!r}")
        if isinstance(act, Refuse):
            raise act.error
        accepted = act.then if isinstance(act, LoseAnswer) else act
        if accepted is not None:
            order = _Order(attempt_id, prepared.request, accepted, trio.current_time())
            self._orders[str(attempt_id)] = order
            self.most_running = max(self.most_running, len(self.running))
        if isinstance(act, LoseAnswer):
            await trio.sleep_forever()
        await trio.sleep(self._latency)
        return self._ticket(attempt_id)

    async def status(self, tickets: Sequence[Ticket]) -> Mapping[Ticket, Status]:
        """Say where the orders stand."""
        await trio.lowlevel.checkpoint()
        known = [ticket for ticket in tickets if ticket.provider_id in self._orders]
        return {ticket: self._status(self._orders[ticket.provider_id]) for ticket in known}

    async def fetch(self, ticket: Ticket, path: Path) -> None:
        """Write the clip that the order made."""
        await trio.lowlevel.checkpoint()
        order = self._orders[ticket.provider_id]
        self._note(f"fetch {order.request.prompt!r}")
        if isinstance(order.act, Spoil):
            path.write_bytes(order.act.content)  # noqa: ASYNC240 (threads outrun a virtual clock)
        elif isinstance(order.act, Succeed) and not order.cancelled:
            seconds = order.act.seconds or self.quote(order.request).duration
            path.write_bytes(tiny_clip(seconds))  # noqa: ASYNC240 (likewise)
        else:
            raise GenerationError("there is no output")

    async def cancel(self, ticket: Ticket) -> Status:
        """Stop an order that has not ended."""
        await trio.lowlevel.checkpoint()
        order = self._orders[ticket.provider_id]
        self._note(f"cancel {order.request.prompt!r}")
        if not self._status(order).is_verdict:
            order.cancelled = True
        return self._status(order)

    async def find(self, attempt: Attempt) -> Finding:
        """Tell an attempt that was accepted from one that never arrived."""
        await trio.lowlevel.checkpoint()
        self._note(f"find {attempt.request.prompt!r}")
        if str(attempt.attempt_id) in self._orders:
            return self._ticket(attempt.attempt_id)
        return Absent()

    async def aclose(self) -> None:
        """Note that it was closed."""
        self.closed = True

    def _ticket(self, attempt_id: UUID) -> Ticket:
        return Ticket(self.name, str(attempt_id), account=self.account, version="1")

    def _status(self, order: _Order) -> Status:
        status = self._state(order)
        if status.is_verdict and order.charged is None:
            order.charged = self._bill(order, status)
            self.charges.append(Charge(order.attempt_id, order.request.prompt, order.charged))
        return status

    def _state(self, order: _Order) -> Status:
        act = order.act
        if order.cancelled:
            return Status(State.CANCELLED)
        elapsed = trio.current_time() - order.placed
        if isinstance(act, Hang) or elapsed < act.after:
            share = 0.5 if isinstance(act, Hang) else elapsed / act.after
            return Status(State.RUNNING, progress=min(share, 0.99))
        if isinstance(act, Fail):
            return Status(State.FAILED, billed=act.billed, failure=act.error)
        billed = act.billed if isinstance(act, Succeed) else None
        return Status(State.SUCCEEDED, progress=1.0, billed=billed)

    def _bill(self, order: _Order, status: Status) -> Decimal:
        if status.billed is not None or status.state is not State.SUCCEEDED:
            return status.billed or FREE
        quoted = self.quote(order.request).duration
        asked = order.act.seconds if isinstance(order.act, Succeed) else None
        return self._price.cost(asked or quoted)

    def _note(self, line: str) -> None:
        self.log.append(f"{trio.current_time():9.3f} {line}")


def image_only(capabilities: Capabilities = CAPABILITIES) -> Capabilities:
    """Give the capabilities of a backend that needs an image."""
    return evolve(capabilities, text=False)

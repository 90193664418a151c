"""A backend that follows a script, and keeps its own record of what it has charged."""

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
from vgen.records.notice import Notice
from vgen.records.request import Capabilities, ClipRequest, Image, Prepared, Quote
from vgen.records.status import Absent, Finding, State, Status, Ticket, Unknown
from vgen.testing.accepted import AcceptedAttempt, Charge, RunningCount
from vgen.testing.behaviours import Accepted, Behaviour, LoseAnswer, RateLimit, Refuse, Succeed
from vgen.testing.call_log import Call, CallLog
from vgen.testing.faults import Fault, Faults
from vgen.testing.webhooks import SECRET, webhook_headers
from vgen.webhooks import Receiver, check_signature

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


NOT_FOUND = Status(State.NOT_FOUND, failure=GenerationError("there is no such attempt"))


class FakeBackend(VideoBackend):
    """A backend for tests.

    `script` has, for each prompt, the behaviours for its attempts in order; further attempts get
    `default`. Where the `capabilities` say that it cannot cancel or find, it does not.
    A submit takes `latency` seconds each way, preparing and fetching once; `cancel_fee` is what a
    cancelled attempt is charged, in US dollars. `faults` make calls of `prepare`, `submit` (which
    then accepts nothing), `status`, `fetch`, `cancel` and `find` fail with `NetworkError`, or delay
    them. At least `hold` is held for an attempt, in US dollars. It declares that attempts take
    `seconds`, and tells how far they are if it `tells_progress`. Where the `capabilities` say that
    it notifies, `webhook` and `send_webhooks` do. Times are on Trio's clock, which
    may be virtual.

    Its own records are `charges` (all charges so far), `submitted` (the prompts in the order of
    their submits), `running` and `most_running`; `call_log` has every call.
    """

    def __init__(  # noqa: PLR0913 (each argument is one thing that a test may want otherwise)
        self,
        name: str = "fake",
        script: Mapping[str, Sequence[Behaviour]] | None = None,
        *,
        default: Behaviour | None = None,
        price: Price | None = None,
        hold: Decimal = ZERO,
        seconds: float | None = None,
        tells_progress: bool = True,
        capabilities: Capabilities = CAPABILITIES,
        latency: float = 0.0,
        cancel_fee: Decimal = ZERO,
        faults: Sequence[Fault] = (),
        call_log: CallLog | None = None,
    ) -> None:
        self.name = name
        self.account = f"{name}-account"
        self.capabilities = capabilities
        self.submitted: list[str] = []
        self.prepared: list[tuple[ClipRequest, Image | None]] = []
        self.closed = False
        self.call_log = call_log or CallLog()
        self.faults = Faults(faults, NetworkError)
        self._script = dict(script or {})
        self._default = default or Succeed()
        self._latency = latency
        self._hold = max(hold, cancel_fee)
        self._seconds = seconds
        self._tells_progress = tells_progress
        self._price = price or Price(Decimal("0.10"), Decimal("0.01"))
        self._cancel_fee = cancel_fee
        self._count: Counter[str] = Counter()
        self._accepted: dict[str, AcceptedAttempt] = {}
        self._running = RunningCount()
        self._findable_from: dict[str, float] = {}
        self._accepted_another = trio.Event()

    def __repr__(self) -> str:
        """Show the calls and their answers, a line each."""
        return "\n".join([f"<FakeBackend {self.name!r}", *self.log, ">"])

    @property
    def log(self) -> list[str]:
        """The calls and their answers, a line each."""
        return self.call_log.calls(self.name)

    @property
    def accepted(self) -> dict[UUID, AcceptedAttempt]:
        """The accepted attempts by their ids."""
        return {one.attempt_id: one for one in self._accepted.values()}

    @property
    def charges(self) -> list[Charge]:
        """All charges so far."""
        found = (one.charge() for one in self._accepted.values())
        return [charge for charge in found if charge is not None]

    @property
    def running(self) -> list[UUID]:
        """The attempts that are neither finished nor cancelled."""
        return [one.attempt_id for one in self._accepted.values() if not one.status().is_final]

    @property
    def most_running(self) -> int:
        """How many attempts have run at one time, at most."""
        return self._running.most

    def stop_faults(self) -> None:
        """From now on, inject no faults, and let all new attempts succeed and all cancels work."""
        self.faults.stop()
        self._script, self._default, self._latency = {}, Succeed(), 0.0
        self._findable_from.clear()
        self.capabilities = evolve(self.capabilities, can_cancel=True)

    def quote(self, request: ClipRequest) -> Quote:
        """Price the nearest length; every clip has 64x64 pixels."""
        duration = self.capabilities.nearest_duration(request.duration)
        return Quote(
            duration=duration,
            hold=max(self._price.cost(duration), self._hold),
            expected=self._price.cost(duration),
            price=self._price,
            ignored=("width", "height"),
            seconds=self._seconds,
        )

    async def prepare(self, request: ClipRequest, image: Image | None) -> Prepared:
        """Record the request and its image."""
        self._log_call("prepare", None, request)
        await self.faults.begin("prepare")
        await self._sleep_latency()
        self.prepared.append((request, image))
        return Prepared(request, image)

    async def submit(self, prepared: Prepared, attempt_id: UUID) -> Ticket:
        """Follow the script."""
        request = prepared.request
        behaviour = self._next_behaviour(request.prompt)
        self.submitted.append(request.prompt)
        self._log_call("submit", attempt_id, request, repr(behaviour))
        await self.faults.begin("submit")
        await self._sleep_latency()
        if isinstance(behaviour, Refuse | RateLimit):
            raise behaviour.error
        accepted = behaviour.then if isinstance(behaviour, LoseAnswer) else behaviour
        if accepted is not None:
            self._accept(attempt_id, request, accepted)
        if isinstance(behaviour, LoseAnswer):
            self._findable_from[str(attempt_id)] = trio.current_time() + behaviour.findable_after
            if behaviour.raises:
                raise ConnectionResetError("the connection broke")
            await trio.sleep_forever()
        await self._sleep_latency()
        return self._ticket(attempt_id)

    async def status(self, tickets: Sequence[Ticket]) -> Mapping[Ticket, Status]:
        """Return the status of each attempt."""
        await self.faults.begin("status")
        return {ticket: self._status(ticket) for ticket in tickets}

    def _status(self, ticket: Ticket) -> Status:
        accepted = self._accepted.get(ticket.provider_id)
        if accepted is None:
            return NOT_FOUND
        status = accepted.status()
        if self.capabilities.notifies and status.state is State.RUNNING:
            status = evolve(status, queued=0.0)
        return status if self._tells_progress else evolve(status, progress=None)

    async def fetch(self, ticket: Ticket, path: Path) -> None:
        """Write the attempt's clip."""
        attempt = self._accepted_attempt(ticket)
        self._log_call("fetch", attempt.attempt_id, attempt.request)
        try:
            await self._download(attempt, path)
        finally:
            self._log_call("download ends", attempt.attempt_id, attempt.request)

    async def _download(self, attempt: AcceptedAttempt, path: Path) -> None:
        await self.faults.begin("fetch")
        await self._sleep_latency()
        output = attempt.output()
        if output is None:
            raise GenerationError("there is no output")
        try:
            path.write_bytes(output)  # noqa: ASYNC240 (threads outrun a virtual clock)
        except OSError as error:
            raise NetworkError(f"cannot write the clip: {error}") from error

    async def cancel(self, ticket: Ticket) -> Status:
        """Cancel an attempt that has not ended."""
        attempt = self._accepted.get(ticket.provider_id)
        if attempt is None:
            return NOT_FOUND
        self._log_call("cancel", attempt.attempt_id, attempt.request)
        await self.faults.begin("cancel")
        if self.capabilities.can_cancel and not attempt.status().is_final:
            attempt.cancelled = True
            self._running.cancelled(attempt)
        return attempt.status()

    async def find(self, attempt: Attempt) -> Finding:
        """Look an attempt up: its ticket, or proof that it never arrived."""
        self._log_call("find", attempt.attempt_id, attempt.request)
        await self.faults.begin("find")
        key = str(attempt.attempt_id)
        if not self.capabilities.can_find or trio.current_time() < self._findable_from.get(key, 0):
            return Unknown()
        return self._ticket(attempt.attempt_id) if key in self._accepted else Absent()

    def webhook(self, attempt_id: UUID) -> tuple[dict[str, str], bytes]:
        """Return the headers and the body of a webhook about an attempt, signed and dated now.

        The date is that of the clock of the Trio run that submitted it, whichever run asks.
        """
        now, body = self.accepted[attempt_id].clock.current_time(), str(attempt_id).encode()
        return webhook_headers(f"{self.name}-{attempt_id}", body, now), body

    async def send_webhooks(self, runner: Receiver) -> None:
        """Send a webhook whenever an attempt has ended, until cancelled."""

        async def send(one: AcceptedAttempt) -> None:
            await trio.sleep_until(one.ends_at)
            await runner.receive_webhook(*self.webhook(one.attempt_id))

        told = 0
        async with trio.open_nursery() as nursery:
            while True:
                for one in list(self._accepted.values())[told:]:
                    nursery.start_soon(send, one)
                told = len(self._accepted)
                self._accepted_another = trio.Event()
                await self._accepted_another.wait()

    async def read_webhook(self, headers: Mapping[str, str], body: bytes) -> Notice:
        """Check its signature and its date."""
        if not self.capabilities.notifies:
            return await super().read_webhook(headers, body)
        await self.faults.begin("read_webhook")
        message_id = check_signature(SECRET, headers, body, now=trio.current_time())
        return Notice(message_id, self.account, body.decode())

    async def aclose(self) -> None:
        """Record that it was closed."""
        self.closed = True

    def _next_behaviour(self, prompt: str) -> Behaviour:
        number, lines = self._count[prompt], self._script.get(prompt, ())
        self._count[prompt] += 1
        return lines[number] if number < len(lines) else self._default

    def _accept(self, attempt_id: UUID, request: ClipRequest, behaviour: Accepted) -> None:
        accepted = AcceptedAttempt(
            attempt_id,
            request,
            behaviour,
            quoted=self.quote(request).duration,
            price=self._price,
            cancel_fee=self._cancel_fee,
        )
        self._accepted[str(attempt_id)] = accepted
        self._running.accepted(accepted)
        self._accepted_another.set()

    def _accepted_attempt(self, ticket: Ticket) -> AcceptedAttempt:
        if ticket.provider_id not in self._accepted:
            raise GenerationError(f"there is no attempt {ticket.provider_id}")
        return self._accepted[ticket.provider_id]

    def _ticket(self, attempt_id: UUID) -> Ticket:
        return Ticket(self.name, str(attempt_id), account=self.account, version="1")

    async def _sleep_latency(self) -> None:
        if self._latency:
            await trio.sleep(self._latency)

    def _log_call(
        self, what: str, attempt_id: UUID | None, request: ClipRequest, answer: str = ""
    ) -> None:
        self.call_log.add(Call(self.name, what, attempt_id, request.prompt, answer))


def image_only(capabilities: Capabilities = CAPABILITIES) -> Capabilities:
    """Return the capabilities of a backend that needs an image."""
    return evolve(capabilities, text=False)

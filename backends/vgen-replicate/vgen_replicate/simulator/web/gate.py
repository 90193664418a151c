"""What every request passes on its way in: counts, faults, the token, the rate limits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from attrs import define, field
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vgen_replicate.simulator.clock import Clock
from vgen_replicate.simulator.limits import LOW_CREDIT, LOW_CREDIT_CREATES, Bucket, Limits
from vgen_replicate.simulator.refusal import Refusal, throttled, unauthenticated
from vgen_replicate.simulator.service import Service
from vgen_replicate.simulator.web.dropped import Dropped

AFTER_THE_EFFECT = frozenset({"late_error", "lost_answer"})
OF_A_REQUEST = ("throttled", "dropped", "server_error", "html", *sorted(AFTER_THE_EFFECT))

CHANGING = ("POST", "DELETE")

CREATES = ("/v1/predictions", "/v1/models/{owner}/{name}/predictions")

LOW_CREDIT_WORDS = (
    f"Your rate limit for creating predictions is reduced to {LOW_CREDIT_CREATES} requests per "
    f"minute with a burst of 1 requests while you have less than ${LOW_CREDIT}.0 in credit. "
)

SHORTEST_BURST, LONGEST_BURST = 2.0, 10.0

HTML = "<!DOCTYPE html><html><head><title>Just a moment...</title></head><body></body></html>"


@define(eq=False)
class Gate:
    """Stands in front of the application; `requests` counts what came in by method and route."""

    app: ASGIApp
    known: Sequence[Route]
    service: Service
    clock: Clock
    token: str
    limits: Limits
    requests: Counter[tuple[str, str]] = field(factory=Counter[tuple[str, str]])
    _refusing_until: float = 0.0
    _creates: Bucket = field(init=False)
    _others: Bucket = field(init=False)
    _few_creates: Bucket = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._creates = Bucket(self.limits.creates, self.limits.creates)
        self._others = Bucket(self.limits.others, self.limits.others)
        self._few_creates = Bucket(LOW_CREDIT_CREATES, 1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it here."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        method, route = scope["method"], self._route(scope)
        self.requests[method, route] += 1
        if not scope["path"].startswith("/v1"):
            await self.app(scope, receive, send)
            return
        fate = self.service.dice.thrown(self.service.faults, OF_A_REQUEST)
        try:
            answer = self._mishap(fate)
            if answer is None:
                self._admit(Request(scope), method, route)
        except Refusal as refusal:
            answer = refusal_answer(refusal)
        if answer is None:
            await self._pass(fate, scope, receive, send)
            return
        # A client that is still sending would not hear the answer.
        async for _ in Request(scope, receive).stream():
            pass
        await answer(scope, receive, send)

    async def _pass(
        self, fate: AbstractSet[str], scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Let the request take effect, and lose its answer if it is so decided."""
        losing = fate & AFTER_THE_EFFECT
        if not losing or scope["method"] not in CHANGING:
            await self.app(scope, receive, send)
            return

        async def swallow(message: Message) -> None:
            """Tell nobody."""

        await self.app(scope, receive, swallow)
        if "lost_answer" in losing:
            raise Dropped
        await self._server_error()(scope, receive, send)

    def _mishap(self, fate: AbstractSet[str]) -> Response | None:
        """What comes in the way of a request, if anything does."""
        now = self.clock.now()
        if "throttled" in fate and self._refusing_until <= now:
            random = self.service.dice.stream("burst")
            self._refusing_until = now + random.uniform(SHORTEST_BURST, LONGEST_BURST)
        if self._refusing_until > now:
            raise throttled((self._refusing_until - now) / self.clock.speed)
        if "dropped" in fate:
            raise Dropped
        if "server_error" in fate:
            return self._server_error()
        return HTMLResponse(HTML) if "html" in fate else None

    def _admit(self, request: Request, method: str, route: str) -> None:
        """Refuse a request without the token, or one too many."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() not in ("bearer", "token") or token != self.token:
            raise unauthenticated()
        bucket, words = self._others, ""
        if method == "POST" and route in CREATES:
            credit = self.service.credit_left
            low = credit is not None and credit < LOW_CREDIT
            bucket, words = (self._few_creates, LOW_CREDIT_WORDS) if low else (self._creates, "")
        if wait := bucket.take(self.clock.now()):
            raise throttled(wait / self.clock.speed, words)

    def _server_error(self) -> Response:
        status = self.service.dice.stream("status").choice((500, 502, 503))
        return JSONResponse({"detail": "Internal server error", "status": status}, status)

    def _route(self, scope: Scope) -> str:
        for route in self.known:
            if route.matches(scope)[0] is Match.FULL:
                return route.path
        return ""


def refusal_answer(refusal: Refusal) -> Response:
    """A refusal as a response."""
    kind = "application/problem+json" if refusal.problem else "application/json"
    return JSONResponse(dict(refusal.body), refusal.status, dict(refusal.headers), kind)

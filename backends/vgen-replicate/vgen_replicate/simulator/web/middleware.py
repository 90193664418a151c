"""The middleware around all routes: request counts, faults, the token, rate limits."""

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
from vgen_replicate.simulator.errors import ApiError, throttled, unauthenticated
from vgen_replicate.simulator.limits import LOW_CREDIT, LOW_CREDIT_CREATES, Bucket, Limits
from vgen_replicate.simulator.service import Service
from vgen_replicate.simulator.web.disconnect import ConnectionDroppedError

LATE_FAULTS = frozenset({"late_error", "lost_answer"})
REQUEST_FAULTS = ("throttled", "dropped", "server_error", "html", *sorted(LATE_FAULTS))

CHANGING = ("POST", "DELETE")

CREATES = ("/v1/predictions", "/v1/models/{owner}/{name}/predictions")

LOW_CREDIT_WORDS = (
    f"Your rate limit for creating predictions is reduced to {LOW_CREDIT_CREATES} requests per "
    f"minute with a burst of 1 requests while you have less than ${LOW_CREDIT}.0 in credit. "
)

SHORTEST_BURST, LONGEST_BURST = 2.0, 10.0

HTML = "<!DOCTYPE html><html><head><title>Just a moment...</title></head><body></body></html>"


@define(eq=False)
class Middleware:
    """Wraps the application; `requests` counts the requests by method and route."""

    app: ASGIApp
    known: Sequence[Route]
    service: Service
    clock: Clock
    token: str
    limits: Limits
    requests: Counter[tuple[str, str]] = field(factory=Counter[tuple[str, str]])
    _throttled_until: float = 0.0
    _creates: Bucket = field(init=False)
    _others: Bucket = field(init=False)
    _few_creates: Bucket = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._creates = Bucket(self.limits.creates, self.limits.creates)
        self._others = Bucket(self.limits.others, self.limits.others)
        self._few_creates = Bucket(LOW_CREDIT_CREATES, 1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Forward a request, or respond with a fault or an error."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        method, route = scope["method"], self._route(scope)
        self.requests[method, route] += 1
        if not scope["path"].startswith("/v1"):
            await self.app(scope, receive, send)
            return
        faults = self.service.streams.choose_faults(self.service.faults, REQUEST_FAULTS)
        try:
            response = self._injected_fault(faults)
            if response is None:
                self._check_token_and_limits(Request(scope), method, route)
        except ApiError as error:
            response = error_response(error)
        if response is None:
            await self._forward(faults, scope, receive, send)
            return
        # A client that is still sending would not receive the response.
        async for _ in Request(scope, receive).stream():
            pass
        await response(scope, receive, send)

    async def _forward(
        self, faults: AbstractSet[str], scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Handle the request; a late fault then replaces the response of one that changes state."""
        late = faults & LATE_FAULTS
        if not late or scope["method"] not in CHANGING:
            await self.app(scope, receive, send)
            return

        async def discard(message: Message) -> None:
            """Send nothing."""

        await self.app(scope, receive, discard)
        if "lost_answer" in late:
            raise ConnectionDroppedError
        await self._server_error()(scope, receive, send)

    def _injected_fault(self, faults: AbstractSet[str]) -> Response | None:
        """Return the faulty response that replaces the request's, or raise; `None`: no fault."""
        now = self.clock.now()
        if "throttled" in faults and self._throttled_until <= now:
            random = self.service.streams.stream("burst")
            self._throttled_until = now + random.uniform(SHORTEST_BURST, LONGEST_BURST)
        if self._throttled_until > now:
            raise throttled((self._throttled_until - now) / self.clock.speed)
        if "dropped" in faults:
            raise ConnectionDroppedError
        if "server_error" in faults:
            return self._server_error()
        return HTMLResponse(HTML) if "html" in faults else None

    def _check_token_and_limits(self, request: Request, method: str, route: str) -> None:
        """Raise an `ApiError` for a wrong token or too many requests."""
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
        status = self.service.streams.stream("status").choice((500, 502, 503))
        return JSONResponse({"detail": "Internal server error", "status": status}, status)

    def _route(self, scope: Scope) -> str:
        for route in self.known:
            if route.matches(scope)[0] is Match.FULL:
                return route.path
        return ""


def error_response(error: ApiError) -> Response:
    """Convert an error to a response."""
    kind = "application/problem+json" if error.problem else "application/json"
    return JSONResponse(dict(error.body), error.status, dict(error.headers), kind)

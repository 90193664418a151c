"""The application that takes webhooks, in a host's own: on asyncio, and on Trio."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from types import ModuleType
from typing import Any
from uuid import uuid4

import anyio
import fastapi
import httpx
import pytest
from attrs import evolve

from vgen.errors import WebhookRefusedError
from vgen.testing import CAPABILITIES, Break, FakeBackend, MemoryLedger, Succeed
from vgen.webhooks import MAX_BODY, Receiver, check_signature, webhook_app

from .async_door import Door, until
from .parts import PLENTY, PROMPTS, Parts, fast_settings

URL = "/webhooks/vgen/replicate"


def parts(*faults: Break) -> Parts:
    """Return parts whose backend sends webhooks; without one, it is asked after an hour."""
    return Parts(
        fake=FakeBackend(
            capabilities=evolve(CAPABILITIES, notifies=True, run_limit=36_000.0),
            default=Succeed(after=0.1),
        ),
        ledger=MemoryLedger(faults),
        settings=evolve(fast_settings(), poll_interval=3600.0),
    )


@asynccontextmanager
async def client(runner: Receiver) -> AsyncGenerator[httpx.AsyncClient]:
    """Open a client of a host that has the application under a path."""
    host = fastapi.FastAPI()
    host.mount("/webhooks/vgen", webhook_app(runner))
    transport = httpx.ASGITransport(host)
    async with httpx.AsyncClient(transport=transport, base_url="http://host") as opened:
        yield opened


async def make(runner: Any) -> None:
    """Make the clips of a job."""
    await runner.process(uuid4(), PROMPTS, budget=PLENTY)


def test_a_webhook_wakes_its_clip(door: Door) -> None:
    """It is answered 204, also when it comes again; what is no webhook of the provider's is not."""
    made = parts()

    async def program(vgen: ModuleType) -> None:
        async with vgen.open_runner(**made.arguments()) as runner, client(runner) as http:
            async with anyio.create_task_group() as group:
                group.start_soon(make, runner)
                await until(lambda: len(made.fake.accepted) == len(PROMPTS))
                await until(lambda: not made.fake.running)
                for attempt_id in made.fake.accepted:
                    headers, body = made.fake.webhook(attempt_id)
                    first = await http.post(URL, headers=headers, content=body)
                    assert (first.status_code, first.content) == (204, b"")
            headers, body = made.fake.webhook(next(iter(made.fake.accepted)))
            again = await http.post(URL, headers=headers, content=body)
            assert (again.status_code, again.content) == (204, b"")
            forged = await http.post(URL, headers=headers, content=body + b" ")
            assert (forged.status_code, forged.text) == (401, f"{WRONG}\n")
            assert (await http.get(URL, headers=headers)).status_code == 405

    door.run(program)


def test_a_body_without_end_is_refused(door: Door) -> None:
    """It is read up to a limit, and reaches no runner."""
    sent = list[Any]()

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b" " * (MAX_BODY // 2), "more_body": True}

    async def send(message: Any) -> None:
        sent.append(message)

    async def program(vgen: ModuleType) -> None:
        async with vgen.open_runner(**parts().arguments()) as runner:
            await webhook_app(runner)({"type": "http", "method": "POST"}, receive, send)

    door.run(program)
    assert [each.get("status") for each in sent] == [413, None]


def test_a_webhook_that_cannot_be_taken_is_to_be_sent_again(door: Door) -> None:
    """The ledger is away for once; later, the runner is closed."""
    made = parts(Break("add_notice"))

    async def program(vgen: ModuleType) -> None:
        async with (
            vgen.open_runner(**made.arguments()) as runner,
            anyio.create_task_group() as group,
            client(runner) as http,
        ):
            group.start_soon(make, runner)
            await until(lambda: len(made.fake.accepted) == len(PROMPTS))
            await until(lambda: not made.fake.running)
            answers = list[httpx.Response]()
            for attempt_id in [*made.fake.accepted, *made.fake.accepted]:
                headers, body = made.fake.webhook(attempt_id)
                answers.append(await http.post(URL, headers=headers, content=body))
            assert [answer.status_code for answer in answers] == [503, *[204] * 5]
        headers, body = made.fake.webhook(next(iter(made.fake.accepted)))
        async with client(runner) as http:
            assert (await http.post(URL, headers=headers, content=body)).status_code == 503

    door.run(program)


WRONG = "the webhook's signature is missing or wrong"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 (the specification's example)
HEADERS = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}
BODY = b'{"test": 2432232314}'
SIGNED_AT = 1614265330


@pytest.mark.parametrize(
    "signatures", [[], ["v2,x"], ["v1a,AAAA", "v1,AAAA"]], ids=["alone", "newer", "rotated"]
)
def test_a_standard_signature_is_checked(signatures: Sequence[str]) -> None:
    """The specification's own example passes, also beside signatures of other kinds and keys."""
    both = " ".join([*signatures, HEADERS["webhook-signature"]])
    headers = {**HEADERS, "webhook-signature": both}
    for late in (-300, 0, 300):
        message_id = check_signature(SECRET, headers, BODY, now=SIGNED_AT + late)
        assert message_id == HEADERS["webhook-id"]
    for late in (-301, 301):
        with pytest.raises(WebhookRefusedError, match="five minutes"):
            check_signature(SECRET, headers, BODY, now=SIGNED_AT + late)


@pytest.mark.parametrize("changed", [*HEADERS, "body", "secret"])
def test_whatever_is_changed_or_missing_is_refused(changed: str) -> None:
    """The id, the time, the body and the secret are all signed."""
    headers = {name: each for name, each in HEADERS.items() if name != changed}
    body = BODY + b" " * (changed == "body")
    secret = SECRET.swapcase() if changed == "secret" else SECRET
    with pytest.raises(WebhookRefusedError):
        check_signature(secret.replace("WHSEC", "whsec"), headers, body, now=SIGNED_AT)
    if changed in HEADERS:
        other = {**HEADERS, changed: HEADERS[changed] + "0"}
        with pytest.raises(WebhookRefusedError, match=WRONG):
            check_signature(SECRET, other, BODY, now=SIGNED_AT)


def test_a_malformed_secret_is_told() -> None:
    """It is the provider's fault or the host's, not the sender's."""
    with pytest.raises(WebhookRefusedError, match="malformed"):
        check_signature("whsec_a", HEADERS, BODY, now=SIGNED_AT)

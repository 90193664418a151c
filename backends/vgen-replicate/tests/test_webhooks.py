"""Webhooks over real sockets, from a simulated service to a host that is killed in between."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import trio

from vgen import SQLiteLedger
from vgen.abc import Status
from vgen.errors import ConfigurationError, NetworkError, WebhookRefusedError
from vgen.testing import stand_in, webhook_headers
from vgen_replicate import CogVideoX
from vgen_replicate.simulator import Faults, Simulator

from . import webhook_host
from .helpers import REQUEST, submit, wait_for_verdict
from .server import RunningSimulator, running_simulator

CLIPS = 8
URL = "https://clips.example/webhooks"
SPEED = 200.0
QUESTIONS, CREATES = ("GET", "/v1/predictions/{id}"), ("POST", "/v1/predictions")
LISTS = ("GET", "/v1/predictions")


@contextmanager
def host(service: RunningSimulator, folder: Path, port: int) -> Generator[subprocess.Popen[bytes]]:
    """Run the host in a process of its own; it is killed at the end of the block."""
    command = [sys.executable, str(webhook_host.__file__)]
    process = subprocess.Popen([*command, service.url, str(folder), str(port), str(CLIPS)])
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def port() -> int:
    """A port that is free now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def wait_until_running(simulator: Simulator, count: int) -> None:
    """Wait until so many predictions run."""
    until = time.monotonic() + 60
    while sum(each.started is not None for each in simulator.predictions.values()) < count:
        assert time.monotonic() < until
        time.sleep(0.01)


async def made(folder: Path) -> int:
    """Return how many clips were made, by the ledger and in the folder."""
    ledger = SQLiteLedger(folder / "vgen.db")
    job = await ledger.job(webhook_host.JOB)
    await ledger.aclose()
    assert job is not None
    assert not job.account.held
    stored = sum(attempt.clip is not None for attempt in job.attempts)
    assert len(list((folder / "clips" / str(webhook_host.JOB)).glob("clip_???.mp4"))) == stored
    return stored


async def test_one_question_a_clip(tmp_path: Path, port: int) -> None:
    """Each clip is asked after when it has ended."""
    with running_simulator(speed=SPEED) as service, host(service, tmp_path, port) as process:
        assert await trio.to_thread.run_sync(process.wait) == 0
    simulator = service.simulator
    assert await made(tmp_path) == simulator.requests[CREATES] == CLIPS
    assert [each.status for each in simulator.webhooks] == [204] * CLIPS
    asked = simulator.requests[QUESTIONS] + simulator.requests[LISTS]
    assert asked <= 2 * CLIPS  # the end of each, and the address of its file


async def test_lost_late_repeated_and_forged(tmp_path: Path, port: int) -> None:
    """All clips are made once each, whatever becomes of the webhooks; what is forged is refused."""
    faults = Faults(webhook_lost=0.3, webhook_delayed=0.3, webhook_repeated=0.5, webhook_forged=0.5)
    with (
        running_simulator(speed=SPEED, faults=faults, seed=3) as service,
        host(service, tmp_path, port) as process,
    ):
        assert await trio.to_thread.run_sync(process.wait) == 0
    simulator = service.simulator
    assert await made(tmp_path) == simulator.requests[CREATES] == CLIPS
    forged = [each.status for each in simulator.webhooks if each.forged]
    sent = [each.prediction for each in simulator.webhooks if each.status == 204]
    assert forged
    assert set(forged) == {401}
    assert len(set(sent)) < min(len(sent), CLIPS)


async def test_a_host_that_is_killed(tmp_path: Path, port: int) -> None:
    """What ends while it is down is found by the next one, and nothing is bought again."""
    with running_simulator(speed=SPEED) as service:
        with host(service, tmp_path, port):
            await trio.to_thread.run_sync(wait_until_running, service.simulator, CLIPS // 2)
        with host(service, tmp_path, port) as process:
            assert await trio.to_thread.run_sync(process.wait) == 0
    simulator = service.simulator
    assert await made(tmp_path) == simulator.requests[CREATES] == CLIPS
    assert simulator.fetched == simulator.predictions.keys()


async def test_the_secret_is_read_when_it_is_needed(service: RunningSimulator) -> None:
    """Once, and again when it was changed; not for each one that does not fit."""
    secret = ("GET", "/v1/webhooks/default/secret")
    before = service.simulator.requests[secret]
    body = json.dumps({"id": "p1", "status": "succeeded"}).encode()
    async with stand_in(CogVideoX(**service.access, webhook_url=URL)) as backend:
        assert backend.capabilities.notifies
        for number in range(3):
            notice = await backend.read_webhook(headers(service, body, f"m{number}"), body)
            assert (notice.message_id, notice.provider_id) == (f"m{number}", "p1")
            assert notice.account == backend.account
        assert service.simulator.requests[secret] == before + 1
        for _ in range(3):
            with pytest.raises(WebhookRefusedError):
                await backend.read_webhook(headers(service, body, "m9"), body + b" ")
        assert service.simulator.requests[secret] == before + 1


async def test_a_changed_secret_is_noticed(service: RunningSimulator, mock_clock: Any) -> None:
    """A minute after the last time at the earliest."""
    body = b'{"id": "p1"}'
    async with stand_in(CogVideoX(**service.access, webhook_url=URL)) as backend:
        await backend.read_webhook(headers(service, body, "m1"), body)
        service.simulator.webhook_secret = "whsec_" + "bmV3ZXI="
        with pytest.raises(WebhookRefusedError):
            await backend.read_webhook(headers(service, body, "m2"), body)
        mock_clock.jump(61)
        await backend.read_webhook(headers(service, body, "m2"), body)


@pytest.mark.parametrize("body", [b"", b"[]", b'{"id": 5}', b"\xff"])
async def test_a_signed_body_without_a_prediction(service: RunningSimulator, body: bytes) -> None:
    """It is refused, and no error of another kind."""
    async with stand_in(CogVideoX(**service.access, webhook_url=URL)) as backend:
        with pytest.raises(WebhookRefusedError, match="no prediction"):
            await backend.read_webhook(headers(service, body, "m1"), body)


async def test_a_secret_that_cannot_be_read(service: RunningSimulator) -> None:
    """The webhook may be sent again."""
    service.simulator.faults = Faults(html=1.0)
    async with stand_in(CogVideoX(**service.access, webhook_url=URL)) as backend:
        with pytest.raises(NetworkError):
            await backend.read_webhook(headers(service, b"{}", "m1"), b"{}")


def headers(service: RunningSimulator, body: bytes, message_id: str) -> Mapping[str, str]:
    """Return the headers of a webhook of the service's, sent now."""
    secret = service.simulator.webhook_secret
    return webhook_headers(message_id, body, time.time(), secret=secret)


async def test_how_long_it_was_queued_is_told(service: RunningSimulator) -> None:
    """From its creation to its start, by the service's own clock."""
    told = list[Status]()
    async with stand_in(CogVideoX(**service.access, webhook_url=URL)) as backend:
        ticket = await submit(backend, REQUEST)
        while not told or not told[-1].is_final:
            told += (await backend.status([ticket])).values()
            await trio.sleep(0.005)
        await wait_for_verdict(backend, ticket)
    prediction = service.simulator.predictions[ticket.provider_id]
    waited = (prediction.started or 0.0) - prediction.created
    (queued,) = {each.queued for each in told if each.queued is not None}
    assert queued == pytest.approx(waited, abs=1e-5)


@pytest.mark.parametrize(
    "url", ["http://clips.example/", "clips.example", "ftp://x/", "", "https://"]
)
def test_an_address_that_the_service_would_not_take(url: str) -> None:
    """It is refused when the backend is made."""
    with pytest.raises(ConfigurationError, match="webhook_url: must be an https: address"):
        CogVideoX(token="t", webhook_url=url)  # noqa: S106 (it opens nothing)


def test_without_an_address_nothing_is_told() -> None:
    """It is polled for."""
    assert not CogVideoX(token="t").capabilities.notifies  # noqa: S106 (likewise)

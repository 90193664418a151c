"""A prediction's life: queue, run, deadline, cancellation, bill, removal."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import httpx
import pytest
import trio
from attrs import evolve
from trio.testing import MockClock

from vgen_replicate.simulator import Faults, Simulator

from .clients import create, data_uri, get, in_process, picture, punctual, svd

PRICE = Decimal("0.0014")


def one_machine() -> Simulator:
    """SVD on a single machine: 35 s per run, and a queue only for the machine."""
    return Simulator(models=[evolve(model, workers=1) for model in punctual()])


async def cancel_after(client: httpx.AsyncClient, seconds: str) -> dict[str, Any]:
    """Create a prediction with a deadline."""
    answer = await client.post("/predictions", json=svd(), headers={"Cancel-After": seconds})
    return dict(answer.json())


async def test_a_run(autojump_clock: MockClock) -> None:
    """A run takes the model's time, and is billed for it."""
    simulator = Simulator(models=punctual())
    async with in_process(simulator) as client:
        prediction = await create(client)
        assert prediction["status"] == "starting"
        await trio.sleep(1)
        assert (await get(client, prediction))["status"] == "processing"
        await trio.sleep(35)
        done = await get(client, prediction)
    assert done["status"] == "succeeded"
    assert done["metrics"] == {"predict_time": 35.0, "total_time": 35.0}
    assert done["completed_at"] == "2026-01-01T00:00:35.000000Z"
    (bill,) = simulator.bills
    assert (bill.seconds, bill.amount, bill.status) == (35.0, 35 * PRICE, "succeeded")


async def test_waiting_ends(autojump_clock: MockClock) -> None:
    """A create that waited in vain responds with 202 and the current state."""
    async with in_process(Simulator(models=punctual())) as client:
        answer = await client.post("/predictions", json=svd(), headers={"Prefer": "wait=5"})
        assert (answer.status_code, answer.json()["status"]) == (202, "processing")
        assert trio.current_time() == 5
        answer = await client.post("/predictions", json=svd(), headers={"Prefer": "wait"})
        assert (answer.status_code, answer.json()["status"]) == (201, "succeeded")
        assert trio.current_time() == 40


async def test_machines_are_few(autojump_clock: MockClock) -> None:
    """A prediction without a free machine waits for one, and is billed for its run only."""
    simulator = one_machine()
    async with in_process(simulator) as client:
        await create(client)
        await trio.sleep(5)
        second = await create(client)
        await trio.sleep(29)
        assert (await get(client, second))["status"] == "starting"
        await trio.sleep(37)
        done = await get(client, second)
    assert done["metrics"] == {"predict_time": 35.0, "total_time": 65.0}
    assert simulator.billed == 70 * PRICE


@pytest.mark.parametrize(
    ("text", "seconds"), [("10", 10), ("10s", 10), ("1m", 60), ("1h30m45s", 5445)]
)
async def test_a_deadline_counts_from_the_creation(
    autojump_clock: MockClock, text: str, seconds: int
) -> None:
    """Every format of the header is understood."""
    simulator = Simulator(models=punctual())
    async with in_process(simulator) as client:
        await cancel_after(client, text)
    (prediction,) = simulator.predictions.values()
    assert prediction.deadline == seconds


async def test_a_deadline_in_the_queue(autojump_clock: MockClock) -> None:
    """A prediction that never started is aborted, and costs nothing."""
    simulator = one_machine()
    async with in_process(simulator) as client:
        await create(client)
        await trio.sleep(1)
        late = await cancel_after(client, "10s")
        await trio.sleep(11)
        done = await get(client, late)
    assert done["status"] == "aborted"
    assert done["deadline"] == done["completed_at"] == "2026-01-01T00:00:11.000000Z"
    assert "started_at" not in done
    assert not simulator.bills


async def test_a_deadline_while_running(autojump_clock: MockClock) -> None:
    """A prediction that had started is canceled, and billed for its run time."""
    simulator = Simulator(models=punctual())
    async with in_process(simulator) as client:
        late = await cancel_after(client, "10s")
        await trio.sleep(11)
        done = await get(client, late)
    assert (done["status"], done["output"]) == ("canceled", None)
    assert simulator.billed == 10 * PRICE


async def test_a_cancellation(autojump_clock: MockClock) -> None:
    """A user's cancellation is billed up to its moment; a second one changes nothing."""
    simulator = Simulator(models=punctual())
    async with in_process(simulator) as client:
        prediction = await create(client)
        await trio.sleep(20)
        first = await client.post(prediction["urls"]["cancel"])
        await trio.sleep(20)
        second = await client.post(prediction["urls"]["cancel"])
    assert first.json()["status"] == "canceled"
    assert first.json() == second.json()
    assert simulator.billed == 20 * PRICE
    assert not simulator.running()


async def test_a_cancellation_frees_the_machine(autojump_clock: MockClock) -> None:
    """The next prediction starts when the one before it is cancelled."""
    async with in_process(one_machine()) as client:
        first = await create(client)
        await trio.sleep(5)
        second = await create(client)
        await client.post(first["urls"]["cancel"])
        await trio.sleep(1)
        assert (await get(client, second))["status"] == "processing"


async def test_a_cancellation_comes_too_late(autojump_clock: MockClock) -> None:
    """A prediction that has succeeded stays so."""
    async with in_process(Simulator(models=punctual())) as client:
        prediction = await create(client)
        await trio.sleep(36)
        assert (await client.post(prediction["urls"]["cancel"])).json()["status"] == "succeeded"


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        ("https://example.com/still.png", "Failed to download"),
        ("http://replicate.test/v1/files/nothing", "Failed to download"),
        (data_uri(b"no picture"), "not a PNG"),
        ("data:image/png;base64,###", "Failed to decode"),
        (data_uri(picture()[:200]), "cannot be decoded"),
    ],
)
async def test_an_unreadable_picture(autojump_clock: MockClock, uri: str, words: str) -> None:
    """The model fails, saying why, and its second of run time is billed."""
    simulator = Simulator(models=punctual())
    async with in_process(simulator) as client:
        prediction = await create(client, input_image=uri)
        await trio.sleep(2)
        done = await get(client, prediction)
    assert done["status"] == "failed"
    assert words in done["error"]
    assert simulator.billed == PRICE


async def test_a_failure_is_billed(autojump_clock: MockClock) -> None:
    """A run that fails costs the time until then."""
    simulator = Simulator(models=punctual(), faults=Faults(failed=1))
    async with in_process(simulator) as client:
        prediction = await create(client)
        await trio.sleep(36)
        done = await get(client, prediction)
    assert done["status"] == "failed"
    assert 0 < simulator.billed < 35 * PRICE


async def test_a_stuck_run(autojump_clock: MockClock) -> None:
    """A run that hangs ends after half an hour, and is billed for it."""
    simulator = Simulator(models=punctual(), faults=Faults(stuck=1))
    async with in_process(simulator) as client:
        prediction = await create(client)
        await trio.sleep(1799)
        assert (await get(client, prediction))["status"] == "processing"
        await trio.sleep(2)
        assert (await get(client, prediction))["status"] == "failed"
    assert simulator.billed == 1800 * PRICE


async def test_data_is_removed_after_an_hour(autojump_clock: MockClock) -> None:
    """An hour after its end, a prediction's input, output and files are gone."""
    async with in_process(Simulator(models=punctual(), scale=0.1)) as client:
        prediction = await create(client)
        await trio.sleep(36)
        done = await get(client, prediction)
        await trio.sleep(3598)
        assert (await client.get(done["output"])).status_code == 200
        await trio.sleep(2)
        assert (await client.get(done["output"])).status_code == 404
        removed = await get(client, prediction)
    assert removed["data_removed"]
    assert (removed["status"], removed["output"], removed["input"]) == ("succeeded", None, {})


async def test_time_can_be_sped_up(autojump_clock: MockClock) -> None:
    """A faster service takes less of the client's time, and bills its own time."""
    simulator = Simulator(models=punctual(), speed=50)
    async with in_process(simulator) as client:
        await client.post("/predictions", json=svd(), headers={"Prefer": "wait"})
        assert trio.current_time() == pytest.approx(0.7)
        late = await cancel_after(client, "10s")
        await simulator.predictions[late["id"]].settled.wait()
        assert trio.current_time() == pytest.approx(0.9)
    assert simulator.billed == pytest.approx(45 * PRICE)

"""Faults happen as configured, and in the same places for equal seeds."""

from __future__ import annotations

import httpx
import pytest
import trio
from trio.testing import MockClock

from vgen_replicate.simulator import Faults, Simulator

from .clients import create, get, in_process, picture, punctual, svd


async def outcome(client: httpx.AsyncClient) -> str:
    """Send a create, and return its error, or its status and content type."""
    try:
        answer = await client.post("/predictions", json=svd())
    except httpx.TransportError as error:
        return type(error).__name__
    kind = answer.headers["Content-Type"].partition(";")[0]
    return f"{answer.status_code} {kind}"


@pytest.mark.parametrize(
    ("faults", "outcomes", "created"),
    [
        (Faults(), {"201 application/json"}, 1),
        (Faults(throttled=1), {"429 application/json"}, 0),
        (Faults(dropped=1), {"ConnectionDroppedError"}, 0),
        (Faults(lost_answer=1), {"ConnectionDroppedError"}, 1),
        (Faults(html=1), {"200 text/html"}, 0),
        (Faults(server_error=1), {f"{code} application/json" for code in (500, 502, 503)}, 0),
        (Faults(late_error=1), {f"{code} application/json" for code in (500, 502, 503)}, 1),
    ],
)
async def test_a_fault_of_a_create(faults: Faults, outcomes: set[str], created: int) -> None:
    """The client sees the fault; whether the prediction exists depends on its kind alone."""
    simulator = Simulator(faults=faults)
    async with in_process(simulator) as client:
        assert await outcome(client) in outcomes
    assert len(simulator.predictions) == created


async def test_uploads_and_cancellations_lose_their_answers() -> None:
    """Requests that change state may do so and lose their responses."""
    simulator = Simulator()
    async with in_process(simulator) as client:
        prediction = await create(client)
        simulator.faults = Faults(lost_answer=1)
        with pytest.raises(httpx.RemoteProtocolError):
            await client.post(prediction["urls"]["cancel"])
        with pytest.raises(httpx.RemoteProtocolError):
            await client.post("/files", files={"content": ("still.png", picture(), "image/png")})
        assert (await get(client, prediction))["status"] == "canceled"
        assert len((await client.get("/files")).json()["results"]) == 1


async def test_a_burst_of_refusals(autojump_clock: MockClock) -> None:
    """A burst lasts for some seconds, and ends after its `retry_after`."""
    simulator = Simulator(faults=Faults(throttled=1))
    async with in_process(simulator) as client:
        refused = await client.get("/account")
        simulator.faults = Faults()
        assert (await client.get("/account")).status_code == 429
        await trio.sleep(refused.json()["retry_after"])
        assert (await client.get("/account")).status_code == 200


async def test_an_address_that_has_expired(autojump_clock: MockClock) -> None:
    """The first URL of an output is dead; the next response has one that works."""
    simulator = Simulator(models=punctual(), scale=0.1, faults=Faults(expired=1))
    async with in_process(simulator) as client:
        prediction = await create(client)
        await trio.sleep(36)
        first, second = [(await get(client, prediction))["output"] for _ in range(2)]
        assert (await client.get(first)).status_code == 404
        assert (await client.get(second)).status_code == 200


async def test_an_end_that_is_measured_late(autojump_clock: MockClock) -> None:
    """The first response with a final status has neither the end nor the run time."""
    simulator = Simulator(models=punctual(), scale=0.1, faults=Faults(unmeasured=1))
    async with in_process(simulator) as client:
        prediction = await create(client)
        await trio.sleep(36)
        first, second = [await get(client, prediction) for _ in range(2)]
    assert first["status"] == second["status"] == "succeeded"
    assert not {"metrics", "completed_at"} & first.keys()
    assert second["metrics"]["predict_time"] == 35


async def test_a_download_that_is_cut(autojump_clock: MockClock) -> None:
    """A clip that was not downloaded completely does not count as fetched."""
    simulator = Simulator(models=punctual(), scale=0.1, faults=Faults(truncated=1))
    async with in_process(simulator) as client:
        prediction = await create(client)
        await trio.sleep(36)
        done = await get(client, prediction)
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get(done["output"])
        assert not simulator.fetched
        simulator.faults = Faults()
        await client.get(done["output"])
    assert simulator.fetched == {prediction["id"]}


MANY = Faults(throttled=0.02, server_error=0.1, late_error=0.1, dropped=0.1, lost_answer=0.1)


async def history(seed: int, faults: Faults) -> list[str]:
    """The outcomes of forty creates, and the bills of their predictions."""
    simulator = Simulator(seed=seed, faults=faults)
    async with in_process(simulator) as client:
        outcomes: list[str] = []
        for _ in range(40):
            outcomes.append(await outcome(client))
            await trio.sleep(3)
        await trio.sleep(600)
    bills = [f"{bill.prediction} {bill.status} {bill.seconds:.3f}" for bill in simulator.bills]
    return outcomes + sorted(bills)


async def test_equal_seeds_give_equal_histories(autojump_clock: MockClock) -> None:
    """Equal seeds give equal ids, faults, run times and bills; other seeds give others."""
    outcomes = await history(1, MANY)
    assert outcomes == await history(1, MANY)
    assert outcomes[:40] != (await history(2, MANY))[:40]


async def test_faults_do_not_move_one_another(autojump_clock: MockClock) -> None:
    """An added fault may hide another one, but does not change when others happen."""
    plain = await history(1, Faults(server_error=0.3))
    more = await history(1, Faults(server_error=0.3, dropped=0.3, stuck=0.1))
    pairs = list(zip(plain[:40], more[:40], strict=True))
    assert {was[0] for was, _ in pairs} == {"2", "5"}
    assert all(now == "ConnectionDroppedError" or now[0] == was[0] for was, now in pairs)
    assert "ConnectionDroppedError" in more


def test_a_probability_is_from_0_to_1() -> None:
    """Probabilities outside 0 to 1 are refused."""
    with pytest.raises(ValueError, match="'failed' must be <= 1"):
        Faults(failed=2)

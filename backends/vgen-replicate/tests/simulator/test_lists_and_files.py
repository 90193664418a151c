"""Listings can be filtered and paginated both ways; files are kept for a day."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import httpx
import pytest
import trio
from trio.testing import MockClock

from vgen_replicate.simulator import Simulator
from vgen_replicate.simulator.files import signature

from .clients import create, in_process, picture


async def listed(client: httpx.AsyncClient, query: str = "") -> list[str]:
    """The ids on the first page."""
    page = (await client.get(f"/predictions{query}")).json()
    return [each["id"] for each in page["results"]]


async def test_lists_between_dates(autojump_clock: MockClock) -> None:
    """`created_after` includes its moment, `created_before` does not."""
    async with in_process(Simulator()) as client:
        made: list[dict[str, Any]] = []
        for _ in range(3):
            made.append(await create(client))
            await trio.sleep(1.5)
        middle = made[1]["created_at"]
        first, second, third = [each["id"] for each in made]
        assert middle == "2026-01-01T00:00:01.500000Z"
        assert await listed(client) == [third, second, first]
        assert await listed(client, f"?created_after={middle}") == [third, second]
        assert await listed(client, f"?created_before={middle}") == [first]
        assert await listed(client, "?source=web") == []


async def test_pages_lead_both_ways(autojump_clock: MockClock) -> None:
    """The page before the next one is the first, whatever was created in between."""
    async with in_process(Simulator()) as client:
        for seed in range(130):
            await create(client, seed=seed)
        first = (await client.get("/predictions")).json()
        await create(client)
        second = (await client.get(first["next"])).json()
        again = (await client.get(second["previous"])).json()
    assert (len(first["results"]), len(second["results"])) == (100, 30)
    assert first["previous"] is second["next"] is None
    assert [each["id"] for each in again["results"]] == [each["id"] for each in first["results"]]


async def uploaded(client: httpx.AsyncClient, **fields: str) -> dict[str, Any]:
    """Upload a picture."""
    content = ("still.png", picture(), "image/png")
    answer = await client.post("/files", files={"content": content}, data=fields)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def test_a_files_record(autojump_clock: MockClock) -> None:
    """A file's record has its name, type and size; the form's fields take precedence."""
    async with in_process(Simulator()) as client:
        file = await uploaded(client)
        other = await uploaded(client, filename="a.bin", type="image/x", metadata='{"clip": 7}')
    assert (file["name"], file["content_type"], file["metadata"]) == ("still.png", "image/png", {})
    assert file["size"] == len(picture())
    assert (other["name"], other["content_type"]) == ("a.bin", "image/x")
    assert other["metadata"] == {"clip": 7}


@pytest.mark.parametrize("fields", [{"metadata": "{"}, {"metadata": "7"}, {"filename": "x" * 256}])
async def test_an_upload_that_is_refused(fields: dict[str, str]) -> None:
    """Metadata is a JSON object, and a name has 255 bytes at most."""
    async with in_process(Simulator()) as client:
        answer = await client.post("/files", files={"content": b"..."}, data=fields)
        assert answer.status_code == 400
        assert (await client.get("/files")).json()["results"] == []


async def test_files_expire(autojump_clock: MockClock) -> None:
    """A file is there for a day, as its record says."""
    async with in_process(Simulator()) as client:
        file = await uploaded(client)
        assert file["expires_at"] == "2026-01-02T00:00:00.000000Z"
        await trio.sleep(24 * 3600 - 1)
        assert (await client.get(file["urls"]["get"])).status_code == 200
        await trio.sleep(1)
        assert (await client.get(file["urls"]["get"])).status_code == 404


async def test_a_signed_download() -> None:
    """A signature of owner, id and expiry allows a download, until the expiry."""
    simulator = Simulator()
    async with in_process(simulator) as client:
        file = await uploaded(client)
        url = f"{file['urls']['get']}/download"
        soon, past = 1_767_225_601, 1_767_225_600
        query: dict[str, Any] = {
            "owner": "simulator",
            "expiry": soon,
            "signature": signature(simulator.token, "simulator", file["id"], soon),
        }
        assert (await client.get(url, params=query)).content == picture()
        assert (await client.get(url, params=query | {"expiry": soon + 9})).status_code == 404
        query |= {
            "expiry": past,
            "signature": signature(simulator.token, "simulator", file["id"], past),
        }
        assert (await client.get(url, params=query)).status_code == 404


async def test_requests_are_counted() -> None:
    """Every request is counted by method and route, including refused ones."""
    simulator = Simulator()
    async with in_process(simulator) as client:
        prediction = await create(client)
        await client.get(prediction["urls"]["get"])
        await client.get("/predictions/nothing")
        await client.get("/nothing")
        await client.post("/predictions", content=json.dumps({}))
    assert simulator.requests == Counter(
        {
            ("POST", "/v1/predictions"): 2,
            ("GET", "/v1/predictions/{id}"): 2,
            ("GET", ""): 1,
        }
    )

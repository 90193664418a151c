"""The simulator's error responses are those of the real service."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import httpx
import pytest
import trio
from trio.testing import MockClock

from vgen_replicate.simulator import Faults, Limits, Simulator

from .clients import SVD, create, data_uri, in_process, picture, punctual, svd

PROBLEMS = [
    ({"input_image": None}, "invalid_type", "Invalid type. Expected: string, given: null"),
    ({"input_image": "still.png"}, "format", "Does not match format 'uri'"),
    ({"frames_per_second": 4}, "number_gte", "Must be greater than or equal to 5"),
    ({"frames_per_second": 31}, "number_lte", "Must be less than or equal to 30"),
    ({"frames_per_second": 7.5}, "invalid_type", "Invalid type. Expected: integer, given: number"),
    (
        {"frames_per_second": True},
        "invalid_type",
        "Invalid type. Expected: integer, given: boolean",
    ),
    ({"cond_aug": "0.02"}, "invalid_type", "Invalid type. Expected: number, given: string"),
    (
        {"video_length": "14"},
        "enum",
        'video_length must be one of the following: "14_frames_with_svd", "25_frames_with_svd_xt"',
    ),
]


@pytest.mark.parametrize(("inputs", "kind", "words"), PROBLEMS)
async def test_inputs_are_held_against_the_schema(
    inputs: dict[str, Any], kind: str, words: str
) -> None:
    """A 422 names the input, the rule and the limit, and nothing is created."""
    simulator = Simulator()
    async with in_process(simulator) as client:
        answer = await client.post("/predictions", json=svd(**inputs))
    (name,) = inputs
    assert answer.status_code == 422
    assert answer.json() == {
        "title": "Input validation failed",
        "detail": f"- input.{name}: {words}\n",
        "status": 422,
        "invalid_fields": [{"type": kind, "field": f"input.{name}", "description": words}],
    }
    assert not simulator.predictions


async def test_a_required_input() -> None:
    """A missing input is reported for the input as a whole."""
    async with in_process(Simulator()) as client:
        answer = await client.post("/predictions", json={"version": SVD, "input": {}})
    assert answer.json()["detail"] == "- input: input_image is required\n"


async def test_unknown_inputs_are_ignored() -> None:
    """Inputs that a model does not have are accepted and returned."""
    async with in_process(Simulator()) as client:
        assert (await create(client, prompt="ignored"))["input"]["prompt"] == "ignored"


async def test_unknown_keys_are_refused() -> None:
    """A create's body may have no other keys."""
    body: dict[str, Any] = {"model": "stability-ai/stable-video-diffusion", "input": {}}
    async with in_process(Simulator()) as client:
        answer = await client.post("/predictions", json=body)
    assert answer.status_code == 422
    assert answer.json()["detail"] == (
        "- version is required\n- Additional property model is not allowed\n"
    )


@pytest.mark.parametrize(
    "version",
    [
        SVD[:12],
        "0" * 64,
        "stability-ai/stable-video-diffusion",
        "stability-ai/stable-video-diffusion:latest",
        f"stability-ai/stable-video-diffusion:{SVD[:12]}",
        f"thudm/cogvideox-i2v:{SVD}",
    ],
)
async def test_versions_are_written_in_full(version: str) -> None:
    """The version of a community model has 64 digits, after the model's own name or alone."""
    async with in_process(Simulator()) as client:
        answer = await client.post("/predictions", json=svd() | {"version": version})
    assert answer.status_code == 422
    assert answer.json()["title"] == "Invalid version or not permitted"


@pytest.mark.parametrize(
    "version", [SVD, f"stability-ai/stable-video-diffusion:{SVD}", "wan-video/wan-2.2-i2v-fast"]
)
async def test_versions_that_run(version: str) -> None:
    """Full versions are accepted, and the plain name of an official model."""
    inputs = {name: data_uri(picture()) for name in ("input_image", "image")}
    body = {"version": version, "input": inputs | {"prompt": "a lighthouse"}}
    async with in_process(Simulator()) as client:
        assert (await client.post("/predictions", json=body)).status_code == 201


async def test_community_models_do_not_run_by_name() -> None:
    """The route for official models does not find others."""
    path = "/models/stability-ai/stable-video-diffusion/predictions"
    async with in_process(Simulator()) as client:
        answer = await client.post(path, json={"input": svd()["input"]})
    assert answer.status_code == 404


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Prefer", "wait=0"),
        ("Prefer", "respond-async"),
        ("Cancel-After", "4"),
        ("Cancel-After", "soon"),
        ("Cancel-After", ""),
    ],
)
async def test_headers_are_checked(header: str, value: str) -> None:
    """Invalid headers are refused."""
    simulator = Simulator()
    async with in_process(simulator) as client:
        answer = await client.post("/predictions", json=svd(), headers={header: value})
    assert answer.status_code == 422
    assert not simulator.predictions


@pytest.mark.parametrize("authorization", ["", "Bearer r8_other", "Basic r8_simulator"])
async def test_a_wrong_token(authorization: str) -> None:
    """All requests under /v1 need the account's token."""
    async with in_process(Simulator()) as client:
        answer = await client.get("/account", headers={"Authorization": authorization})
    assert answer.status_code == 401
    assert answer.json() == {
        "title": "Unauthenticated",
        "detail": "You did not pass a valid authentication token",
        "status": 401,
    }


async def test_credit_runs_out(autojump_clock: MockClock) -> None:
    """Once the credit is spent, creates are refused; accepted predictions run to their end."""
    simulator = Simulator(models=punctual(), faults=Faults(credit=Decimal("0.04")))
    async with in_process(simulator) as client:
        first = await create(client)
        await simulator.predictions[first["id"]].settled.wait()
        answer = await client.post("/predictions", json=svd())
    assert simulator.billed == Decimal("0.049")
    assert answer.status_code == 402
    assert answer.json()["title"] == "Insufficient credit"


async def test_a_low_credit_slows_down(autojump_clock: MockClock) -> None:
    """Below $5 of credit the service accepts one create every ten seconds."""
    async with in_process(Simulator(faults=Faults(credit=Decimal(4)))) as client:
        await create(client)
        answer = await client.post("/predictions", json=svd())
        assert answer.status_code == 429
        assert answer.json()["retry_after"] == 10
        assert "while you have less than $5.0 in credit" in answer.json()["detail"]


async def test_rate_limits(autojump_clock: MockClock) -> None:
    """A create above the limit is accepted after `retry_after`; other requests count apart."""
    simulator = Simulator(limits=Limits(creates=2, others=100))
    async with in_process(simulator) as client:
        await create(client)
        await create(client)
        answer = await client.post("/predictions", json=svd())
        assert answer.status_code == 429
        assert answer.json() == {
            "detail": "Request was throttled. Your rate limit resets in ~30s.",
            "status": 429,
            "retry_after": 30,
        }
        assert answer.headers["Retry-After"] == "30"
        assert (await client.get("/account")).status_code == 200
        await trio.sleep(30)
        await create(client)


async def test_a_client_waits_in_its_own_time(autojump_clock: MockClock) -> None:
    """However fast the service's clock, `retry_after` is in the client's seconds."""
    async with in_process(Simulator(speed=10, limits=Limits(creates=1))) as client:
        await create(client)
        answer = await client.post("/predictions", json=svd())
        assert answer.json()["retry_after"] == 6
        await trio.sleep(6)
        await create(client)


async def test_large_files_are_refused() -> None:
    """Files must be smaller than 100 MB."""
    async with in_process(Simulator()) as client:
        announced = {"Content-Length": "100065537"}
        answer = await client.post("/files", content=b"", headers=announced)
    assert answer.status_code == 413
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["detail"] == "Files must be less than 100MB in size"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/predictions/nothing", 404),
        ("POST", "/predictions/nothing/cancel", 404),
        ("GET", "/models/nobody/nothing", 404),
        ("GET", "/files/nothing", 404),
        ("DELETE", "/files/nothing", 404),
        ("GET", "/nothing", 404),
        ("DELETE", "/predictions", 405),
        ("GET", "/predictions?cursor=nonsense", 400),
        ("GET", "/predictions?created_after=yesterday", 400),
        ("POST", "/predictions", 400),
        ("POST", "/files", 400),
    ],
)
async def test_other_mistakes(method: str, path: str, status: int) -> None:
    """Every error has a JSON body with its status."""
    async with in_process(Simulator()) as client:
        answer: httpx.Response = await client.request(method, path)
    assert answer.status_code == answer.json()["status"] == status


async def test_a_disabled_model() -> None:
    """Creates are refused while the model is down."""
    path = "stability-ai/stable-video-diffusion"
    simulator = Simulator(faults=Faults(down=frozenset({path})))
    async with in_process(simulator) as client:
        answer = await client.post("/predictions", json=svd())
        assert answer.status_code == 422
        assert answer.json()["title"] == "Version disabled"
        simulator.faults = Faults()
        await create(client)

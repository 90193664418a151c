"""The official client works with the simulator, over HTTP."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from fractions import Fraction
from typing import cast

import httpx
import pytest
import replicate
import trio
from replicate import AsyncReplicate
from replicate.types import Prediction

from vgen.video import inspect
from vgen_replicate.simulator import Simulator

from .clients import SVD, at_a_socket, data_uri, picture, punctual, svd


@pytest.fixture
def simulator() -> Simulator:
    """A simulator that is 100 times as fast as the service."""
    return Simulator(models=punctual(), speed=100, scale=0.25)


@pytest.fixture
async def client(simulator: Simulator) -> AsyncGenerator[AsyncReplicate]:
    """Its client."""
    async with at_a_socket(simulator) as client:
        yield client


async def finished(client: AsyncReplicate, prediction: Prediction) -> Prediction:
    """Follow a prediction to its end."""
    while prediction.status in ("starting", "processing"):
        await trio.sleep(0.01)
        prediction = await client.predictions.get(prediction_id=prediction.id)
    return prediction


async def test_a_prediction_is_created_and_followed(client: AsyncReplicate) -> None:
    """Without waiting, a create responds at once, and the prediction can be polled."""
    prediction = await client.predictions.create(**svd())
    assert prediction.status == "starting"
    prediction = await finished(client, prediction)
    assert prediction.status == "succeeded"
    assert str(prediction.output).startswith("http://127.0.0.1:")


async def test_a_create_waits(client: AsyncReplicate, simulator: Simulator) -> None:
    """With `Prefer: wait` the response is final, and its clip is a real one."""
    body = svd(video_length="14_frames_with_svd")
    prediction = await client.predictions.create(**body, prefer="wait")
    assert prediction.status == "succeeded"
    async with httpx.AsyncClient() as web:
        clip = (await web.get(str(prediction.output))).content
    found = inspect(clip)
    assert (found.info.frames, found.info.fps) == (14, Fraction(7))
    assert not found.judgement.faults
    assert simulator.fetched == {prediction.id}


async def test_a_prediction_is_cancelled(client: AsyncReplicate) -> None:
    """The response to a cancellation is already final."""
    prediction = await client.predictions.create(**svd())
    cancelled = await client.predictions.cancel(prediction_id=prediction.id)
    assert cancelled.status == "canceled"


async def test_predictions_are_listed_over_pages(
    client: AsyncReplicate, simulator: Simulator
) -> None:
    """The client's pagination returns every prediction once, the newest first."""
    for seed in range(105):
        await client.predictions.create(**svd(seed=seed))
    met = [prediction.id async for prediction in await client.predictions.list()]
    assert met == list(simulator.predictions)[::-1]


async def test_a_file_is_uploaded_and_used(client: AsyncReplicate) -> None:
    """An uploaded picture can be named as input, listed and deleted."""
    file = await client.files.create(content=("still.png", picture(), "image/png"))
    prediction = await client.predictions.create(
        version=SVD, input={"input_image": file.urls.get or ""}
    )
    prediction = await finished(client, prediction)
    assert prediction.status == "succeeded"
    assert [each.id async for each in await client.files.list()] == [file.id]
    await client.files.delete(file_id=file.id)
    with pytest.raises(replicate.NotFoundError):
        await client.files.get(file_id=file.id)


async def test_an_official_model_runs_by_its_name(client: AsyncReplicate) -> None:
    """Official models need no version, and their predictions hide it."""
    prediction = await client.models.predictions.create(
        model_owner="wan-video",
        model_name="wan-2.2-i2v-fast",
        input={"prompt": "a lighthouse", "image": data_uri(picture())},
    )
    prediction = await finished(client, prediction)
    assert (prediction.status, prediction.version) == ("succeeded", "hidden")


async def test_a_list_of_clips(client: AsyncReplicate) -> None:
    """A model may return several clips, each with a URL of its own."""
    prediction = await client.predictions.create(
        version="cuuupid/cogvideox-5b:"
        "5b14e2c2c648efecc8d36c6353576552f8a124e690587212f8e8bb17ecda3d8c",
        input={"prompt": "a lighthouse", "num_outputs": 2, "steps": 5},
    )
    prediction = await finished(client, prediction)
    first, second = cast("list[str]", prediction.output)
    assert first != second


async def test_a_models_schema(client: AsyncReplicate) -> None:
    """A model is published with the schema of its inputs."""
    model = await client.models.get(model_owner="stability-ai", model_name="stable-video-diffusion")
    assert model.latest_version is not None
    assert model.latest_version.id == SVD
    versions = await client.models.versions.list(
        model_owner="stability-ai", model_name="stable-video-diffusion"
    )
    (version,) = [each async for each in versions]
    assert version.openapi_schema == model.latest_version.openapi_schema


async def test_account_and_hardware(client: AsyncReplicate) -> None:
    """The account and the hardware can be requested."""
    assert (await client.account.get()).username == "simulator"
    assert "gpu-a100-large" in [each.sku for each in await client.hardware.list()]


async def test_errors_are_the_clients_own(client: AsyncReplicate) -> None:
    """The client raises the same exceptions as for the real service."""
    with pytest.raises(replicate.UnprocessableEntityError):
        await client.predictions.create(version=SVD, input={})
    stranger = client.with_options(bearer_token="r8_other")  # noqa: S106 (opens nothing)
    with pytest.raises(replicate.AuthenticationError):
        await stranger.account.get()

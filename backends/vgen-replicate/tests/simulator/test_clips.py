"""The simulator's clips are real ones, as each model makes them."""

from __future__ import annotations

from fractions import Fraction
from io import BytesIO
from typing import Any

import av
import httpx
import numpy as np
import pytest
import trio
from PIL import Image
from trio.testing import MockClock

from vgen.video import inspect
from vgen_replicate.simulator import MODELS, Simulator, clips
from vgen_replicate.simulator.slate import slate

from .clients import data_uri, in_process, picture, punctual

VERSIONS = {model.path: model.version for model in MODELS}
SVD, T2V, I2V = "stability-ai/stable-video-diffusion", "thudm/cogvideox-t2v", "thudm/cogvideox-i2v"
WAN, MANY = "wan-video/wan-2.2-i2v-fast", "cuuupid/cogvideox-5b"

WIDE, UPRIGHT = data_uri(picture(1920, 1080)), data_uri(picture(1080, 1920))
SMALL = data_uri(picture(300, 200))


async def finished(client: httpx.AsyncClient, model: str, inputs: dict[str, Any]) -> dict[str, Any]:
    """Run a prediction to its end."""
    answer = await client.post(
        "/predictions",
        json={"version": VERSIONS[model], "input": inputs},
        headers={"Prefer": "wait=60"},
    )
    prediction = dict(answer.json())
    while prediction["status"] in ("starting", "processing"):
        await trio.sleep(10)
        prediction = (await client.get(prediction["urls"]["get"])).json()
    return prediction


@pytest.mark.parametrize(
    ("model", "inputs", "size", "frames", "fps"),
    [
        (SVD, {"input_image": WIDE}, (1024, 576), 14, 7),
        (SVD, {"input_image": UPRIGHT, "frames_per_second": 5}, (320, 576), 14, 6),
        (SVD, {"input_image": SMALL, "video_length": "25_frames_with_svd_xt"}, (256, 192), 25, 7),
        (SVD, {"input_image": SMALL, "sizing_strategy": "crop_to_16_9"}, (1024, 576), 14, 7),
        (T2V, {"prompt": "a lighthouse"}, (720, 480), 49, 8),
        (T2V, {"num_frames": 5}, (720, 480), 8, 8),
        (I2V, {"image": SMALL, "num_frames": 9}, (720, 480), 9, 8),
        (WAN, {"image": WIDE, "prompt": ""}, (832, 480), 81, 16),
        (WAN, {"image": UPRIGHT, "prompt": "", "resolution": "720p"}, (720, 1280), 81, 16),
        (WAN, {"image": WIDE, "prompt": "", "interpolate_output": True}, (832, 480), 152, 30),
    ],
)
async def test_a_clip_is_what_the_model_makes(
    autojump_clock: MockClock,
    model: str,
    inputs: dict[str, Any],
    size: tuple[int, int],
    frames: int,
    fps: int,
) -> None:
    """Frames, rate and size follow each model's rules, and the clip passes the inspection."""
    simulator = Simulator(models=punctual(), scale=0.25)
    async with in_process(simulator) as client:
        prediction = await finished(client, model, inputs)
        clip = await client.get(prediction["output"])
    found = inspect(clip.content)
    assert clip.headers["Content-Type"] == "video/mp4"
    assert (found.info.frames, found.info.fps) == (frames, Fraction(fps))
    assert found.info.duration == Fraction(frames, fps)
    assert (found.info.width, found.info.height) == (size[0] // 4, size[1] // 4)
    assert not found.judgement.faults


def plain(colour: str) -> str:
    """A picture of one colour."""
    buffer = BytesIO()
    Image.new("RGB", (64, 64), colour).save(buffer, "PNG")
    return data_uri(buffer.getvalue())


@pytest.mark.parametrize("colour", ["black", "white", "red"])
@pytest.mark.parametrize("scale", [0.05, 0.125, 1.0])
async def test_any_picture_gives_a_sound_clip(
    autojump_clock: MockClock, colour: str, scale: float
) -> None:
    """Even from a plain picture, and at 32 pixels, the clip passes the inspection."""
    simulator = Simulator(models=punctual(), scale=scale)
    async with in_process(simulator) as client:
        prediction = await finished(client, SVD, {"input_image": plain(colour)})
        clip = await client.get(prediction["output"])
    assert not inspect(clip.content).judgement.faults


async def test_the_picture_is_in_the_clip(autojump_clock: MockClock) -> None:
    """The colour of the picture is the colour of the clip."""
    async with in_process(Simulator(models=punctual(), scale=0.1)) as client:
        prediction = await finished(client, SVD, {"input_image": plain("red"), "seed": 1})
        clip = await client.get(prediction["output"])
    with av.open(BytesIO(clip.content), "r") as container:
        frame = next(container.decode(video=0)).to_ndarray(format="rgb24")
    red, green, blue = frame.mean(axis=(0, 1))
    assert red > 2 * max(green, blue)


async def made(client: httpx.AsyncClient, **inputs: Any) -> bytes:
    """A short clip of a new prediction."""
    prediction = await finished(client, T2V, {"prompt": "the sea", "num_frames": 9, **inputs})
    return (await client.get(prediction["output"])).content


async def test_each_prediction_has_a_clip_of_its_own(autojump_clock: MockClock) -> None:
    """Another prompt, seed or attempt gives other bytes, which pass the inspection."""
    async with in_process(Simulator(models=punctual(), scale=0.1)) as client:
        asked: list[dict[str, Any]] = [{}, {"seed": 1}, {"seed": 1}, {"seed": 2}, {"prompt": "fog"}]
        files = [await made(client, **inputs) for inputs in asked]
    assert len(set(files)) == len(asked)
    assert not any(inspect(file).judgement.faults for file in files)


async def test_a_clip_is_the_same_each_time(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A prediction's clip has the same bytes when it is downloaded again, kept or not."""
    monkeypatch.setattr(clips, "MAX_CACHED", 0)
    async with in_process(Simulator(models=punctual(), scale=0.1)) as client:
        prediction = await finished(client, T2V, {"prompt": "the sea", "num_frames": 9})
        first, second = [(await client.get(prediction["output"])).content for _ in range(2)]
    assert first == second


@pytest.mark.parametrize("size", [(720, 480), (320, 576), (90, 60), (32, 32)])
def test_the_slate_says_what_the_clip_was_made_from(size: tuple[int, int]) -> None:
    """Other words and other numbers look otherwise, in a third of the frame at most."""
    shown = [slate("", remark, size) for remark in ("no. 1", "no. 2")]
    assert not np.array_equal(shown[0], shown[1])
    assert all(strip.shape[1] == size[0] and strip.shape[0] % 2 == 0 for strip in shown)
    words = slate("the open sea at dawn, " * 20, "no. 1", size)
    assert len(words) <= 0.4 * size[1]
    if len(words) > len(shown[0]):
        assert not np.array_equal(words, slate("a fog " * 20, "no. 1", size))


def test_the_slate_has_no_boxes() -> None:
    """Letters that the font lacks lose their accents, or are left out."""
    assert np.array_equal(
        slate("À l'été 夜", "no. 1", (720, 480)), slate("A l'ete", "no. 1", (720, 480))
    )


async def test_too_many_frames_fail(autojump_clock: MockClock) -> None:
    """CogVideoX makes no more than 49 frames, which its schema does not say."""
    async with in_process(Simulator(models=punctual())) as client:
        prediction = await finished(client, T2V, {"num_frames": 81})
    assert prediction["status"] == "failed"
    assert "number of frames" in prediction["error"]


async def test_clips_are_fetched_when_all_are(autojump_clock: MockClock) -> None:
    """A prediction with several files is fetched once all of them were downloaded."""
    simulator = Simulator(models=punctual(), scale=0.1)
    async with in_process(simulator) as client:
        prediction = await finished(client, MANY, {"prompt": "a lighthouse", "num_outputs": 2})
        await client.get(prediction["output"][0])
        assert not simulator.fetched
        await client.get(prediction["output"][1])
    assert simulator.fetched == {prediction["id"]}

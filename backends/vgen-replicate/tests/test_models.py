"""The declared models: their inputs, prices and versions."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from vgen.abc import ClipRequest, Price
from vgen.errors import ConfigurationError
from vgen_replicate import CogVideoX, ReplicateModel, StableVideoDiffusion, cogvideox, svd

HEX = "0123456789abcdef" * 4


def request(**more: Any) -> ClipRequest:
    """A request with the production settings."""
    values: dict[str, Any] = {
        "prompt": "a hill",
        "duration": 4.0,
        "width": 1024,
        "height": 576,
        "fps": 30,
        "motion": 127,
        "steps": 25,
    }
    return ClipRequest(**{**values, **more})


@pytest.mark.parametrize(("wanted", "made"), [(0.1, 25 / 31), (2.0, 25 / 13), (6.0, 25 / 6)])
def test_svd_is_as_long_as_its_frame_rate_makes_it(wanted: float, made: float) -> None:
    """The nearest of its lengths is chosen, and set by the frame rate."""
    seconds = StableVideoDiffusion().quote(request(duration=wanted)).duration
    assert seconds == pytest.approx(made)
    given = svd.inputs(request(), seconds)
    assert 25 / (given["frames_per_second"] + 1) == pytest.approx(seconds)
    assert 5 <= given["frames_per_second"] <= 30


def test_svd_says_what_it_cannot_honour() -> None:
    """It has no prompt, no steps and no frame rate of its own, and one exact size."""
    ignored = StableVideoDiffusion().quote(request(negative_prompt="rain")).ignored
    assert set(ignored) == {"prompt", "negative_prompt", "fps", "steps"}
    small = StableVideoDiffusion().quote(request(width=768, height=432))
    assert {"width", "height"} <= set(small.ignored)


@pytest.mark.parametrize(
    ("environment", "first", "fallback"),
    [("production", "0.2375", "1.510625"), ("development", "0.013334", "0.08625")],
)
def test_the_formulas_prices(
    monkeypatch: pytest.MonkeyPatch, environment: str, first: str, fallback: str
) -> None:
    """Base and rate depend on the environment; CogVideoX costs five times as much."""
    monkeypatch.setenv("ENVIRONMENT", environment)
    monkeypatch.setenv("REPLICATE_PRICING", "formula")
    for backend, cost in ((StableVideoDiffusion(), first), (CogVideoX(), fallback)):
        quote = backend.quote(request(duration=6.0))
        assert quote.price.cost(quote.duration) == pytest.approx(Decimal(cost), abs=Decimal("1e-4"))
        assert quote.hold >= quote.price.cost(quote.duration + 0.1)
        assert quote.expected == quote.price.cost(quote.duration)


def test_a_clip_is_expected_to_cost_its_usual_running_time() -> None:
    """35 seconds for SVD, three for each step of CogVideoX, at $0.0014 each."""
    assert StableVideoDiffusion().quote(request()).expected == Decimal("0.049")
    assert CogVideoX().quote(request(steps=20)).expected == Decimal("0.084")


def test_a_clip_is_expected_to_take_its_usual_running_time() -> None:
    """As its price is: nothing else is known of it beforehand."""
    assert StableVideoDiffusion().quote(request()).seconds == 35
    assert CogVideoX().quote(request(steps=20)).seconds == 60


def test_a_hold_covers_a_run_cancelled_at_its_limit() -> None:
    """Running time is billed also for failures: the hold is never below the longest one's cost."""
    for backend in (StableVideoDiffusion(), CogVideoX(), CogVideoX(metered=False)):
        quote = backend.quote(request())
        assert quote.run_limit is not None
        assert quote.hold > Decimal("0.0014") * Decimal(quote.run_limit)


def test_another_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment may select another version, with or without the model's name."""
    for value in (HEX, f"stability-ai/stable-video-diffusion:{HEX}"):
        monkeypatch.setenv("SVD_MODEL_VERSION", value)
        variant = svd.declaration().variant(image=True)
        assert (variant.name, variant.version) == ("stability-ai/stable-video-diffusion", HEX)
    monkeypatch.setenv("SVD_MODEL_VERSION", f"christophy/stable-video-diffusion:{HEX}")
    assert svd.declaration().variant(image=True).name == "christophy/stable-video-diffusion"


@pytest.mark.parametrize(
    ("value", "text", "image"),
    [
        (HEX, None, HEX),
        (f"thudm/cogvideox-t2v:{HEX}", HEX, cogvideox.FROM_IMAGE.partition(":")[2]),
        (f"thudm/cogvideox-i2v:{HEX}", None, HEX),
        ("thudm/cogvideox-i2v:latest", None, None),
        ("thudm/cogvideox-i2v", None, None),
    ],
)
def test_a_version_of_one_variant(
    monkeypatch: pytest.MonkeyPatch, value: str, text: str | None, image: str | None
) -> None:
    """The model's name selects the variant; `latest` is looked up when it is needed."""
    monkeypatch.setenv("COGVIDEOX_MODEL_VERSION", value)
    declared = cogvideox.declaration()
    assert declared.variant(image=False).version == text
    assert declared.variant(image=True).version == image


@pytest.mark.parametrize("value", ["3f0457f4613a", "stability-ai/stable-video-diffusion:3f0457"])
def test_a_shortened_version_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """The service accepts full versions only: the error names the variable."""
    monkeypatch.setenv("SVD_MODEL_VERSION", value)
    with pytest.raises(ConfigurationError, match=r"SVD_MODEL_VERSION: .* 64 hex digits"):
        StableVideoDiffusion()


def test_an_invalid_pricing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says what `REPLICATE_PRICING` may be."""
    monkeypatch.setenv("REPLICATE_PRICING", "free")
    with pytest.raises(ConfigurationError, match="REPLICATE_PRICING: 'free' is neither"):
        CogVideoX()


async def test_without_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    """A backend can be constructed without a token, but not opened."""
    monkeypatch.delenv("REPLICATE_API_TOKEN", raising=False)
    with pytest.raises(ConfigurationError, match="REPLICATE_API_TOKEN: is not set"):
        async with StableVideoDiffusion():
            raise AssertionError


def test_the_token_is_not_shown() -> None:
    """Neither the account's name nor any `repr` contains the token."""
    secret = "r8_very_long_and_random"  # noqa: S105 (it opens nothing)
    backend = StableVideoDiffusion(token=secret)
    assert secret not in f"{backend!r} {backend.account} {vars(backend)!r}"


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("price", Decimal("0.1")),
        ("per_run_second", 0.0014),
        *(("run_limit", wrong) for wrong in ("300", 0, -5, float("inf"), float("nan"), True)),
        ("queue_limit", -1000),
        *(("durations", wrong) for wrong in (6.0, "6", ("6",), (0,), (-3.0,))),
        ("quiet", -1),
        ("quiet", "5"),
        ("metered", "no"),
    ],
)
def test_a_wrong_argument_is_named(argument: str, value: object) -> None:
    """The error is raised when the backend is constructed, in one line."""
    arguments: dict[str, Any] = {"price": Price(), argument: value}
    with pytest.raises(ConfigurationError, match=f"^{argument}: must be .*, got "):
        ReplicateModel("owner/name", **arguments)


def test_a_wrong_price_is_named_by_every_model() -> None:
    """A price that replaces the default must have the right type."""
    wrong: Any = Decimal(1)
    with pytest.raises(ConfigurationError, match=r"^price: must be of type Price, got Decimal"):
        StableVideoDiffusion(price=wrong)


def test_durations_come_in_order() -> None:
    """However they are given."""
    model = ReplicateModel("owner/name", price=Price(), durations=[6, 5.0])
    assert model.capabilities.durations == (5.0, 6)

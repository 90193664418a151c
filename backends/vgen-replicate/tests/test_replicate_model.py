"""Models that are configured by their schemas, at the simulator."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any
from uuid import uuid4

import pytest
import trio
from attrs import evolve

from vgen import ClipPrompt, Settings, process
from vgen.abc import Attempt, ClipRequest, Image, Unknown, VideoBackend
from vgen.errors import AccountError, ConfigurationError, SubmitInDoubtError
from vgen.testing import MemoryLedger, MemoryStorage, stand_in
from vgen.testing.contracts import BackendContract
from vgen_replicate import ReplicateModel
from vgen_replicate.simulator import MODELS, Faults

from .pictures import png_image
from .published import COGVIDEOX_5B, KLING, PRICE, VEO, WAN, model_page
from .server import RunningSimulator, running_simulator

SPEED = 500
QUIET = 0.1

PAGES = [("GET", f"/v1/models/{{owner}}/{{name}}{more}") for more in ("", "/versions/{id}")]

REQUEST = ClipRequest(
    prompt="a hill", duration=6.0, width=832, height=480, fps=16, motion=127, steps=25
)
WITH_IMAGE = evolve(REQUEST, image="picture.png", image_sha256=png_image().sha256)


@pytest.fixture(scope="module")
def shared() -> Generator[RunningSimulator]:
    """One simulator for all tests of this file."""
    with running_simulator(speed=SPEED, scale=0.05, models=(*MODELS, KLING)) as service:
        yield service


def model(service: RunningSimulator, reference: str = WAN.path, **more: Any) -> ReplicateModel:
    """A model at the simulator, not opened."""
    arguments: dict[str, Any] = {"price": PRICE, "quiet": QUIET, **service.access, **more}
    return stand_in(ReplicateModel(reference, **arguments))


class TestWan(BackendContract):
    """An official model, described by its page before it is opened."""

    @pytest.fixture(autouse=True)
    def _service(self, service: RunningSimulator) -> None:
        self.service = service

    def make(self) -> VideoBackend:
        backend = model(self.service)
        backend.describe(model_page(WAN))
        return backend

    def picture(self) -> Image | None:
        return png_image()

    def lengths(self) -> tuple[float, ...]:
        return 81 / 30, 97 / 16


@pytest.mark.parametrize(
    ("reference", "durations", "version"),
    [
        (WAN.path, (), WAN.path),
        (COGVIDEOX_5B.path, (49 / 8,), COGVIDEOX_5B.version),
        (f"{WAN.path}:{WAN.version}", (), WAN.version),
    ],
)
async def test_how_a_model_is_run(
    service: RunningSimulator, reference: str, durations: tuple[float, ...], version: str
) -> None:
    """An official one by its name, others by their version; it is requested only once."""
    asked = sum(service.simulator.requests[route] for route in PAGES)
    async with model(service, reference, durations=durations) as backend:
        prepared = await backend.prepare(WITH_IMAGE, png_image())
        assert prepared.payload["version"] == version
        ticket = await backend.submit(prepared, uuid4())
        await backend.cancel(ticket)
    assert sum(service.simulator.requests[route] for route in PAGES) == asked + 1


@pytest.mark.parametrize(
    ("reference", "durations", "picture", "made"),
    [(WAN.path, (), "picture.png", 81 / 20), (COGVIDEOX_5B.path, (49 / 8,), None, 49 / 8)],
)
async def test_a_job(
    service: RunningSimulator,
    reference: str,
    durations: tuple[float, ...],
    picture: str | None,
    made: float,
) -> None:
    """An undeclared model makes all clips of a job, as one URI or a list of them."""
    clips = await process(
        uuid4(),
        [ClipPrompt(n, f"take {n}", 4.0, scene_reference_url=picture) for n in range(3)],
        backends=[model(service, reference, durations=durations)],
        storage=MemoryStorage({"picture.png": png_image().data}),
        ledger=MemoryLedger(),
        settings=Settings(poll_interval=0.02),
        budget=PRICE.cost(100),
    )
    assert [clip.actual_duration for clip in clips.clips] == pytest.approx([made] * 3, abs=0.01)


async def test_the_schema_is_read_on_opening(service: RunningSimulator) -> None:
    """Before opening it has no capabilities and no quotes; then those of its schema."""
    backend = model(service, name="mine")
    assert backend.name == "mine"
    assert not backend.capabilities.text
    assert not backend.capabilities.image
    with pytest.raises(ConfigurationError, match=f"^{WAN.path} is not open yet$"):
        backend.quote(REQUEST)
    async with backend:
        can = backend.capabilities
        assert (can.text, can.image, can.max_size) == (False, True, (1280, 720))
        quote = backend.quote(REQUEST)
        assert quote.duration == 97 / 16
        assert quote.price == PRICE
        assert set(quote.ignored) == {"motion", "steps", "width", "height"}


@pytest.mark.parametrize(
    ("reference", "problem"),
    [
        ("nobody/nothing", "there is no model nobody/nothing"),
        (f"{WAN.path}:{'0' * 64}", f"there is no model {WAN.path}:0000"),
        (COGVIDEOX_5B.path, f"{COGVIDEOX_5B.path}: .*give durations="),
    ],
)
async def test_a_model_that_cannot_be_used(
    service: RunningSimulator, reference: str, problem: str
) -> None:
    """Opening raises an error of one line that names the model."""
    backend = model(service, reference)
    with pytest.raises(ConfigurationError, match=problem) as raised:
        async with backend:
            raise AssertionError
    assert "\n" not in str(raised.value)


async def test_an_account_that_is_refused(service: RunningSimulator) -> None:
    """A bad token is an error of the account, not of the model."""
    with pytest.raises(AccountError, match="REPLICATE_API_TOKEN"):
        async with model(service, token="r8_wrong"):  # noqa: S106 (it opens nothing)
            raise AssertionError


@pytest.mark.parametrize(
    "reference", ["wan", "a/b/c", f"{WAN.path}:latest", f"{WAN.path}:4eaf2b01", ""]
)
def test_an_invalid_reference(reference: str) -> None:
    """Only names and full versions are accepted."""
    with pytest.raises(ConfigurationError, match="neither owner/name nor owner/name:version"):
        ReplicateModel(reference, price=PRICE)


@pytest.mark.parametrize("page", [{}, {"latest_version": None}, {"latest_version": {"id": "0"}}])
def test_an_empty_page(page: dict[str, Any]) -> None:
    """A model without a published version cannot be used."""
    with pytest.raises(ConfigurationError, match=f"^{VEO.path}: it publishes no schema$"):
        ReplicateModel(VEO.path, price=PRICE).describe(page)


async def test_without_a_seed_a_lost_submit_stays_in_doubt(service: RunningSimulator) -> None:
    """Nothing identifies its prediction: it is neither found nor proved absent."""
    attempt_id = uuid4()
    async with model(service, KLING.path) as backend:
        assert not backend.capabilities.can_find
        prepared = await backend.prepare(WITH_IMAGE, png_image())
        service.simulator.faults = Faults(lost_answer=1.0)
        with pytest.raises(SubmitInDoubtError):
            await backend.submit(prepared, attempt_id)
        service.simulator.faults = Faults()
        await trio.sleep(QUIET)
        attempt = Attempt(
            attempt_id=attempt_id,
            job_id=uuid4(),
            clip_index=0,
            number=1,
            backend=backend.name,
            account=backend.account,
            request=WITH_IMAGE,
            fingerprint="",
            hold=backend.quote(WITH_IMAGE).hold,
            sent=True,
        )
        assert await backend.find(attempt) == Unknown()


async def test_reading_the_schema_is_retried(service: RunningSimulator) -> None:
    """A short outage while the schema is read does not fail the opening."""
    service.simulator.faults = Faults(server_error=1.0)

    async def recover() -> None:
        await trio.sleep(0.5)
        service.simulator.faults = Faults()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(recover)
        async with model(service, KLING.path) as backend:
            assert backend.capabilities.image

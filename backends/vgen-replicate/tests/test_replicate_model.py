"""Models that are known by their schemas alone, at the simulated service."""

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

from .pictures import a_picture
from .published import COGVIDEOX_5B, KLING, PRICE, VEO, WAN, page
from .served import Served, served

SPEED = 2000
QUIET = 0.1

PAGES = [("GET", f"/v1/models/{{owner}}/{{name}}{more}") for more in ("", "/versions/{id}")]

REQUEST = ClipRequest(
    prompt="a hill", duration=6.0, width=832, height=480, fps=16, motion=127, steps=25
)
WITH_IMAGE = evolve(REQUEST, image="picture.png", image_sha256=a_picture().sha256)


@pytest.fixture(scope="module")
def shared() -> Generator[Served]:
    """One service for all tests of this file."""
    with served(speed=SPEED, scale=0.05, models=(*MODELS, KLING)) as service:
        yield service


def model(service: Served, reference: str = WAN.path, **more: Any) -> ReplicateModel:
    """A model at the service, closed."""
    arguments: dict[str, Any] = {"price": PRICE, "quiet": QUIET, **service.access, **more}
    return stand_in(ReplicateModel(reference, **arguments))


class TestWan(BackendContract):
    """An official model, described by its page before it is opened."""

    @pytest.fixture(autouse=True)
    def _service(self, service: Served) -> None:
        self.service = service

    def make(self) -> VideoBackend:
        backend = model(self.service)
        backend.describe(page(WAN))
        return backend

    def picture(self) -> Image | None:
        return a_picture()

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
    service: Served, reference: str, durations: tuple[float, ...], version: str
) -> None:
    """An official one by its name, others by the version that was read, asked for once."""
    asked = sum(service.simulator.requests[route] for route in PAGES)
    async with model(service, reference, durations=durations) as backend:
        prepared = await backend.prepare(WITH_IMAGE, a_picture())
        assert prepared.payload["version"] == version
        ticket = await backend.submit(prepared, uuid4())
        await backend.cancel(ticket)
    assert sum(service.simulator.requests[route] for route in PAGES) == asked + 1


@pytest.mark.parametrize(
    ("reference", "durations", "picture", "made"),
    [(WAN.path, (), "picture.png", 81 / 20), (COGVIDEOX_5B.path, (49 / 8,), None, 49 / 8)],
)
async def test_a_job(
    service: Served, reference: str, durations: tuple[float, ...], picture: str | None, made: float
) -> None:
    """A model that vgen has never heard of makes a whole job's clips, one URI or a list of them."""
    clips = await process(
        uuid4(),
        [ClipPrompt(n, f"take {n}", 4.0, scene_reference_url=picture) for n in range(3)],
        backends=[model(service, reference, durations=durations)],
        storage=MemoryStorage({"picture.png": a_picture().data}),
        ledger=MemoryLedger(),
        settings=Settings(poll_interval=0.02),
        budget=PRICE.cost(100),
    )
    assert [clip.actual_duration for clip in clips.clips] == pytest.approx([made] * 3, abs=0.01)


async def test_it_is_read_when_it_is_opened(service: Served) -> None:
    """Before, it can nothing and quotes nothing; then it is what its schema says."""
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
async def test_a_model_that_cannot_be_used(service: Served, reference: str, problem: str) -> None:
    """It is said on opening, in one line that names the model, and nothing stays open."""
    backend = model(service, reference)
    with pytest.raises(ConfigurationError, match=problem) as raised:
        async with backend:
            raise AssertionError
    assert "\n" not in str(raised.value)


async def test_an_account_that_is_refused(service: Served) -> None:
    """A bad token is the account's trouble, not the model's."""
    with pytest.raises(AccountError, match="REPLICATE_API_TOKEN"):
        async with model(service, token="r8_wrong"):  # noqa: S106 (it opens nothing)
            raise AssertionError


@pytest.mark.parametrize(
    "reference", ["wan", "a/b/c", f"{WAN.path}:latest", f"{WAN.path}:4eaf2b01", ""]
)
def test_what_is_no_reference(reference: str) -> None:
    """The service takes names and whole versions: anything else is said at once."""
    with pytest.raises(ConfigurationError, match="neither owner/name nor owner/name:version"):
        ReplicateModel(reference, price=PRICE)


@pytest.mark.parametrize("told", [{}, {"latest_version": None}, {"latest_version": {"id": "0"}}])
def test_a_page_that_tells_nothing(told: dict[str, Any]) -> None:
    """A model without a published version cannot be used."""
    with pytest.raises(ConfigurationError, match=f"^{VEO.path}: it publishes no schema$"):
        ReplicateModel(VEO.path, price=PRICE).describe(told)


async def test_without_a_seed_a_lost_submit_stays_in_doubt(service: Served) -> None:
    """Nothing tells it from its twins: it is neither found nor ever called absent."""
    attempt_id = uuid4()
    async with model(service, KLING.path) as backend:
        assert not backend.capabilities.can_find
        prepared = await backend.prepare(WITH_IMAGE, a_picture())
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


async def test_a_hiccup_does_not_keep_it_closed(service: Served) -> None:
    """A service that fails for a moment while the schema is read is asked again."""
    service.simulator.faults = Faults(server_error=1.0)

    async def recover() -> None:
        await trio.sleep(0.5)
        service.simulator.faults = Faults()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(recover)
        async with model(service, KLING.path) as backend:
            assert backend.capabilities.image

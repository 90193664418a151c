"""What a backend makes of the service's answers, the broken and missing ones among them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import trio
from attrs import evolve

from vgen.abc import (
    Absent,
    Attempt,
    ClipRequest,
    Finding,
    State,
    Status,
    Ticket,
    Unknown,
    VideoBackend,
)
from vgen.errors import (
    AccountError,
    GenerationError,
    ModelUnavailableError,
    NetworkError,
    SubmitInDoubtError,
)
from vgen.testing import stand_in
from vgen.video import probe
from vgen_replicate import CogVideoX, StableVideoDiffusion
from vgen_replicate.simulator import Faults

from .pictures import a_picture
from .served import Served, served

SPEED = 1000
QUIET = 0.3

REQUEST = ClipRequest(
    prompt="a hill", duration=3.0, width=1024, height=576, fps=30, motion=127, steps=25
)
WITH_IMAGE = evolve(REQUEST, image="picture.png", image_sha256=a_picture().sha256)


@pytest.fixture(scope="module")
def shared() -> Generator[Served]:
    """One service for all tests of this file."""
    with served(speed=SPEED) as service:
        yield service


@pytest.fixture
def service(shared: Served) -> Generator[Served]:
    """The service, at which nothing goes wrong but what a test says."""
    yield shared
    shared.simulator.faults = Faults()


@asynccontextmanager
async def svd(service: Served) -> AsyncGenerator[VideoBackend]:
    """The backend, open."""
    async with stand_in(StableVideoDiffusion(**service.access, quiet=QUIET)) as backend:
        yield backend


async def submit(
    backend: VideoBackend, request: ClipRequest = WITH_IMAGE, attempt_id: UUID | None = None
) -> Ticket:
    """Prepare and send."""
    image = a_picture() if request.image else None
    prepared = await backend.prepare(request, image)
    return await backend.submit(prepared, attempt_id or uuid4())


async def verdict(backend: VideoBackend, ticket: Ticket) -> Status:
    """Wait for the end."""
    while True:
        status = (await backend.status([ticket])).get(ticket)
        if status is not None and status.is_verdict:
            return status
        await trio.sleep(0.01)


async def finding(backend: VideoBackend, attempt: Attempt) -> Finding:
    """Look, and look again when the list can be trusted."""
    await backend.find(attempt)
    await trio.sleep(QUIET)
    return await backend.find(attempt)


def names_in(folder: Path) -> list[str]:
    """What a folder holds."""
    return [path.name for path in folder.iterdir()]


def attempt_of(backend: VideoBackend, request: ClipRequest, attempt_id: UUID) -> Attempt:
    """The ledger's record of a submit without an answer."""
    return Attempt(
        attempt_id=attempt_id,
        job_id=uuid4(),
        clip_index=0,
        number=1,
        backend=backend.name,
        account=backend.account,
        request=request,
        fingerprint="",
        hold=Decimal(1),
        sent=True,
    )


@pytest.mark.parametrize("faults", [Faults(lost_answer=1.0), Faults(late_error=1.0)], ids=str)
async def test_a_submit_without_an_answer_is_found(service: Served, faults: Faults) -> None:
    """What arrived is found by the seed that it was sent with, and is not sent again."""
    attempt_id = uuid4()
    async with svd(service) as backend:
        prepared = await backend.prepare(WITH_IMAGE, a_picture())
        service.simulator.faults = faults
        with pytest.raises(SubmitInDoubtError):
            await backend.submit(prepared, attempt_id)
        service.simulator.faults = Faults()
        found = await backend.find(attempt_of(backend, WITH_IMAGE, attempt_id))
        assert isinstance(found, Ticket)
        assert (await verdict(backend, found)).state is State.SUCCEEDED


@pytest.mark.parametrize(
    "faults", [Faults(dropped=1.0), Faults(server_error=1.0), Faults(html=1.0)], ids=str
)
async def test_a_submit_that_did_not_arrive_is_absent(service: Served, faults: Faults) -> None:
    """It is proved by a complete list, after a while: not at once."""
    attempt_id = uuid4()
    async with svd(service) as backend:
        prepared = await backend.prepare(WITH_IMAGE, a_picture())
        service.simulator.faults = faults
        with pytest.raises(SubmitInDoubtError):
            await backend.submit(prepared, attempt_id)
        service.simulator.faults = Faults()
        attempt = attempt_of(backend, WITH_IMAGE, attempt_id)
        assert await backend.find(attempt) == Unknown()
        await trio.sleep(QUIET)
        assert await backend.find(attempt) == Absent()


async def test_what_another_process_sent_is_found_or_absent(service: Served) -> None:
    """A ledger that knows when it was reserved is enough to tell."""
    attempt_id = uuid4()
    reserved = datetime.now(UTC)
    async with svd(service) as backend:
        ticket = await submit(backend, attempt_id=attempt_id)
    with served() as calm:
        async with svd(service) as other, svd(calm) as elsewhere:
            sent = evolve(attempt_of(other, WITH_IMAGE, attempt_id), reserved_at=reserved)
            assert await other.find(sent) == ticket
            assert await elsewhere.find(sent) == Unknown()
            assert await finding(elsewhere, sent) == Absent()


async def test_what_the_service_has_forgotten_is_unknown_for_good(service: Served) -> None:
    """A prediction whose input is gone may be the attempt's; one of another day is not."""
    async with svd(service) as backend:
        ticket = await submit(backend)
        while not service.simulator.predictions[ticket.provider_id].removed:
            await backend.status([ticket])
        for days, told in ((0, Unknown(for_good=True)), (2, Absent())):
            sent = attempt_of(backend, WITH_IMAGE, uuid4())
            reserved = datetime.now(UTC) - timedelta(days=days)
            assert await finding(backend, evolve(sent, reserved_at=reserved)) == told


async def test_twins_with_the_users_seed_stay_in_doubt(service: Served) -> None:
    """Two predictions that could both be it are not guessed between; known ones are ruled out."""
    request = evolve(WITH_IMAGE, seed=1234)
    one, two = uuid4(), uuid4()
    async with svd(service) as backend:
        first = await submit(backend, request, one)
        assert await backend.find(attempt_of(backend, request, one)) == first
        await trio.sleep(QUIET)
        assert await backend.find(attempt_of(backend, request, two)) != first
        await submit(backend, request, two)
    async with svd(service) as other:
        assert await other.find(attempt_of(other, request, one)) == Unknown()


async def test_a_clip_of_the_same_seed_is_not_taken_for_another(service: Served) -> None:
    """One seed for several prompts: what never arrived is absent, whatever else was made."""
    hill, sea = (evolve(REQUEST, prompt=prompt, seed=77) for prompt in ("a hill", "the sea"))
    lost = uuid4()
    async with stand_in(CogVideoX(**service.access, quiet=QUIET)) as backend:
        await submit(backend, hill)
    async with stand_in(CogVideoX(**service.access, quiet=QUIET)) as backend:
        prepared = await backend.prepare(sea, None)
        service.simulator.faults = Faults(dropped=1.0)
        with pytest.raises(SubmitInDoubtError):
            await backend.submit(prepared, lost)
        service.simulator.faults = Faults()
        assert await finding(backend, attempt_of(backend, sea, lost)) == Absent()


async def test_of_two_lost_twins_none_is_guessed(service: Served) -> None:
    """While two submits of one seed are unanswered, the one prediction there is may be either's."""
    request = evolve(WITH_IMAGE, seed=78)
    one, two = uuid4(), uuid4()
    async with svd(service) as backend:
        prepared = await backend.prepare(request, a_picture())
        for attempt_id, faults in ((one, Faults(lost_answer=1.0)), (two, Faults(dropped=1.0))):
            service.simulator.faults = faults
            with pytest.raises(SubmitInDoubtError):
                await backend.submit(prepared, attempt_id)
        service.simulator.faults = Faults()
        await trio.sleep(QUIET)
        for attempt_id in (one, two):
            assert await backend.find(attempt_of(backend, request, attempt_id)) == Unknown()


async def test_nothing_listens(service: Served) -> None:
    """Where no connection can be made nothing was sent: that is no doubt."""
    with trio.socket.socket() as unused:
        await unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        access = {**service.access, "base_url": f"http://127.0.0.1:{port}/v1"}
        async with svd(service) as backend:
            prepared = await backend.prepare(WITH_IMAGE, a_picture())
        async with stand_in(StableVideoDiffusion(**access)) as backend:
            with pytest.raises(NetworkError, match="not sent"):
                await backend.submit(prepared, uuid4())


async def test_a_model_that_is_down(service: Served) -> None:
    """The clip is to go to the next backend."""
    name = "stability-ai/stable-video-diffusion"
    async with svd(service) as backend:
        service.simulator.faults = Faults(down=frozenset({name}))
        with pytest.raises(ModelUnavailableError):
            await submit(backend)


async def test_an_account_that_is_refused(service: Served) -> None:
    """No credit and a bad token are the account's trouble, not the clip's."""
    async with svd(service) as backend:
        prepared = await backend.prepare(WITH_IMAGE, a_picture())
        service.simulator.faults = Faults(credit=Decimal(0))
        with pytest.raises(AccountError, match="no credit"):
            await backend.submit(prepared, uuid4())
    access = {**service.access, "token": "r8_wrong"}
    async with stand_in(CogVideoX(**access)) as backend:
        with pytest.raises(AccountError, match="REPLICATE_API_TOKEN"):
            await submit(backend, REQUEST)
        with pytest.raises(AccountError, match="REPLICATE_API_TOKEN"):
            await backend.status([Ticket("cogvideox", "unknown")])


async def test_what_the_model_refuses_is_named(service: Served) -> None:
    """An input out of the schema's bounds is named, and is not tried again."""
    async with svd(service) as backend:
        with pytest.raises(GenerationError, match=r"input\.motion_bucket_id"):
            await submit(backend, evolve(WITH_IMAGE, motion=999))


async def test_an_image_is_uploaded_once(service: Served) -> None:
    """Clips and attempts that use one image share it, also when they ask for it at once."""
    route = ("POST", "/v1/files")
    before = service.simulator.requests[route]
    async with svd(service) as backend, trio.open_nursery() as nursery:
        for _ in range(5):
            nursery.start_soon(backend.prepare, WITH_IMAGE, a_picture())
    assert service.simulator.requests[route] == before + 1


async def test_an_image_of_no_use_is_refused(service: Served) -> None:
    """What the service would not take is not uploaded."""
    async with svd(service) as backend:
        for image in (evolve(a_picture(), media_type="image/tiff"),):
            with pytest.raises(GenerationError, match="image/tiff"):
                await backend.prepare(WITH_IMAGE, image)


async def test_a_url_that_has_expired(service: Served, tmp_path: Path) -> None:
    """The service is asked for a fresh one with every fetch."""
    path = tmp_path / "clip.mp4"
    async with svd(service) as backend:
        service.simulator.faults = Faults(expired=1.0)
        ticket = await submit(backend)
        await verdict(backend, ticket)
        await backend.fetch(ticket, path)
    assert probe(path).frames == 25


async def test_a_download_cut_short(service: Served, tmp_path: Path) -> None:
    """It leaves no file, and the next one brings the whole clip."""
    path = tmp_path / "clip.mp4"
    async with svd(service) as backend:
        ticket = await submit(backend)
        await verdict(backend, ticket)
        service.simulator.faults = Faults(truncated=1.0)
        with pytest.raises(NetworkError):
            await backend.fetch(ticket, path)
        assert names_in(tmp_path) == []
        service.simulator.faults = Faults()
        await backend.fetch(ticket, path)
    assert probe(path).frames == 25


async def test_a_clip_of_a_metered_backend_costs_what_was_billed(service: Served) -> None:
    """The running time, at the price of the hardware, to the last digit; failures cost it too."""
    async with stand_in(CogVideoX(**service.access, metered=True)) as backend:
        for chance, state in ((0.0, State.SUCCEEDED), (1.0, State.FAILED)):
            service.simulator.faults = Faults(failed=chance)
            ticket = await submit(backend, REQUEST)
            status = await verdict(backend, ticket)
            bill = next(b for b in service.simulator.bills if b.prediction == ticket.provider_id)
            assert (status.state, status.billed) == (state, bill.amount)


async def test_questions_that_get_no_answer_are_left_out(service: Served) -> None:
    """One broken answer of many keeps nobody else waiting."""
    async with stand_in(CogVideoX(**service.access)) as backend:
        ticket = await submit(backend, REQUEST)
        service.simulator.faults = Faults(server_error=1.0)
        assert await backend.status([ticket]) == {}
        service.simulator.faults = Faults()
        assert (await verdict(backend, ticket)).state is State.SUCCEEDED

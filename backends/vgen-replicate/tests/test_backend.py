"""A backend at the simulator, with valid, broken and missing responses."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from uuid import uuid4

import pytest
import trio
from attrs import evolve

from vgen.abc import State, Ticket
from vgen.errors import AccountError, GenerationError, ModelUnavailableError, NetworkError
from vgen.testing import stand_in
from vgen.video import probe
from vgen_replicate import CogVideoX, StableVideoDiffusion
from vgen_replicate.simulator import Faults

from .helpers import REQUEST, WITH_IMAGE, submit, svd, wait_for_verdict
from .pictures import png_image
from .server import RunningSimulator


def names_in(folder: Path) -> list[str]:
    """The names of the files in a folder."""
    return [path.name for path in folder.iterdir()]


async def test_nothing_listens(service: RunningSimulator) -> None:
    """Without a connection nothing was sent: the submit is not in doubt."""
    with trio.socket.socket() as unused:
        await unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        access = {**service.access, "base_url": f"http://127.0.0.1:{port}/v1"}
        async with svd(service) as backend:
            prepared = await backend.prepare(WITH_IMAGE, png_image())
        async with stand_in(StableVideoDiffusion(**access)) as backend:
            with pytest.raises(NetworkError, match="not sent"):
                await backend.submit(prepared, uuid4())


async def test_a_model_that_is_down(service: RunningSimulator) -> None:
    """The error sends the clip to the next backend."""
    name = "stability-ai/stable-video-diffusion"
    async with svd(service) as backend:
        service.simulator.faults = Faults(down=frozenset({name}))
        with pytest.raises(ModelUnavailableError):
            await submit(backend)


async def test_an_account_that_is_refused(service: RunningSimulator) -> None:
    """No credit and a bad token are errors of the account, not of the clip."""
    async with svd(service) as backend:
        prepared = await backend.prepare(WITH_IMAGE, png_image())
        service.simulator.faults = Faults(credit=Decimal(0))
        with pytest.raises(AccountError, match="no credit"):
            await backend.submit(prepared, uuid4())
    access = {**service.access, "token": "r8_wrong"}
    async with stand_in(CogVideoX(**access)) as backend:
        with pytest.raises(AccountError, match="REPLICATE_API_TOKEN"):
            await submit(backend, REQUEST)
        with pytest.raises(AccountError, match="REPLICATE_API_TOKEN"):
            await backend.status([Ticket("cogvideox", "unknown")])


async def test_what_the_model_refuses_is_named(service: RunningSimulator) -> None:
    """An input out of the schema's bounds is named in the error, which is not retryable."""
    async with svd(service) as backend:
        with pytest.raises(GenerationError, match=r"input\.motion_bucket_id"):
            await submit(backend, evolve(WITH_IMAGE, motion=999))


async def test_an_image_is_uploaded_once(service: RunningSimulator) -> None:
    """Clips that use one image share one upload, also when they are prepared concurrently."""
    route = ("POST", "/v1/files")
    before = service.simulator.requests[route]
    async with svd(service) as backend, trio.open_nursery() as nursery:
        for _ in range(5):
            nursery.start_soon(backend.prepare, WITH_IMAGE, png_image())
    assert service.simulator.requests[route] == before + 1


async def test_an_unusable_image_is_refused(service: RunningSimulator) -> None:
    """An image that the service does not accept is not uploaded."""
    async with svd(service) as backend:
        for image in (evolve(png_image(), media_type="image/tiff"),):
            with pytest.raises(GenerationError, match="image/tiff"):
                await backend.prepare(WITH_IMAGE, image)


async def test_a_url_that_has_expired(service: RunningSimulator, tmp_path: Path) -> None:
    """Each fetch requests the current URL."""
    path = tmp_path / "clip.mp4"
    async with svd(service) as backend:
        service.simulator.faults = Faults(expired=1.0)
        ticket = await submit(backend)
        await wait_for_verdict(backend, ticket)
        await backend.fetch(ticket, path)
    assert probe(path).frames == 25


async def test_a_download_cut_short(service: RunningSimulator, tmp_path: Path) -> None:
    """It leaves no file, and the next download succeeds."""
    path = tmp_path / "clip.mp4"
    async with svd(service) as backend:
        ticket = await submit(backend)
        await wait_for_verdict(backend, ticket)
        service.simulator.faults = Faults(truncated=1.0)
        with pytest.raises(NetworkError):
            await backend.fetch(ticket, path)
        assert names_in(tmp_path) == []
        service.simulator.faults = Faults()
        await backend.fetch(ticket, path)
    assert probe(path).frames == 25


async def test_a_clip_of_a_metered_backend_costs_what_was_billed(service: RunningSimulator) -> None:
    """It is exactly the running time at the hardware's price, for failures too.

    The service may report that time late.
    """
    async with stand_in(CogVideoX(**service.access, metered=True)) as backend:
        for probability, state in ((0.0, State.SUCCEEDED), (1.0, State.FAILED)):
            service.simulator.faults = Faults(failed=probability, unmeasured=1.0)
            ticket = await submit(backend, REQUEST)
            status = await wait_for_verdict(backend, ticket)
            bill = next(b for b in service.simulator.bills if b.prediction == ticket.provider_id)
            assert (status.state, status.billed) == (state, bill.amount)


async def test_statuses_without_a_response_end_no_attempt(service: RunningSimulator) -> None:
    """If no status can be read that is an error, and they are read the next time."""
    async with stand_in(CogVideoX(**service.access)) as backend:
        ticket = await submit(backend, REQUEST)
        service.simulator.faults = Faults(server_error=1.0)
        with pytest.raises(NetworkError):
            await backend.status([ticket])
        service.simulator.faults = Faults()
        assert (await wait_for_verdict(backend, ticket)).state is State.SUCCEEDED

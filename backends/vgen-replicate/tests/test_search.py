"""A submit whose response was lost: found, proved absent, or neither."""

from __future__ import annotations

import gc
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import trio
from attrs import evolve
from trio.testing import MockClock

from vgen.abc import Absent, ClipRequest, State, Ticket, Unknown, VideoBackend
from vgen.errors import NetworkError, SubmitInDoubtError
from vgen.testing import stand_in
from vgen_replicate import CogVideoX, StableVideoDiffusion
from vgen_replicate.access import Access
from vgen_replicate.search import INPUT_RETENTION
from vgen_replicate.simulator import Faults
from vgen_replicate.submissions import Submissions

from .helpers import (
    QUIET,
    REQUEST,
    WITH_IMAGE,
    attempt_of,
    find_after_quiet,
    submit,
    svd,
    wait_for_verdict,
)
from .pictures import png_image
from .scripted import NEWEST, ScriptedService
from .server import RunningSimulator, running_simulator

SEEDED = evolve(REQUEST, seed=42)


def forget_what_this_process_knows() -> None:
    """Be another process: what is known of an account goes with the last backend on it."""
    gc.collect()


@pytest.mark.parametrize("faults", [Faults(lost_answer=1.0), Faults(late_error=1.0)], ids=str)
async def test_a_submit_without_an_answer_is_found(
    service: RunningSimulator, faults: Faults
) -> None:
    """A submit that arrived is found by its seed."""
    attempt_id = uuid4()
    async with svd(service) as backend:
        prepared = await backend.prepare(WITH_IMAGE, png_image())
        service.simulator.faults = faults
        with pytest.raises(SubmitInDoubtError):
            await backend.submit(prepared, attempt_id)
        service.simulator.faults = Faults()
        found = await backend.find(attempt_of(backend, WITH_IMAGE, attempt_id))
        assert isinstance(found, Ticket)
        assert (await wait_for_verdict(backend, found)).state is State.SUCCEEDED


@pytest.mark.parametrize(
    "faults", [Faults(dropped=1.0), Faults(server_error=1.0), Faults(html=1.0)], ids=str
)
async def test_a_submit_that_did_not_arrive_is_absent(
    service: RunningSimulator, faults: Faults
) -> None:
    """A complete listing proves it, but only after `quiet` seconds."""
    attempt_id = uuid4()
    async with svd(service) as backend:
        prepared = await backend.prepare(WITH_IMAGE, png_image())
        service.simulator.faults = faults
        with pytest.raises(SubmitInDoubtError):
            await backend.submit(prepared, attempt_id)
        service.simulator.faults = Faults()
        attempt = attempt_of(backend, WITH_IMAGE, attempt_id)
        assert await backend.find(attempt) == Unknown()
        await trio.sleep(QUIET)
        assert await backend.find(attempt) == Absent()


async def test_what_another_process_sent_is_found_or_absent(service: RunningSimulator) -> None:
    """The time of the reservation in the ledger is enough for a search."""
    attempt_id = uuid4()
    reserved = datetime.now(UTC)
    async with svd(service) as backend:
        ticket = await submit(backend, attempt_id=attempt_id)
    with running_simulator() as calm:
        async with svd(service) as other, svd(calm) as elsewhere:
            sent = evolve(attempt_of(other, WITH_IMAGE, attempt_id), reserved_at=reserved)
            assert await other.find(sent) == ticket
            assert await elsewhere.find(sent) == Unknown()
            assert await find_after_quiet(elsewhere, sent) == Absent()


async def test_removed_inputs_are_unknown_for_good(
    service: RunningSimulator,
) -> None:
    """A prediction whose input was removed may be an old attempt's, unless dates rule it out."""
    async with svd(service) as backend:
        ticket = await submit(backend)
        while not service.simulator.predictions[ticket.provider_id].removed:
            await backend.status([ticket])
    del backend
    forget_what_this_process_knows()
    async with svd(service) as backend:
        for hours, expected in ((0, Absent()), (1, Unknown(for_good=True)), (48, Absent())):
            sent = attempt_of(backend, WITH_IMAGE, uuid4())
            reserved = datetime.now(UTC) - timedelta(hours=hours)
            assert await find_after_quiet(backend, evolve(sent, reserved_at=reserved)) == expected


async def test_twins_with_the_users_seed_stay_in_doubt(service: RunningSimulator) -> None:
    """Of two matching predictions none is chosen; those known to be another's do not match."""
    request = evolve(WITH_IMAGE, seed=1234)
    one, two = uuid4(), uuid4()
    async with svd(service) as backend:
        first = await submit(backend, request, one)
        assert await backend.find(attempt_of(backend, request, one)) == first
        await trio.sleep(QUIET)
        assert await backend.find(attempt_of(backend, request, two)) != first
        await submit(backend, request, two)
    del backend
    forget_what_this_process_knows()
    async with svd(service) as other:
        assert await other.find(attempt_of(other, request, one)) == Unknown()


async def test_a_clip_of_the_same_seed_is_not_taken_for_another(service: RunningSimulator) -> None:
    """With one seed for several prompts, a submit that never arrived is still proved absent."""
    hill, sea = (evolve(REQUEST, prompt=prompt, seed=77) for prompt in ("a hill", "the sea"))
    lost = uuid4()
    async with stand_in(CogVideoX(**service.access, quiet=QUIET)) as backend:
        await submit(backend, hill)
    del backend
    forget_what_this_process_knows()
    async with stand_in(CogVideoX(**service.access, quiet=QUIET)) as backend:
        prepared = await backend.prepare(sea, None)
        service.simulator.faults = Faults(dropped=1.0)
        with pytest.raises(SubmitInDoubtError):
            await backend.submit(prepared, lost)
        service.simulator.faults = Faults()
        assert await find_after_quiet(backend, attempt_of(backend, sea, lost)) == Absent()


async def test_of_two_lost_twins_none_is_guessed(service: RunningSimulator) -> None:
    """While two submits with one seed are unanswered, a single prediction may be either's."""
    request = evolve(WITH_IMAGE, seed=78)
    one, two = uuid4(), uuid4()
    async with svd(service) as backend:
        prepared = await backend.prepare(request, png_image())
        for attempt_id, faults in ((one, Faults(lost_answer=1.0)), (two, Faults(dropped=1.0))):
            service.simulator.faults = faults
            with pytest.raises(SubmitInDoubtError):
                await backend.submit(prepared, attempt_id)
        service.simulator.faults = Faults()
        await trio.sleep(QUIET)
        for attempt_id in (one, two):
            assert await backend.find(attempt_of(backend, request, attempt_id)) == Unknown()


async def lost(backend: VideoBackend, request: ClipRequest, *, image: bool = False) -> UUID:
    """Submit, and lose the response."""
    attempt_id = uuid4()
    prepared = await backend.prepare(request, png_image() if image else None)
    with pytest.raises(SubmitInDoubtError):
        await backend.submit(prepared, attempt_id)
    return attempt_id


def cogvideox(service: ScriptedService) -> CogVideoX:
    """A backend at a scripted service."""
    return stand_in(CogVideoX(**service.access, quiet=QUIET))


@pytest.mark.parametrize("hours", [-1, 1])
async def test_clocks_that_differ_hide_nothing(autojump_clock: MockClock, hours: int) -> None:
    """A prediction is found although the service's clock is an hour behind or ahead."""
    service = ScriptedService(clock_offset=timedelta(hours=hours))
    service.lose_answers()
    async with cogvideox(service) as backend:
        attempt = attempt_of(backend, REQUEST, await lost(backend, REQUEST))
        assert isinstance(await find_after_quiet(backend, attempt), Ticket)


@pytest.mark.parametrize(
    "reserved",
    [datetime.fromtimestamp(225, UTC), datetime.now(UTC) + timedelta(hours=9), None],
    ids=["1970", "ahead", "unknown"],
)
async def test_a_ledger_whose_time_is_not_ours_hides_nothing(
    autojump_clock: MockClock, reserved: datetime | None
) -> None:
    """Another process's submit is found whatever reservation time the ledger has."""
    service, attempt_id = ScriptedService(), uuid4()
    async with cogvideox(service) as backend:
        sent = attempt_of(backend, REQUEST, attempt_id, reserved_at=reserved)
        service.make({"version": NEWEST, "input": {"seed": attempt_id.int % 2**31}})
        assert isinstance(await find_after_quiet(backend, sent), Ticket)


async def test_a_seed_identifies_it_whatever_the_model_is_called(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A version may be run under another model's name; its prediction is found too."""
    monkeypatch.setenv("COGVIDEOX_MODEL_VERSION", f"Somebody/Cog-t2v:{NEWEST}")
    service = ScriptedService()
    service.lose_answers()
    async with cogvideox(service) as backend:
        attempt = attempt_of(backend, REQUEST, await lost(backend, REQUEST))
        assert isinstance(await find_after_quiet(backend, attempt), Ticket)


@pytest.mark.parametrize(
    "page", [{}, {"results": None}, {"results": {}}, {"results": [], "next": 7}, {"detail": "busy"}]
)
async def test_an_answer_that_is_no_list_proves_nothing(
    autojump_clock: MockClock, page: dict[str, Any]
) -> None:
    """Only a listing of predictions, read to its end, is complete."""
    service = ScriptedService()
    service.lose_answers()
    async with cogvideox(service) as backend:
        attempt = attempt_of(backend, REQUEST, await lost(backend, REQUEST))
        service.respond_with("/predictions", httpx.Response(200, json=page))
        with pytest.raises(NetworkError):
            await find_after_quiet(backend, attempt)


async def test_a_list_without_end(autojump_clock: MockClock) -> None:
    """A prediction on the first page is found; one on no page is not proved absent."""
    service = ScriptedService(
        next_page="https://api.replicate.com/v1/predictions?created_after=2020-01-01T00:00:00Z"
    )
    service.lose_answers()
    async with cogvideox(service) as backend:
        attempt_id = await lost(backend, REQUEST)
        assert isinstance(await backend.find(attempt_of(backend, REQUEST, attempt_id)), Ticket)
        with pytest.raises(NetworkError, match="pages"):
            await backend.find(attempt_of(backend, REQUEST, uuid4()))


async def test_inputs_of_this_process_are_removed_too(
    autojump_clock: MockClock,
) -> None:
    """After an hour, when inputs have been removed, it is unknown, not absent."""
    service = ScriptedService()
    service.lose_answers()
    async with cogvideox(service) as backend:
        attempt_id = await lost(backend, REQUEST)
        submissions = Submissions.shared(Access.resolve(service.token, None))
        sent = submissions.unanswered[attempt_id]
        submissions.unanswered[attempt_id] = evolve(sent, sent_at=sent.sent_at - INPUT_RETENTION)
        service.remove_data()
        found = await find_after_quiet(backend, attempt_of(backend, REQUEST, attempt_id))
    assert found == Unknown(for_good=True)


async def test_a_submit_may_be_late_in_the_listing(autojump_clock: MockClock) -> None:
    """Until `quiet` seconds have passed its absence proves nothing."""
    service = ScriptedService()
    service.respond_with("/predictions", httpx.Response(502))
    async with stand_in(CogVideoX(**service.access, quiet=100.0)) as backend:
        attempt = attempt_of(backend, REQUEST, await lost(backend, REQUEST))
        service.handler = None
        assert await backend.find(attempt) == Unknown()
        await trio.sleep(90)
        assert await backend.find(attempt) == Unknown()
        await trio.sleep(10)
        assert await backend.find(attempt) == Absent()


async def test_an_attempt_of_another_account_is_unknown(
    autojump_clock: MockClock,
) -> None:
    """This account's listing cannot prove it absent."""
    async with cogvideox(ScriptedService()) as backend:
        attempt = attempt_of(backend, REQUEST, uuid4(), account="replicate-another")
        assert await find_after_quiet(backend, attempt) == Unknown()


async def test_backends_of_one_account_know_of_each_other(autojump_clock: MockClock) -> None:
    """With the user's seed, one backend's prediction is not mistaken for another's lost submit."""
    service = ScriptedService()
    async with cogvideox(service) as one, cogvideox(service) as two:
        await submit(two, SEEDED)
        service.respond_with("/predictions", httpx.Response(502))
        attempt = attempt_of(one, SEEDED, await lost(one, SEEDED))
        service.handler = None
        assert await find_after_quiet(one, attempt) == Absent()


async def test_a_lost_submit_with_the_users_seed_is_found(autojump_clock: MockClock) -> None:
    """By the process that has sent it, if nobody else can have made what was found."""
    service = ScriptedService()
    service.lose_answers()
    async with cogvideox(service) as backend:
        attempt = attempt_of(backend, SEEDED, await lost(backend, SEEDED))
        assert isinstance(await backend.find(attempt), Ticket)


async def test_a_prediction_without_a_date_is_not_taken_for_it(autojump_clock: MockClock) -> None:
    """With the user's seed it may be an earlier clip's."""
    service = ScriptedService()
    service.lose_answers()
    async with cogvideox(service) as backend:
        attempt = attempt_of(backend, SEEDED, await lost(backend, SEEDED))
        listed = [made | {"created_at": None} for made in service.predictions.values()]
        service.respond_with("/predictions", httpx.Response(200, json={"results": listed}))
        assert await find_after_quiet(backend, attempt) == Unknown()


async def test_an_earlier_clip_of_the_same_seed_is_not_taken_for_it(
    autojump_clock: MockClock,
) -> None:
    """A prediction from before the submit may be another clip's: it is not chosen."""
    service = ScriptedService(clock_offset=timedelta(minutes=-30))
    async with cogvideox(service) as backend:
        given = {"prompt": "a hill", "num_inference_steps": 25, "num_frames": 49, "seed": 42}
        service.make({"version": NEWEST, "input": given})
        service.respond_with("/predictions", httpx.Response(502))
        attempt = attempt_of(backend, SEEDED, await lost(backend, SEEDED))
        service.handler = None
        assert await find_after_quiet(backend, attempt) == Unknown()


async def test_a_clip_of_another_image_is_not_taken_for_it(autojump_clock: MockClock) -> None:
    """With the user's seed, a prediction from another image does not match."""
    service, request = ScriptedService(), evolve(WITH_IMAGE, seed=42)
    service.respond_with("/predictions", httpx.Response(502))
    async with stand_in(StableVideoDiffusion(**service.access, quiet=QUIET)) as backend:
        attempt_id = await lost(backend, request, image=True)
        given = (
            Submissions.shared(Access.resolve(service.token, None)).unanswered[attempt_id].inputs
        )
        service.handler = None
        another = {**given, "input_image": "https://api.replicate.com/v1/files/another"}
        service.make({"version": NEWEST, "input": another})
        assert await find_after_quiet(backend, attempt_of(backend, request, attempt_id)) == Absent()

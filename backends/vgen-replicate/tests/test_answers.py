"""How responses are read: success, refusals, not found, and responses of proxies."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
import trio
from attrs import evolve
from trio.testing import MockClock

from vgen.abc import State
from vgen.errors import (
    AccountError,
    GenerationError,
    ModelUnavailableError,
    NetworkError,
    RateLimitedError,
    SubmitInDoubtError,
    VgenError,
)
from vgen.testing import stand_in
from vgen_replicate import CogVideoX, StableVideoDiffusion

from .helpers import REQUEST, WITH_IMAGE, submit
from .pictures import png_image
from .scripted import NEWEST, ScriptedService

HTML = "<html>a proxy's page</html>"


def refusal(code: int, **more: Any) -> httpx.Response:
    """An error response of the service's."""
    return httpx.Response(code, json={"detail": "No.", "status": code} | more)


def cogvideox(service: ScriptedService) -> CogVideoX:
    """A backend at a scripted service."""
    return stand_in(CogVideoX(**service.access))


@pytest.mark.parametrize(
    "answer",
    [*(refusal(code) for code in (303, 400, 408, 409, 422, 425, 499, 503)), HTML],
    ids=str,
)
async def test_a_refused_status_request_ends_no_attempt(
    autojump_clock: MockClock, answer: httpx.Response | str
) -> None:
    """It says nothing of the prediction, which keeps running and is requested again."""
    service = ScriptedService()
    async with cogvideox(service) as backend:
        ticket = await submit(backend, REQUEST)
        refused = answer if isinstance(answer, httpx.Response) else httpx.Response(403, text=answer)
        service.respond_with(ticket.provider_id, refused)
        with pytest.raises(NetworkError):
            await backend.status([ticket])
        service.respond_with("/cancel", refused)
        with pytest.raises(NetworkError):
            await backend.cancel(ticket)
        service.handler = None
        assert (await backend.status([ticket]))[ticket].state is State.RUNNING


async def test_a_prediction_that_is_not_found_has_no_verdict(autojump_clock: MockClock) -> None:
    """The service's words are passed on, and the prediction is requested again."""
    service = ScriptedService()
    async with cogvideox(service) as backend:
        ticket = await submit(backend, REQUEST)
        service.respond_with(ticket.provider_id, refusal(404))
        status = (await backend.status([ticket]))[ticket]
        assert (status.state, str(status.failure)) == (State.NOT_FOUND, "No.")
        service.respond_with("/cancel", refusal(404))
        assert (await backend.cancel(ticket)).state is State.NOT_FOUND
        service.handler = None
        assert (await backend.status([ticket]))[ticket].state is State.RUNNING


@pytest.mark.parametrize("made", [None, {"status": "succeeded", "output": None}], ids=str)
async def test_a_clip_that_is_not_there_yet_is_not_lost(
    autojump_clock: MockClock, made: dict[str, Any] | None, tmp_path: Any
) -> None:
    """A finished prediction that is not found, or has no output yet, can be fetched later."""
    service = ScriptedService()
    async with cogvideox(service) as backend:
        ticket = await submit(backend, REQUEST)
        body = service.predictions[ticket.provider_id] | (made or {})
        service.respond_with(
            ticket.provider_id, httpx.Response(200, json=body) if made else refusal(404)
        )
        with pytest.raises(NetworkError):
            await backend.fetch(ticket, tmp_path / "clip.mp4")
        gone = body | {"status": "succeeded", "data_removed": True}
        service.respond_with(ticket.provider_id, httpx.Response(200, json=gone))
        with pytest.raises(GenerationError, match="removed"):
            await backend.fetch(ticket, tmp_path / "clip.mp4")
        failed = body | {"status": "failed", "output": None}
        service.respond_with(ticket.provider_id, httpx.Response(200, json=failed))
        with pytest.raises(GenerationError, match="it is failed"):
            await backend.fetch(ticket, tmp_path / "clip.mp4")


@pytest.mark.parametrize(
    ("code", "body", "kind"),
    [
        *((code, {}, SubmitInDoubtError) for code in (303, 408, 409, 425, 499, 500)),
        *((code, HTML, SubmitInDoubtError) for code in (401, 403, 404, 422)),
        *((code, {}, GenerationError) for code in (400, 405, 410, 413, 415, 422)),
        *((code, {}, AccountError) for code in (401, 402, 403)),
        (404, {}, ModelUnavailableError),
        (422, {"detail": "The specified version does not exist"}, ModelUnavailableError),
        (422, {"detail": "input.version", "invalid_fields": [{"field": "a"}]}, GenerationError),
        *((422, {"invalid_fields": fields}, GenerationError) for fields in ([1], 5, "x")),
        (422, {"detail": ["No", 1]}, GenerationError),
        (429, HTML, RateLimitedError),
    ],
    ids=str,
)
async def test_only_the_services_own_error_proves_that_nothing_was_sent(
    autojump_clock: MockClock, code: int, body: dict[str, Any] | str, kind: type[VgenError]
) -> None:
    """Only JSON errors with certain status codes prove it; all else leaves the submit in doubt."""
    service = ScriptedService()
    response = httpx.Response(code, text=body) if isinstance(body, str) else refusal(code, **body)
    service.respond_with("/predictions", response)
    async with cogvideox(service) as backend:
        with pytest.raises(kind) as caught:
            await submit(backend, REQUEST)
    assert type(caught.value) is kind


@pytest.mark.parametrize(
    ("retry_after", "header", "pause"),
    [
        (30, "5", 30.0),
        (None, "12.5", 12.5),
        ("7", None, 7.0),
        (1e9, None, 600.0),
        (None, None, 9.0),
        *((nonsense, None, 9.0) for nonsense in (-5, float("inf"), float("nan"), [1], 10**400)),
        (None, "9" * 400, 9.0),
        (None, "Wed, 21 Oct 2026 07:28:00 GMT", 9.0),
    ],
    ids=lambda value: repr(value)[:20],
)
async def test_a_pause_is_a_number_of_seconds_within_reason(
    autojump_clock: MockClock, retry_after: object, header: str | None, pause: float
) -> None:
    """Of body, header and message, the first valid one counts, ten minutes at most."""
    service = ScriptedService()
    body = {"detail": "Your rate limit resets in ~9s.", "retry_after": retry_after}
    headers = {"Content-Type": "application/json"} | ({"Retry-After": header} if header else {})
    service.respond_with(
        "/predictions", httpx.Response(429, content=json.dumps(body), headers=headers)
    )
    async with cogvideox(service) as backend:
        with pytest.raises(RateLimitedError) as caught:
            await submit(backend, REQUEST)
    assert caught.value.retry_after == pause


async def test_a_rate_limited_status_does_not_hide_others(
    autojump_clock: MockClock,
) -> None:
    """The pause is raised only if no other status could be read."""
    service = ScriptedService()
    async with cogvideox(service) as backend:
        one, two = [await submit(backend, REQUEST) for _ in range(2)]
        service.respond_with(one.provider_id, refusal(429))
        assert set(await backend.status([one, two])) == {two}
        with pytest.raises(RateLimitedError):
            await backend.status([one])


async def test_a_refused_version_is_looked_up_again(autojump_clock: MockClock) -> None:
    """The newest version is looked up again once it has been refused."""
    service = ScriptedService()
    async with cogvideox(service) as backend:
        await submit(backend, REQUEST)
        service.respond_with("/predictions", refusal(422, detail="The version does not exist"))
        with pytest.raises(ModelUnavailableError):
            await submit(backend, REQUEST)
        newer = {"latest_version": {"id": "b" * 64}}
        service.respond_with("/cogvideox-t2v", httpx.Response(200, json=newer))
        await submit(backend, REQUEST)
    versions = [made["version"] for made in service.predictions.values()]
    assert versions == [NEWEST, "b" * 64]


@pytest.mark.parametrize("created", ["2026-11-23T10:00:00", "2026-11-23T10:00:00.5Z", "soon", 7])
async def test_dates_without_a_zone_break_nothing(
    autojump_clock: MockClock, created: object
) -> None:
    """Dates without a zone, or invalid ones, do not make a response invalid."""
    service = ScriptedService()
    async with cogvideox(service) as backend:
        ticket = await submit(backend, REQUEST)
        ended = {"status": "failed", "started_at": "2026-11-23T10:00:00Z", "completed_at": created}
        made = service.predictions[ticket.provider_id] | ended
        service.respond_with(ticket.provider_id, httpx.Response(200, json=made))
        assert (await backend.status([ticket]))[ticket].state in {State.FAILED, State.RUNNING}


@pytest.mark.parametrize(
    ("path", "hint"),
    [("", "; REPLICATE_BASE_URL usually ends with /v1"), ("/v1", "")],
    ids=["without /v1", "with /v1"],
)
async def test_an_answer_that_is_not_the_services_names_who_gave_it(path: str, hint: str) -> None:
    """The address that was asked, without secrets, what came, and the likely mistake."""

    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.host == "proxy.example"
        return httpx.Response(404, html="<html>Not Found</html>")

    backend = stand_in(
        CogVideoX(
            token="secret",  # noqa: S106 - a stand-in's
            base_url=f"https://proxy.example{path}",
            transport=httpx.MockTransport(answer),
        )
    )
    async with backend:
        with pytest.raises(NetworkError) as caught:
            await backend.prepare(REQUEST, None)
    asked = f"https://proxy.example{path}/models/"
    assert str(caught.value).startswith(f"malformed answer of {asked}")
    assert str(caught.value).endswith(f": HTTP 404, an HTML page{hint}")


@pytest.mark.parametrize(
    "answer", [[], {}, {"id": "one"}, {"id": "", "status": "processing"}], ids=str
)
async def test_an_answer_that_is_no_prediction_tells_nothing(
    autojump_clock: MockClock, answer: object
) -> None:
    """The attempt is asked for again; a submit with such an answer is in doubt."""
    service = ScriptedService()
    async with cogvideox(service) as backend:
        ticket = await submit(backend, REQUEST)
        service.respond_with(ticket.provider_id, httpx.Response(200, json=answer))
        with pytest.raises(NetworkError, match="malformed answer"):
            await backend.status([ticket])
        service.respond_with("/predictions", httpx.Response(201, json=answer))
        with pytest.raises(SubmitInDoubtError, match="malformed answer"):
            await submit(backend, REQUEST)


@pytest.mark.parametrize(
    "answer", [{}, {"latest_version": None}, {"latest_version": {}}, "newest"], ids=str
)
async def test_a_model_without_a_version(autojump_clock: MockClock, answer: object) -> None:
    """Nothing is sent: what the service says of the model may pass."""
    service = ScriptedService()
    service.respond_with("/cogvideox-t2v", httpx.Response(200, json=answer))
    async with cogvideox(service) as backend:
        with pytest.raises(NetworkError, match="malformed answer"):
            await backend.prepare(REQUEST, None)


async def test_an_official_model_has_no_version(autojump_clock: MockClock) -> None:
    """Its name is sent in place of one."""
    service = ScriptedService()
    service.respond_with("/cogvideox-t2v", httpx.Response(200, json={"is_official": True}))
    async with cogvideox(service) as backend:
        ticket = await submit(backend, REQUEST)
    assert service.predictions[ticket.provider_id]["version"].endswith("/cogvideox-t2v")


async def test_an_upload_without_an_address(autojump_clock: MockClock) -> None:
    """Nothing is sent: the image is not there."""
    service = ScriptedService()
    service.respond_with("/files", httpx.Response(201, json={"urls": {}}))
    async with stand_in(StableVideoDiffusion(**service.access)) as backend:
        with pytest.raises(NetworkError, match="it has no URL"):
            await backend.prepare(WITH_IMAGE, png_image())


async def test_a_service_that_is_silent(autojump_clock: MockClock) -> None:
    """A request is given up after half a minute, an upload after a whole one."""

    async def silent(_request: httpx.Request) -> httpx.Response | None:
        await trio.sleep_forever()

    service = ScriptedService()
    async with stand_in(StableVideoDiffusion(**service.access)) as backend:
        ticket = await submit(backend, WITH_IMAGE)
        service.handler = silent
        with pytest.raises(NetworkError, match="no answer within 30 s"):
            await backend.status([ticket])
        with pytest.raises(NetworkError, match="no answer within 60 s"):
            await backend.prepare(WITH_IMAGE, evolve(png_image(), sha256="another"))


async def test_a_refused_token_is_told_beside_other_answers(autojump_clock: MockClock) -> None:
    """An error of the account is raised however many statuses could be read."""
    service = ScriptedService()
    async with cogvideox(service) as backend:
        one, two = [await submit(backend, REQUEST) for _ in range(2)]
        service.respond_with(one.provider_id, refusal(401))
        with pytest.raises(AccountError, match="refuses the token"):
            await backend.status([one, two])

"""The service's key and the tokens of signed URLs do not leak."""

from __future__ import annotations

import logging
import traceback
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from vgen.errors import VgenError
from vgen_supabase import SupabaseStorage
from vgen_supabase.access import Access

from .server import BUCKET, Server

OLD_KEY = "eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoic2VydmljZV9yb2xlIn0.c2VjcmV0LXNpZ25hdHVyZQ"
NEW_KEY = "sb_secret_that-nobody_may-see"
TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJ1cmwiOiJwZXRzL2NhdC5wbmcifQ.c2VjcmV0LXRva2Vu"  # noqa: S105 (for tests only)
PASSWORD = "a-secret-of-no-form"  # noqa: S105 (likewise)


def echo_secrets(request: Request) -> Response:
    """Respond with an error that quotes the request's key and URL."""
    message = f"bad key {request.headers['authorization']} at {request.url} for {TOKEN}"
    return JSONResponse({"statusCode": "403", "error": "Unauthorized", "message": message}, 400)


@pytest.mark.parametrize("key", [OLD_KEY, NEW_KEY])
async def test_the_key_is_nowhere(
    service: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture, key: str
) -> None:
    """No log at any level, no repr, no error and no traceback holds it, nor a signed token."""
    caplog.set_level(logging.DEBUG)
    service.state.roles[key] = "service_role"
    storage = SupabaseStorage(BUCKET, url=service.url, key=key)
    texts = [repr(storage), repr(Access(service.url, key))]
    image = f"{service.put('cat.png')}?token={TOKEN}"
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"a clip")
    url = await storage.url((await storage.write("job/clip.mp4", clip)).reference)
    for override in (service.state.override, echo_secrets):
        service.state.override = override
        for call in (
            lambda: storage.read(image, max_bytes=1),
            lambda: storage.read(image.replace("cat", "dog"), max_bytes=2**20),
            lambda: storage.read(image.replace("127.0.0.1", f"{key}@evil.example"), max_bytes=1),
            lambda: storage.read(f"https://me:{PASSWORD}@evil.example/", max_bytes=1),
            lambda: storage.read(f"https://evil.example/?token={PASSWORD}", max_bytes=1),
            lambda: storage.write(f"{TOKEN}%", clip),
            lambda: storage.remove("supabase://nowhere/clip.mp4"),
            lambda: storage.stat("supabase://nowhere/clip.mp4"),
            lambda: storage.url("job/clip_001.mp4"),
        ):
            with pytest.raises(VgenError) as caught:
                await call()
            error = caught.value
            texts += [str(error), repr(error), *traceback.format_exception(error)]
    await storage.aclose()
    texts.append(caplog.text)
    secrets = (key, TOKEN, PASSWORD, url.partition("token=")[2])
    assert not [(secret, text) for secret in secrets for text in texts if secret in text]

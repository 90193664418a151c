"""Which URLs name a file of the project, and which only look like it."""

from __future__ import annotations

import pytest

from vgen_supabase import Reason, SupabaseStorageError
from vgen_supabase.access import Access
from vgen_supabase.object_location import ObjectLocation
from vgen_supabase.urls import location_of

REF = "abcdefghijklmnopqrst"
HOSTED = f"https://{REF}.supabase.co"
API = f"{HOSTED}/storage/v1"
CAT = ObjectLocation("pets", "cats/a cat.png")


@pytest.mark.parametrize(
    "url",
    [
        f"{API}/object/public/pets/cats/a%20cat.png",
        f"{API}/object/sign/pets/cats/a%20cat.png?token=eyJhbGci.eyJ1cmwi.c2ln",
        f"{API}/object/authenticated/pets/cats/a%20cat.png",
        f"{API}/object/pets/cats/a%20cat.png",
        f"{API}/object/pets/cats%2Fa%20cat.png",
        f"{API}/object/info/pets/cats/a%20cat.png",
        f"{API}/object/info/public/pets/cats/a%20cat.png",
        f"{API}/object/info/authenticated/pets/cats/a%20cat.png",
        f"{API}/render/image/public/pets/cats/a%20cat.png?width=512&height=512",
        f"{API}/render/image/sign/pets/cats/a%20cat.png?token=eyJhbGci.eyJ1cmwi.c2ln",
        f"{API}/render/image/authenticated/pets/cats/a%20cat.png?width=512",
        f"{API}/object/public/pets/cats/a%20cat.png?download=cat.png&t=2026-08-01#top",
        f"https://{REF}.storage.supabase.co/storage/v1/object/public/pets/cats/a%20cat.png",
        f"HTTPS://{REF.upper()}.Supabase.CO:443/storage/v1/object/public/pets/cats/a%20cat.png",
        "supabase://pets/cats/a cat.png",
    ],
)
def test_every_form_of_url_is_understood(url: str) -> None:
    """Public, signed, authenticated and transformed URLs all name a bucket and a key."""
    assert location_of(url, Access(HOSTED, "")) == CAT
    assert location_of(url, Access(f"https://{REF}.storage.supabase.co", "")) == CAT


def test_a_self_hosted_project() -> None:
    """A self-hosted project may have a port and a path, which its URLs must share."""
    access = Access("http://localhost:8000/supabase", "")
    url = "http://localhost:8000/supabase/storage/v1/object/public/pets/cats/a%20cat.png"
    assert location_of(url, access) == CAT
    with pytest.raises(SupabaseStorageError):
        location_of(url.replace("/supabase", ""), access)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "cat.png",
        "file:///etc/passwd",
        "data:image/png;base64,AAAA",
        "https:cat.png",
        "https://evil.example/storage/v1/object/public/pets/cat.png",
        f"http://{REF}.supabase.co/storage/v1/object/public/pets/cat.png",
        f"ftp://{REF}.supabase.co/storage/v1/object/public/pets/cat.png",
        f"//{REF}.supabase.co/storage/v1/object/public/pets/cat.png",
        f"https://{REF}.supabase.co:8443/storage/v1/object/public/pets/cat.png",
        f"https://{REF}.supabase.co:0/storage/v1/object/public/pets/cat.png",
        f"https://{REF}.supabase.co:99999/storage/v1/object/public/pets/cat.png",
        f"https://{REF}.supabase.co@evil.example/storage/v1/object/public/pets/cat.png",
        f"https://user:pass@{REF}.supabase.co/storage/v1/object/public/pets/cat.png",
        f"https://evil.example\\@{REF}.supabase.co/storage/v1/object/public/pets/cat.png",
        f"https://{REF}.supabase.co\\.evil.example/storage/v1/object/public/pets/cat.png",
        f"https://{REF}.supabase.co.evil.example/storage/v1/object/public/pets/cat.png",
        f"https://evil.example/{REF}.supabase.co/storage/v1/object/public/pets/cat.png",
        f"https://evil.example?{REF}.supabase.co/storage/v1/object/public/pets/cat.png",
        f"https://evil.example#{REF}.supabase.co/storage/v1/object/public/pets/cat.png",
        f"https://not{REF}.supabase.co/storage/v1/object/public/pets/cat.png",
        f"https://{REF}.supabase.co./storage/v1/object/public/pets/cat.png",
        f"https://{REF}.supabase。co/storage/v1/object/public/pets/cat.png",
        f"https://{REF}.supab\u0430se.co/storage/v1/object/public/pets/cat.png",
        f"https://{REF}.storage.supabase.co.evil.example/storage/v1/object/public/pets/c.png",
        f"https://{REF}.storage.storage.supabase.co/storage/v1/object/public/pets/cat.png",
        f"https://{REF}.supabase.co%2eevil.example/storage/v1/object/public/pets/cat.png",
        f"https://{REF}.supabase.co\t.evil.example/storage/v1/object/public/pets/cat.png",
        f"https://[{REF}.supabase.co/storage/v1/object/public/pets/cat.png",
        f"{HOSTED}/rest/v1/object/public/pets/cat.png",
        f"{HOSTED}/x/storage/v1/object/public/pets/cat.png",
        f"{API}/bucket/pets",
        f"{API}/upload/resumable/cGV0cy9jYXQ",
        f"{API}/s3/pets/cat.png",
        f"{API}/render/image/pets/cat.png",
    ],
)
def test_anything_else_is_elsewhere(url: str) -> None:
    """Other hosts, look-alikes and other routes name no file of the project."""
    with pytest.raises(SupabaseStorageError) as caught:
        location_of(url, Access(HOSTED, ""))
    assert caught.value.reason is Reason.ELSEWHERE
    assert not caught.value.retryable


@pytest.mark.parametrize(
    "path",
    [
        "object/public/pets/../secrets/cat.png",
        "object/public/pets/%2e%2e/secrets/cat.png",
        "object/public/%2e%2e/pets/cat.png",
        "object/public/../pets/cat.png",
        "object/public/pets/%252e%252e/cat.png",
        "object/public/pets/./cat.png",
        "object/public/pets//cat.png",
        "object/public/pets/cat.png/",
        "object/public/pets/cat%00.png",
        "object/public/pets/c%C3%A4t.png",
        "object/public/pets%2Fcats/cat.png",
        "object/public/pets/" + 5000 * "a",
        "object/public/" + 5000 * "a" + "/cat.png",
        "object/public/pets",
        "object/public/pets/",
        "object/list/pets/cat.png",
        "object/list-v2/pets/cat.png",
        "object/move/pets/cat.png",
        "object/copy/pets/cat.png",
        "object/upload/sign/pets/cat.png",
        "object/info/sign/cat.png",
    ],
)
def test_an_invalid_key_is_refused(path: str) -> None:
    """Keys and buckets are decoded once, and then checked, also for words of the routes."""
    with pytest.raises(SupabaseStorageError) as caught:
        location_of(f"{API}/{path}", Access(HOSTED, ""))
    assert caught.value.reason is Reason.BAD_NAME
    assert not caught.value.retryable
    assert len(str(caught.value)) < 300

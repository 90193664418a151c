"""Where a project's URL and key come from, and which are refused."""

from __future__ import annotations

import base64
import json

import pytest
from supabase import AsyncClient

from vgen.errors import ConfigurationError
from vgen_supabase import SupabaseStorage
from vgen_supabase.access import Access

URL = "https://abcdefghijklmnopqrst.supabase.co"
KEY = "sb_secret_7d1f"


def a_jwt(**claims: str) -> str:
    """Make a key of the older kind."""
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"eyJhbGciOiJIUzI1NiJ9.{payload}.c2lnbmF0dXJl"


def test_arguments_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Arguments, then the client, then the environment; a slash at the end does not matter."""
    monkeypatch.setenv("SUPABASE_URL", "http://localhost:8000/")
    monkeypatch.setenv("SUPABASE_SERVICE_ROLE_KEY", " from-the-environment\n")
    client = AsyncClient(URL, "of-the-client")
    assert Access.of() == Access("http://localhost:8000", "from-the-environment")
    assert Access.of(client=client) == Access(URL, "of-the-client")
    assert Access.of(f"{URL}/", KEY, client) == Access(URL, KEY)


@pytest.mark.parametrize("key", [KEY, a_jwt(role="service_role"), a_jwt(iss="me"), "a.b.c", "x"])
def test_a_good_key_passes(key: str) -> None:
    """Keys of both kinds, and those that name no role, are accepted."""
    Access(URL, key).check()


@pytest.mark.parametrize(
    ("url", "key", "variable"),
    [
        ("", KEY, "SUPABASE_URL"),
        (URL, "", "SUPABASE_SERVICE_ROLE_KEY"),
        ("abcdefghijklmnopqrst.supabase.co", KEY, "SUPABASE_URL"),
        ("ftp://localhost", KEY, "SUPABASE_URL"),
        ("https://", KEY, "SUPABASE_URL"),
        ("https://:443", KEY, "SUPABASE_URL"),
        ("https://localhost:port", KEY, "SUPABASE_URL"),
        ("https://[::1", KEY, "SUPABASE_URL"),
        ("https://me:secret@localhost", KEY, "SUPABASE_URL"),
        (f"{URL}/?x=1", KEY, "SUPABASE_URL"),
        (f"{URL}\n.evil.example", KEY, "SUPABASE_URL"),
        (URL, "two words", "SUPABASE_SERVICE_ROLE_KEY"),
        (URL, "line\nbreak", "SUPABASE_SERVICE_ROLE_KEY"),
        (URL, "schlüssel", "SUPABASE_SERVICE_ROLE_KEY"),
        (URL, "sb_publishable_7d1f", "SUPABASE_SERVICE_ROLE_KEY"),
        (URL, a_jwt(role="anon"), "SUPABASE_SERVICE_ROLE_KEY"),
        (URL, a_jwt(role="authenticated"), "SUPABASE_SERVICE_ROLE_KEY"),
    ],
)
def test_what_is_wrong_is_named(
    monkeypatch: pytest.MonkeyPatch, url: str, key: str, variable: str
) -> None:
    """A missing or wrong setting is named by its variable, before anything is sent."""
    monkeypatch.delenv("SUPABASE_URL", raising=False)
    monkeypatch.delenv("SUPABASE_SERVICE_ROLE_KEY", raising=False)
    with pytest.raises(ConfigurationError, match=f"^{variable}: ") as caught:
        SupabaseStorage("clips", url=url, key=key)
    assert "secret" not in str(caught.value)
    assert not key or key not in str(caught.value)


@pytest.mark.parametrize("bucket", ["", ".", "..", "a/b", "list", "public", 101 * "a", "ä", "a\0"])
def test_an_invalid_bucket_is_refused(bucket: str) -> None:
    """A name that is not allowed, or that is part of the service's routes, is refused."""
    with pytest.raises(ConfigurationError, match="bucket"):
        SupabaseStorage(bucket, url=URL, key=KEY)


def test_a_signed_url_needs_a_lifetime() -> None:
    """A lifetime of 0 seconds is refused."""
    with pytest.raises(ConfigurationError, match="expires_in"):
        SupabaseStorage("clips", url=URL, key=KEY, expires_in=0)

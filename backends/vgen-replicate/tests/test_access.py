"""Invalid tokens and base URLs are reported before anything is sent."""

from __future__ import annotations

import pytest

from vgen.errors import ConfigurationError
from vgen_replicate import CogVideoX
from vgen_replicate.access import Access


@pytest.mark.parametrize(
    "token",
    ["r8_SECRET\nB=x", "r8_SECRET\x00", "r8_SECRET\u00e9", "r8_SEC RET", "Bearer r8_SECRET"],
)
async def test_a_token_that_no_header_can_carry(token: str) -> None:
    """It is refused when the backend is opened, and is not shown."""
    backend = CogVideoX(token=token)
    with pytest.raises(ConfigurationError, match="REPLICATE_API_TOKEN") as caught:
        await backend.__aenter__()
    assert "SEC" not in str(caught.value)


@pytest.mark.parametrize(
    "address",
    [
        "localhost:8765/v1",
        "api.replicate.com/v1",
        "ftp://x/v1",
        "http://",
        "https://exa mple.com/v1",
        "http://[::1/v1",
        "http://user:SECRET@127.0.0.1:9/v1",
        "   ",
    ],
)
def test_an_invalid_base_url(address: str) -> None:
    """It is refused at once, and a password in it is not shown."""
    with pytest.raises(ConfigurationError, match="REPLICATE_BASE_URL") as caught:
        CogVideoX(base_url=address)
    assert "SECRET" not in str(caught.value)


def test_whitespace_and_slashes_are_stripped() -> None:
    """Whitespace around a token and a trailing slash of a base URL are removed."""
    access = Access.resolve(" r8_x\n", "http://127.0.0.1:8765/v1/")
    access.check()
    assert (access.token, access.base_url) == ("r8_x", "http://127.0.0.1:8765/v1")

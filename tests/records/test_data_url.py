"""`data:` URLs: what they hold, and what they are called."""

from __future__ import annotations

import base64
import hashlib
from urllib.parse import quote

import pytest

from vgen import ClipPrompt
from vgen.errors import InvalidPromptsError
from vgen.records import data_url
from vgen.records.data_url import content, named

BYTES = bytes(range(256)) * 50
ENCODED = base64.b64encode(BYTES).decode()


@pytest.mark.parametrize(
    "url",
    [
        f"data:image/png;base64,{ENCODED}",
        f"DATA:image/webp;charset=x;BASE64,{ENCODED.rstrip('=')}",
        f"data:image/jpeg;base64,{ENCODED[:700]}\n {ENCODED[700:]}",
        f"data:;base64,{quote(ENCODED, safe='')}",
        f"data:image/png,{quote(BYTES)}",
    ],
)
def test_holds_an_image(url: str) -> None:
    """In base64, padded, broken into lines or not, and percent-encoded; a prompt takes it."""
    assert content(url) == BYTES
    assert ClipPrompt(0, "x", 1, scene_reference_url=url).scene_reference_url == url


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("data:image/png;base64,AAA$", "is no base64: "),
        ("data:image/png;base64,AAAAA", "is no base64: "),
        (f"data:image/png;base64,{ENCODED}", "holds more than 0 MiB"),
    ],
)
def test_a_broken_url_is_a_wrong_prompt(
    url: str, problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one line names the field, and does not repeat the data."""
    monkeypatch.setattr(data_url, "MAX_BYTES", 1000)
    with pytest.raises(InvalidPromptsError) as caught:
        ClipPrompt(0, "x", 1, scene_reference_url=url)
    (line,) = caught.value.problems
    assert line.startswith(f"scene_reference_url: the data: URL {problem}")
    assert len(line) < 200


def test_is_called_by_its_bytes() -> None:
    """Its short name has its media type and a digest, and is no URL that holds anything."""
    name, data = named(f"data:image/PNG;base64,{ENCODED}")
    assert data == BYTES
    assert name == f"data:image/png;sha256={hashlib.sha256(BYTES).hexdigest()}"
    with pytest.raises(ValueError, match="no comma"):
        content(name)


def test_is_not_shown_whole() -> None:
    """A prompt's `repr`, which logs and tracebacks show, has no megabytes in it."""
    prompt = ClipPrompt(0, "x", 1, scene_reference_url=f"data:image/png;base64,{ENCODED}")
    assert len(repr(prompt)) < 300

"""Framing: whole rows of NAL units are told from overwritten ones without decoding them."""

from __future__ import annotations

import pytest

from vgen.video.bitstream import has_sound_framing

UNIT = b"\x65\x88\x84\x00\x00\x03\x00\x11"


def framed(*units: bytes, length_size: int = 4) -> bytes:
    """Units, each behind its length."""
    return b"".join(len(unit).to_bytes(length_size) + unit for unit in units)


@pytest.mark.parametrize("length_size", [1, 2, 4])
def test_whole_units(length_size: int) -> None:
    """Any number of units with lengths of any size is sound, and so is a little padding."""
    for units in ([UNIT], [UNIT, UNIT * 20], [UNIT + bytes(3)]):
        assert has_sound_framing(framed(*units, length_size=length_size), length_size)


@pytest.mark.parametrize(
    "payload",
    [
        bytes(50),
        framed(UNIT)[:-1],
        framed(UNIT) + b"\x01",
        framed(b""),
        framed(b"\x80" + UNIT),
        framed(UNIT + bytes(10) + UNIT),
        framed(UNIT, UNIT + bytes(20)),
    ],
    ids=["zeros", "short", "long", "empty", "forbidden bit", "zeros inside", "zeros at the end"],
)
def test_overwritten_units(payload: bytes) -> None:
    """Wrong lengths, a forbidden bit, or zeros that no encoder writes are not."""
    assert not has_sound_framing(payload, 4)

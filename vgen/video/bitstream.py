"""A check without decoding that packets are framed as H.264 and HEVC frame them in MP4."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from av.video.codeccontext import VideoCodecContext

LENGTH_SIZE_AT = {"h264": 4, "hevc": 21}
"""Where avcC and hvcC (ISO/IEC 14496-15) keep the size of a NAL unit's length field, less one."""

FORBIDDEN_BIT = 0x80
ZEROS = b"\0\0\0"


def payload_check(context: VideoCodecContext) -> Callable[[bytes], bool] | None:
    """A test for whole packets of this stream; None for codecs without such framing.

    A packet that fails has been overwritten; one that passes may still decode badly.
    """
    header = context.extradata or b""
    at = LENGTH_SIZE_AT.get(context.codec.canonical_name)
    if at is None or len(header) <= at or header[0] != 1:
        return None
    length_size = (header[at] & 3) + 1
    return lambda payload: has_sound_framing(payload, length_size)


def has_sound_framing(payload: bytes, length_size: int) -> bool:
    """Whether the payload is a row of length-prefixed NAL units and nothing else."""
    position = 0
    while position < len(payload):
        start = position + length_size
        position = start + int.from_bytes(payload[position:start], "big")
        if position > len(payload) or not _is_sound_unit(payload, start, position):
            return False
    return True


def _is_sound_unit(payload: bytes, start: int, end: int) -> bool:
    if start >= end or payload[start] & FORBIDDEN_BIT:
        return False
    # Emulation prevention keeps three zeros out of a unit; a few may pad its end.
    return payload.find(ZEROS, start, end - len(ZEROS)) < 0

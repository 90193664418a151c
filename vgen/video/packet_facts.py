"""What is known of a video packet without decoding it."""

from __future__ import annotations

from attrs import frozen


@frozen
class PacketFacts:
    """One video packet. Times are in units of the stream's time base.

    `shown` is false for a packet that an edit list only decodes. `sound` is false when the bytes
    cannot be what the codec writes.
    """

    pts: int | None
    duration: int
    size: int
    keyframe: bool
    corrupt: bool
    shown: bool
    sound: bool

"""A survey of a clip's packets: what the file holds, without decoding a picture."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, cast

from attrs import frozen

from vgen.errors import VideoError
from vgen.records.video import VideoInfo
from vgen.video.bitstream import payload_check
from vgen.video.packet_facts import PacketFacts
from vgen.video.source import Opened, opened
from vgen.video.timing import duration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from av.audio.codeccontext import AudioCodecContext
    from av.packet import Packet
    from av.video.stream import VideoStream

MAX_PACKETS = 200_000
"""Nearly two hours at 30 fps: far beyond any clip, and a bound on time and memory."""

MICROSECONDS = 1_000_000
"""FFmpeg counts the length of a container in microseconds."""


@frozen
class Survey:
    """A clip's summary and all packets of its video stream, in decoding order.

    `time_base` is in seconds. `checked` says whether `sound` means anything for this codec.
    `missing` is how many seconds less there are than the container promises; other streams may
    account for them.
    """

    info: VideoInfo
    packets: tuple[PacketFacts, ...]
    time_base: Fraction
    checked: bool
    missing: float


def survey(source: Path | bytes) -> Survey:
    """Reads every packet of a clip; raises `VideoError` when it is no usable video.

    What only a decoded picture tells for certain, its `Form`, is not known yet.
    """
    with opened(source) as clip:
        check = payload_check(clip.stream.codec_context)
        packets = tuple(_facts(packet, check) for packet in video_packets(clip))
        info = _info(clip, packets)
        return Survey(
            info,
            packets,
            _time_base(clip),
            checked=check is not None,
            missing=_missing(clip, info, packets),
        )


def video_packets(clip: Opened) -> Iterator[Packet[VideoStream]]:
    """The packets of the clip's video stream in decoding order, without the final empty one."""
    for count, packet in enumerate(clip.container.demux(clip.stream)):
        if count > MAX_PACKETS:
            raise VideoError(f"holds more than {MAX_PACKETS} packets")
        if packet.size:
            yield packet


def _facts(packet: Packet[VideoStream], check: Callable[[bytes], bool] | None) -> PacketFacts:
    return PacketFacts(
        pts=packet.pts,
        duration=packet.duration or 0,
        size=packet.size,
        keyframe=packet.is_keyframe,
        corrupt=packet.is_corrupt,
        shown=not packet.is_discard,
        sound=check is None or check(bytes(packet)),
    )


def _info(clip: Opened, packets: tuple[PacketFacts, ...]) -> VideoInfo:
    stream, container = clip.stream, clip.container
    context = stream.codec_context
    frames = sum(packet.shown for packet in packets)
    hidden = len(packets) - frames
    seconds = duration(clip, packets)
    return VideoInfo(
        container=clip.kind,
        codec=context.codec.canonical_name,
        pixel_format=context.pix_fmt or "",
        width=context.width,
        height=context.height,
        fps=frames / seconds,
        frames=frames,
        declared_frames=max(0, stream.frames - hidden),
        corrupt_packets=sum(packet.corrupt for packet in packets),
        duration=seconds,
        container_duration=_container_duration(container.duration),
        size_bytes=clip.size_bytes,
        audio=bool(container.streams.audio),
        audio_codec=_audio_codec(clip),
        comment=_comment(container.metadata),
    )


def _missing(clip: Opened, info: VideoInfo, packets: tuple[PacketFacts, ...]) -> float:
    # Some containers count their duration from time zero, others from the first picture.
    ends = [packet.pts + packet.duration for packet in packets if packet.pts is not None]
    seconds = max(info.duration, max(ends) * _time_base(clip))
    return float((info.container_duration or 0) - seconds)


def _time_base(clip: Opened) -> Fraction:
    return Fraction(clip.stream.time_base or 0)


def _container_duration(microseconds: int | None) -> Fraction | None:
    return None if microseconds is None else Fraction(microseconds, MICROSECONDS)


def _audio_codec(clip: Opened) -> str:
    for stream in clip.container.streams.audio:
        # PyAV's stubs do not say that there is no context for an unknown codec.
        context = cast("AudioCodecContext | None", stream.codec_context)
        return context.codec.canonical_name if context else ""
    return ""


def _comment(metadata: Mapping[str, str]) -> str:
    return next((text for key, text in metadata.items() if key.lower() == "comment"), "")

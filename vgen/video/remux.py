"""A clip in an MP4 file: its packets, copied from another container."""

from __future__ import annotations

from collections import Counter
from errno import EDQUOT, EFBIG, ENOSPC
from fractions import Fraction
from typing import TYPE_CHECKING, Any, cast

import av
from av.stream import Disposition

from vgen.errors import VideoError
from vgen.video.probe import probe
from vgen.video.source import opened
from vgen.video.survey import MAX_PACKETS
from vgen.video.tracks import Moment, Track, picture_track, sound_track

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from av.audio.stream import AudioStream
    from av.codec.context import CodecContext
    from av.container import OutputContainer
    from av.packet import Packet
    from av.video.stream import VideoStream

    from vgen.records.video import VideoInfo
    from vgen.video.source import Opened

PICTURES = frozenset({"h264", "hevc", "av1", "vp9", "mpeg4"})
"""Codecs with a sample entry of their own in MP4 (ISO/IEC 14496-14 and -15, and the bindings of AV1
and VP9), which FFmpeg writes. VP8 and ProRes have none that players of MP4 read."""

SOUNDS = frozenset({"aac", "mp3", "opus", "ac3", "eac3", "flac", "alac"})
"""So too. Browsers do not read PCM in MP4, and nobody Vorbis."""

TAGS = frozenset({"title", "artist", "copyright", "comment", "description"})

KEPT = (
    "codec",
    "pixel_format",
    "width",
    "height",
    "rotation",
    "pixel_aspect",
    "frames",
    "duration",
    "audio_codec",
)
"""What a probe must find unchanged."""

NO_ROOM = frozenset({ENOSPC, EDQUOT, EFBIG})

Moments = dict[int, list[Moment]]
"""The moments of each stream's packets, in order of decoding, by the stream's index."""


def remux(source: Path, info: VideoInfo, target: Path) -> bool:
    """Copies a clip's packets into an MP4 file, the same bytes for the same clip.

    `info` is what a probe of the clip has found. Pictures and sound go over as they are, with their
    times, turn and pixel aspect; a cover, chapters, timecodes and attachments are left out. Returns
    whether it could be done: if not, nothing is at `target`. Subtitles, transparency, a second
    picture track, and whatever else MP4 does not take, are reasons. Raises `OSError` where there is
    no room for it.
    """
    try:
        with opened(source) as clip:
            moments = read_moments(clip)
            start = _start(clip, moments)
            pictures = picture_track(clip, moments[clip.stream.index], info.duration, start)
        with opened(source, glance=False) as clip:
            _check_order(clip, moments)
            _copy(clip, _tracks(clip, pictures, moments, start), target)
        check_copy(target, info, moments)
    except VideoError as error:
        target.unlink(missing_ok=True)
        if isinstance(error.__cause__, OSError) and error.__cause__.errno in NO_ROOM:
            raise error.__cause__ from None
        return False
    return True


def read_moments(clip: Opened) -> Moments:
    """Reads when each packet is shown; raises `VideoError` where MP4 does not take the clip."""
    streams = clip.container.streams
    others = [s for s in streams.video if s.index != clip.stream.index and not _is_cover(s)]
    fits = _codec(clip.stream) in PICTURES and all(_codec(s) in SOUNDS for s in streams.audio)
    if not fits or others or streams.subtitles or _is_transparent(clip.stream):
        raise VideoError("MP4 does not take all of it")
    moments: Moments = {stream.index: [] for stream in _copied(clip)}
    for packet in _packets(clip):
        if packet.pts is None:
            raise VideoError("has packets without a time")
        moment = Moment(packet.pts, packet.duration or 0, not packet.is_discard)
        moments[packet.stream_index].append(moment)
    if not all(moments.values()):
        raise VideoError("has a stream without packets")
    return moments


def _is_cover(stream: VideoStream) -> bool:
    return bool(stream.disposition & Disposition.attached_pic)


def _is_transparent(stream: VideoStream) -> bool:
    return {key.lower(): text for key, text in stream.metadata.items()}.get("alpha_mode") == "1"


def _codec(stream: VideoStream | AudioStream) -> str:
    # PyAV's stubs do not say that there is no context for an unknown codec.
    context = cast("CodecContext | None", stream.codec_context)
    return context.codec.canonical_name if context else ""


def _copied(clip: Opened) -> list[VideoStream | AudioStream]:
    return [clip.stream, *clip.container.streams.audio]


def _packets(clip: Opened) -> Iterator[Packet[Any]]:
    """The packets of the copied streams, without the final empty ones."""
    for count, packet in enumerate(clip.container.demux(*_copied(clip))):
        if count > MAX_PACKETS:
            raise VideoError(f"holds more than {MAX_PACKETS} packets")
        if packet.size:
            yield packet


def _start(clip: Opened, moments: Moments) -> Fraction:
    """When the first of the streams begins, in seconds; 0 where sound begins earlier than that."""
    begins = [
        min(moment.pts for moment in moments[stream.index]) * Fraction(stream.time_base or 0)
        for stream in _copied(clip)
    ]
    return max(Fraction(0), min(begins))


def _check_order(clip: Opened, moments: Moments) -> None:
    """AVI has times of decoding alone: where pictures change places, FFmpeg may not know those."""
    times = [moment.pts for moment in moments[clip.stream.index]]
    if clip.kind == "avi" and clip.stream.codec_context.has_b_frames and times == sorted(times):
        raise VideoError("does not say when its pictures are shown")


def _tracks(clip: Opened, pictures: Track, moments: Moments, start: Fraction) -> dict[int, Track]:
    if {stream.index for stream in _copied(clip)} != moments.keys():
        raise VideoError("has other streams at a second look")
    sounds = {
        stream.index: sound_track(clip, stream, moments[stream.index], start)
        for stream in clip.container.streams.audio
    }
    return {clip.stream.index: pictures, **sounds}


def _copy(clip: Opened, tracks: Mapping[int, Track], target: Path) -> None:
    # Bit-exact, FFmpeg writes neither its version nor a time.
    options = {"fflags": "+bitexact", "movflags": "+faststart"}
    stamps = {index: iter(track.stamps) for index, track in tracks.items()}
    with av.open(str(target), "w", "mp4", container_options=options) as output:
        tags = {key.lower(): text for key, text in clip.container.metadata.items()}
        output.metadata.update({key: tags[key] for key in sorted(TAGS & tags.keys())})
        copies = {s.index: _add(output, s, tracks[s.index]) for s in _copied(clip)}
        for packet in _packets(clip):
            stamp = next(stamps[packet.stream_index], None)
            if stamp is None:
                raise VideoError("has more packets at a second look")
            packet.time_base = tracks[packet.stream_index].time_base
            packet.pts, packet.dts, packet.duration = stamp.pts, stamp.dts, stamp.duration
            packet.stream = copies[packet.stream_index]
            output.mux(packet)  # pyright: ignore[reportUnknownMemberType] - untyped in PyAV


def _add(output: OutputContainer, stream: VideoStream | AudioStream, track: Track) -> Any:
    # PyAV's stubs leave the type of further options open.
    added = output.add_stream_from_template(  # pyright: ignore[reportUnknownMemberType] - untyped in PyAV
        stream, opaque=True
    )
    added.time_base = track.time_base
    if _codec(stream) == "hevc":
        added.codec_context.codec_tag = "hvc1"  # without which Apple's players refuse it
    return added


def check_copy(target: Path, info: VideoInfo, moments: Moments) -> None:
    """Raises `VideoError` unless the copy is whole."""
    found = probe(target)
    changed = [name for name in KEPT if getattr(found, name) != getattr(info, name)]
    with opened(target) as copy:
        counts = Counter(packet.stream_index for packet in _packets(copy))
    whole = sorted(counts.values()) == sorted(map(len, moments.values()))
    if changed or not whole or found.corrupt_packets:
        raise VideoError(f"its copy differs: {changed or counts}")

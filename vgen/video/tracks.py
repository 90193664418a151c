"""When each packet of a clip is decoded and shown in MP4, which rounds no time."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from math import lcm
from typing import TYPE_CHECKING

from attrs import frozen

from vgen.errors import VideoError
from vgen.video.timing import ROUNDED_KINDS, exact_rate, keep_to

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from av.audio.stream import AudioStream

    from vgen.video.source import Opened


@frozen
class Moment:
    """When a packet is shown or heard, and for how long, in units of its stream's time base.

    `shown` is false for one that is only decoded.
    """

    pts: int
    duration: int
    shown: bool


@frozen
class Stamp:
    """When a packet is shown and decoded, and for how long, in units of its track's time base."""

    pts: int
    dts: int
    duration: int


@frozen
class Track:
    """The stamps of a stream's packets, in order of decoding; `time_base` is in seconds."""

    time_base: Fraction
    stamps: tuple[Stamp, ...]


def picture_track(
    clip: Opened, moments: Sequence[Moment], duration: Fraction, start: Fraction
) -> Track:
    """The track of pictures that last `duration` seconds in all; `start` becomes 0.

    Where a container rounds its timestamps and they keep to a frame rate, they become exact. Raises
    `VideoError` where they cannot be those of the pictures.
    """
    base = Fraction(clip.stream.time_base or 0)
    times = [moment.pts for moment in moments]
    rate = exact_rate(clip, sorted(times))
    if rate is not None:
        base, times = _exact(base, times, rate)
    shift = round(start / base)
    times = [time - shift for time in times]
    shown = [time for time, moment in zip(times, moments, strict=True) if moment.shown]
    last = duration / base - (max(shown) - min(shown))
    if last.denominator != 1 or last <= 0:
        raise VideoError("its last picture lasts no whole unit of time")
    return Track(base, tuple(_picture_stamps(times, int(last))))


def _exact(base: Fraction, times: Sequence[int], rate: Fraction) -> tuple[Fraction, list[int]]:
    """The times without rounding, in a time base that has both the frame rate and the first one."""
    unit = Fraction(1, lcm(base.denominator, rate.numerator))
    first = min(times)
    begin, step = round(first * base / unit), int(1 / rate / unit)
    return unit, [begin + step * round((time - first) * base * rate) for time in times]


def _picture_stamps(times: Sequence[int], last: int) -> Iterator[Stamp]:
    """Decoding times are those of showing, in order, and earlier by what that order needs.

    In MP4 the length of a picture is the step to the next one in order of decoding. So the step at
    the picture that is shown last must not be shorter than that is shown, nor must the last step.
    """
    order = sorted(times)
    lengths = {before: after - before for before, after in pairwise(order)}
    lengths |= {times[-1]: last, order[-1]: last}
    delay = max(time - own for time, own in zip(order, times, strict=True))
    place = times.index(order[-1])
    step = order[place + 1] - order[place] if place + 1 < len(order) else last
    early = max(0, last - step)
    for n, (time, own) in enumerate(zip(order, times, strict=True)):
        yield Stamp(own, time - delay - early * (n <= place), lengths[own])


def sound_track(
    clip: Opened, stream: AudioStream, moments: Sequence[Moment], start: Fraction
) -> Track:
    """The track of a stream's sound; `start`, in seconds, becomes 0.

    Where a container rounds its timestamps, the samples of a packet tell how long it lasts.
    """
    base, unit = Fraction(stream.time_base or 0), Fraction(1, stream.codec_context.sample_rate)
    samples, times = stream.codec_context.frame_size, [moment.pts for moment in moments]
    heard = [round((time * base - start) / unit) for time in times]
    last = round(moments[-1].duration * base / unit)
    if clip.kind in ROUNDED_KINDS and samples and keep_to(times, samples * unit / base):
        heard, last = [heard[0] + n * samples for n in range(len(heard))], samples
    lengths = [after - before for before, after in pairwise(heard)]
    lengths.append(last or (lengths[-1] if lengths else samples))
    return Track(unit, tuple(map(Stamp, heard, heard, lengths)))

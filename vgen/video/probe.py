"""The probe: what a video file holds, by its packets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import evolve

from vgen.video.pictures import first_form
from vgen.video.survey import survey

if TYPE_CHECKING:
    from pathlib import Path

    from vgen.records.video import VideoInfo
    from vgen.video.pictures import Form


def probe(source: Path | bytes) -> VideoInfo:
    """Measures a clip by its packets; only the first picture is decoded.

    A truncated clip whose index survived is still measured: it has fewer `frames` than
    `declared_frames`, and `judge` calls it damaged.

    Reads nothing but the source itself, whatever other files its bytes name, and never blocks:
    only regular files are opened. Raises `VideoError` with one plain line when the source is
    missing, unreadable or no usable MP4, QuickTime, Matroska, WebM or AVI video.
    """
    seen = survey(source)
    return with_form(seen.info, first_form(source, seen))


def with_form(info: VideoInfo, form: Form | None) -> VideoInfo:
    """Adds what the first picture tells, where there is one."""
    if form is None:
        return info
    return evolve(
        info,
        pixel_format=form.pixel_format,
        rotation=form.rotation,
        pixel_aspect=form.pixel_aspect,
    )

"""The probe: what a video file holds, by its packets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vgen.video.survey import survey

if TYPE_CHECKING:
    from pathlib import Path

    from vgen.records.video import VideoInfo


def probe(source: Path | bytes) -> VideoInfo:
    """Measures a clip by its packets; only the first picture is decoded.

    A truncated clip whose index survived is still measured: it has fewer `frames` than
    `declared_frames`, and `judge` calls it damaged.

    Reads nothing but the source itself, whatever other files its bytes name, and never blocks:
    only regular files are opened. Raises `VideoError` with one plain line when the source is
    missing, unreadable or no usable MP4, QuickTime, Matroska or WebM video.
    """
    return survey(source, peek=True).info

"""The containers of video files: the endings of their keys, and their media types."""

from __future__ import annotations

from pathlib import PurePosixPath

MP4 = ".mp4"

ENDINGS = {"mp4": MP4, "mov": ".mov", "matroska": ".mkv", "webm": ".webm", "avi": ".avi"}
"""The endings of files, by the container as `VideoInfo` names it."""

MEDIA_TYPES = {
    MP4: "video/mp4",
    ".mov": "video/quicktime",
    ".mkv": "video/matroska",
    ".webm": "video/webm",
    ".avi": "video/vnd.avi",
}
"""As they are registered; that of Matroska by RFC 9559."""


def media_type(key: str) -> str:
    """Return the media type of a stored clip, by its key's ending; without a known one, MP4's."""
    return MEDIA_TYPES.get(PurePosixPath(key).suffix.lower(), MEDIA_TYPES[MP4])

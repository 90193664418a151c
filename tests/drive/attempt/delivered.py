"""Clips as providers deliver them, in containers of all kinds, and jobs that get them."""

from __future__ import annotations

import hashlib
from fractions import Fraction
from functools import cache
from typing import Any

from attrs import field, frozen

from tests.drive.jobs import JOB, PLENTY, Fakes, prompts
from tests.video.clips import clouds
from tests.video.foreign import foreign
from vgen import Clips
from vgen.testing import FakeBackend, Spoil


@frozen
class Made:
    """How a clip is made that a provider delivers, and how it is stored."""

    ending: str
    codec: str
    making: dict[str, Any]
    audio_codec: str = ""
    rotation: int = 0
    pixel_aspect: Fraction = field(default=Fraction(1))

    @property
    def is_remuxed(self) -> bool:
        """Whether it comes in another container than it is stored in."""
        return self.ending == ".mp4" and self.making.get("container", "mp4") != "mp4"


WIDE = Fraction(4, 3)
SILENT: dict[str, Any] = {"silence": 2}
MADE = {
    "MP4": Made(".mp4", "h264", SILENT, "aac"),
    "MP4 of MPEG-4": Made(".mp4", "mpeg4", {"codec": "mpeg4"}),
    "WebM of VP9 with Opus": Made(
        ".mp4",
        "vp9",
        {"container": "webm", "codec": "libvpx-vp9", "sound": "libopus", **SILENT},
        "opus",
    ),
    "WebM of AV1": Made(".mp4", "av1", {"container": "webm", "codec": "libsvtav1"}),
    "a phone's QuickTime": Made(
        ".mp4",
        "h264",
        {"container": "mov", "turned": 90, "aspect": WIDE, **SILENT},
        "aac",
        90,
        WIDE,
    ),
    "Matroska": Made(".mp4", "h264", {"container": "matroska", **SILENT}, "aac"),
    "AVI": Made(".mp4", "mpeg4", {"container": "avi", "codec": "mpeg4"}),
    "ProRes": Made(
        ".mov", "prores", {"container": "mov", "codec": "prores_ks", "pixels": "yuv422p10le"}
    ),
    "WebM of VP8": Made(".webm", "vp8", {"container": "webm", "codec": "libvpx"}),
    "Matroska of FFV1": Made(".mkv", "ffv1", {"container": "matroska", "codec": "ffv1"}),
    "AVI of JPEGs": Made(
        ".avi", "mjpeg", {"container": "avi", "codec": "mjpeg", "pixels": "yuvj420p"}
    ),
}
CONTAINERS = {".mp4": "mp4", ".mov": "mov", ".webm": "webm", ".mkv": "matroska", ".avi": "avi"}


@cache
def content(name: str) -> bytes:
    """Two seconds of a moving picture in this form."""
    return foreign([frame[::2, ::2] for frame in clouds(30)], **MADE[name].making)


def delivering(*contents: bytes) -> Fakes:
    """Fakes whose clips 0, 1 and so on are these files, at their first attempts."""
    script = {str(number): [Spoil(data)] for number, data in enumerate(contents)}
    return Fakes([FakeBackend(script=script)])


async def run(fakes: Fakes, count: int = 1, **arguments: Any) -> Clips:
    """Run the job of so many clips."""
    async with fakes.runner(**arguments) as runner:
        texts = [str(number) for number in range(count)]
        return await runner.process(JOB, prompts(*texts), budget=PLENTY, min_clips=1)


def sha256(data: bytes) -> str:
    """The digest of a file."""
    return hashlib.sha256(data).hexdigest()

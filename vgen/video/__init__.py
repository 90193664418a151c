"""Video tools: encode frames, probe files, judge clips, check images."""

from __future__ import annotations

from vgen.records.video import Fault, Inspection, Judgement, VideoInfo
from vgen.video.encoder import Encoder
from vgen.video.image import ImageInfo, check_image
from vgen.video.judge import inspect, judge
from vgen.video.probe import probe

__all__ = [
    "Encoder",
    "Fault",
    "ImageInfo",
    "Inspection",
    "Judgement",
    "VideoInfo",
    "check_image",
    "inspect",
    "judge",
    "probe",
]

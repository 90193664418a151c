"""A scene: parts on a stage, drawn one over the other."""

from __future__ import annotations

from typing import Protocol

from attrs import frozen
from PIL import Image

from vgen_animatic.camera import View
from vgen_animatic.layer import Layer, Stage


class Part(Protocol):
    """Something that can be put onto a frame."""

    def draw(self, frame: Image.Image, stage: Stage, view: View, seconds: float, /) -> None:
        """Put it onto `frame` as it is after so many seconds, as the camera sees it."""
        ...


@frozen
class Scene:
    """A scene of one size; its `backdrop` fills the frame and is moved by the lens alone."""

    stage: Stage
    backdrop: Layer
    parts: tuple[Part, ...]

    def draw(self, seconds: float, view: View) -> Image.Image:
        """Draw it as it is after so many seconds, as the camera sees it."""
        if view.lens == 1.0:
            frame = self.backdrop.paint.copy()
        else:
            frame = Image.new("RGB", (self.stage.width, self.stage.height))
            self.backdrop.draw(frame, self.stage, view, seconds)
        for part in self.parts:
            part.draw(frame, self.stage, view, seconds)
        return frame

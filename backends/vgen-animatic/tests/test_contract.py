"""The animatic keeps what the port promises."""

from __future__ import annotations

from vgen.abc import VideoBackend
from vgen.testing.contracts import BackendContract
from vgen_animatic import Animatic


class TestAnimatic(BackendContract):
    """Drawn in worker threads, with real time."""

    def make(self) -> VideoBackend:
        return Animatic()

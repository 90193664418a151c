"""Marks of backends that talk to a stand-in for their provider, and so cannot spend money."""

from __future__ import annotations

import weakref
from typing import TypeVar

from vgen.ports.backend import VideoBackend

B = TypeVar("B", bound=VideoBackend)

_marked: set[int] = set()


def stand_in(backend: B) -> B:
    """Mark a backend as talking to a stand-in for its provider, and return it.

    With vgen's pytest plug-in a backend that is paid refuses to submit in a test, unless the test
    is marked `vgen_live` or the backend was handed through here. A `FakeBackend` always may.
    """
    _marked.add(id(backend))
    weakref.finalize(backend, _marked.discard, id(backend))
    return backend


def is_stand_in(backend: VideoBackend) -> bool:
    """Whether the backend is a fake, or was marked as having a stand-in for its provider."""
    from vgen.testing.backend import FakeBackend  # noqa: PLC0415 - imported only when needed

    return isinstance(backend, FakeBackend) or id(backend) in _marked

"""Calls of a backend's methods: traced, and their undocumented exceptions translated."""

from __future__ import annotations

import logging
from collections.abc import Generator
from contextlib import contextmanager, nullcontext

from vgen.drive.observe.tracing import call_span
from vgen.errors import GenerationError, VgenError
from vgen.ports.backend import VideoBackend

logger = logging.getLogger("vgen")


@contextmanager
def backend_call(backend: VideoBackend, name: str = "") -> Generator[None]:
    """Translate what a backend raises besides vgen's own errors: it is a defect of the plug-in.

    `name` opens a span for the call in the block; without one it is traced elsewhere.

    Raises:
        GenerationError: the backend raised something that is no error of vgen's.
    """
    try:
        with call_span(backend.name, name) if name else nullcontext():
            yield
    except VgenError:
        raise
    except Exception as error:
        logger.exception("backend %s broke", backend.name)
        raise GenerationError(f"{backend.name}: {type(error).__name__}: {error}") from error

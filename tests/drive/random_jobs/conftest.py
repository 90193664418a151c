"""Fixtures and Hypothesis profiles of the random jobs: no logs, and files in memory."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Generator

import pytest
from hypothesis import Phase, settings

from tests.memory import IN_MEMORY

SHRINK = (Phase.generate, Phase.target, Phase.shrink)

DETERMINISTIC = settings.get_profile("ci")
settings.register_profile("planted", DETERMINISTIC, phases=(Phase.generate,))
settings.register_profile("planted-shrunk", DETERMINISTIC, phases=SHRINK)
# Explaining a failure traces every line, which takes minutes here and says little.
if (chosen := settings.get_current_profile_name()) in {"default", "ci"}:
    all_phases = (Phase.explicit, Phase.reuse, *SHRINK)
    settings.register_profile("shrunk", settings.get_profile(chosen), phases=all_phases)
    settings.load_profile("shrunk")


@pytest.fixture(autouse=True)
def fast(no_threads: None, monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    """Thousands of jobs log nothing, and put their files in memory where the machine has it."""
    if IN_MEMORY:
        monkeypatch.setattr(tempfile, "tempdir", IN_MEMORY)
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)

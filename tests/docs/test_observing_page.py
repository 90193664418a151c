"""The examples of the page on logging and OpenTelemetry run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from .test_examples import blocks

LOGGING, TRACING = blocks("docs/observing.md", "python")


@pytest.mark.parametrize(
    ("program", "said"),
    [
        (LOGGING, ["clip None: JobOpened", "clip 0: ClipStored", "clip None: JobFinished"]),
        (
            TRACING,
            ["GET /trailer", "vgen.job", "vgen.provider submit", "vgen.attempt.flight.duration"],
        ),
    ],
    ids=["logging", "opentelemetry"],
)
def test_the_examples_say_what_they_should(program: str, said: list[str], tmp_path: Path) -> None:
    """Each runs as it stands: records with the job's fields, spans within the caller's, metrics."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert [part for part in said if part not in done.stdout + done.stderr] == []

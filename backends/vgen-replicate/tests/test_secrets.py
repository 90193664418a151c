"""The API token stays between vgen and the service."""

from __future__ import annotations

import logging
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

import pytest

from vgen import ClipPrompt, DirectoryStorage, Event, Settings, SQLiteLedger, process
from vgen.errors import AccountError, InsufficientClipsError
from vgen.testing import stand_in
from vgen_replicate import CogVideoX
from vgen_replicate.simulator import Faults

from .server import running_simulator

TOKEN = "r8_a_token_that_nobody_may_see"  # noqa: S105 (it opens nothing)
SPEED = 500
FAULTS = Faults(lost_answer=0.2, dropped=0.1, server_error=0.1, html=0.1, failed=0.3)


async def test_the_token_is_not_leaked(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """No log, event, error or file of a job with faults contains it."""
    caplog.set_level(logging.DEBUG)
    seen: list[Event] = []
    prompts = [ClipPrompt(n, f"take {n}", 6.0) for n in range(4)]
    errors: list[Exception] = []
    with running_simulator(speed=SPEED, token=TOKEN, faults=FAULTS, seed=3) as service:
        for base_url in (service.url, service.url.replace("/v1", "/nowhere")):
            backend = CogVideoX(token=TOKEN, base_url=base_url, quiet=0.05)
            try:
                await process(
                    uuid4(),
                    prompts,
                    backends=[stand_in(backend)],
                    storage=DirectoryStorage(tmp_path),
                    ledger=SQLiteLedger(tmp_path / "vgen.db"),
                    settings=Settings(poll_interval=0.01, backoff=0.01),
                    observer=seen.append,
                    budget=Decimal(9),
                )
            except (AccountError, InsufficientClipsError) as error:
                errors.append(error)
    assert errors
    texts = [caplog.text, repr(seen), repr(errors), *map(str, errors)]
    assert not any(TOKEN in text for text in texts)
    assert not any(TOKEN.encode() in data for data in contents(tmp_path))


def contents(folder: Path) -> list[bytes]:
    """The contents of all files in a folder."""
    return [path.read_bytes() for path in folder.rglob("*") if path.is_file()]

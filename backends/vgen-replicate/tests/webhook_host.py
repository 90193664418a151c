"""A service that makes one job's clips, and takes the webhooks about them; run as a process."""

from __future__ import annotations

import sys
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import hypercorn.trio
import trio
from hypercorn.config import Config

import vgen
from vgen.webhooks import webhook_app
from vgen_replicate import CogVideoX
from vgen_replicate.simulator.simulator import TOKEN

JOB = UUID(int=17)
POLL_INTERVAL = 0.1
"""The net is forty times that."""


async def serve(runner: vgen.Runner, port: int) -> None:
    """Serve the application that takes webhooks, until cancelled."""
    config = Config()
    config.bind = [f"127.0.0.1:{port}"]
    config.loglevel = "ERROR"
    config.graceful_timeout = 0
    app = cast("Any", webhook_app(runner))
    await hypercorn.trio.serve(app, config, mode="asgi")  # pyright: ignore[reportUnknownMemberType] - its WSGI is untyped


async def main(url: str, folder: Path, port: int, clips: int) -> None:
    """Make the clips, or finish what an earlier run has begun."""
    webhook_url = f"http://127.0.0.1:{port}/webhooks/vgen"
    async with (
        vgen.open_runner(
            backends=[CogVideoX(token=TOKEN, base_url=url, webhook_url=webhook_url)],
            storage=vgen.DirectoryStorage(folder / "clips"),
            ledger=vgen.SQLiteLedger(folder / "vgen.db"),
            settings=vgen.Settings(concurrency=clips, poll_interval=POLL_INTERVAL),
        ) as runner,
        trio.open_nursery() as nursery,
    ):
        nursery.start_soon(serve, runner, port)
        prompts = [vgen.ClipPrompt(index, f"clip {index}", 6.0) for index in range(clips)]
        await runner.process(JOB, prompts, budget=Decimal(100), min_clips=clips)
        nursery.cancel_scope.cancel()


if __name__ == "__main__":
    url, folder, port, clips = sys.argv[1:]
    trio.run(partial(main, url, Path(folder), int(port), int(clips)))

"""Downloading an attempt's output, and inspecting the file."""

from __future__ import annotations

import logging
from pathlib import Path

import trio

from vgen.drive.attempt.expiry import has_expired
from vgen.drive.attempt.run import AttemptRun
from vgen.drive.attempt.verdict import wait_until_reached
from vgen.drive.media.inspector import Inspector
from vgen.errors import (
    AccountError,
    AttemptError,
    NetworkError,
    RateLimitedError,
    RetryableError,
    VgenError,
    VideoError,
)
from vgen.records.settings import Settings
from vgen.records.video import Fault, Inspection

logger = logging.getLogger("vgen")

DOWNLOADS = 5
"""How often a download is tried before it is left for a later run."""


async def download(
    run: AttemptRun, path: Path, inspector: Inspector, limiter: trio.CapacityLimiter
) -> Inspection:
    """Download to `path` until the file is complete, and return what it is.

    A broken download is downloaded again, not generated again; one that is damaged and still of use
    is returned when no download is better. Each waits until the provider can be reached. The
    `limiter` is held while bytes move and while the file is inspected, never during a pause.

    Raises:
        VideoError: the output is gone, useless in the last download, or kept no longer.
        RetryableError: it could not be had in this run.
        AccountError: the provider refuses the account.
    """
    failure: VgenError = VideoError("it was never fetched")
    for tried in range(DOWNLOADS):
        asked = failure.retry_after if isinstance(failure, RateLimitedError) else None
        await pause(run.context.settings, tried, asked)
        if isinstance(failure, NetworkError):
            await wait_until_reached(run)
        try:
            async with limiter:
                async with run.call("fetch"):
                    await run.backend.fetch(run.ticket, path)
                found = await inspector.video(path, asked=run.promised_seconds)
        except (RetryableError, VideoError) as error:
            failure = error
        except AccountError:
            raise
        except AttemptError as error:
            raise failure if tried else VideoError(f"the output is gone: {error}") from error
        else:
            damaged, last = Fault.DAMAGED in found.judgement.faults, tried == DOWNLOADS - 1
            if not damaged or (last and not found.judgement.useless):
                return found
            failure = VideoError("; ".join(found.judgement.explanations))
        logger.info("clip %d: download %d failed: %s", run.attempt.clip_index, tried + 1, failure)
    if await has_expired(run):
        message = f"it could not be had for as long as {run.backend.name} keeps it: {failure}"
        raise VideoError(message) from failure
    raise failure


async def pause(settings: Settings, tried: int, least: float | None = None) -> None:
    """Wait before another try, twice as long each time, and at least `least` seconds."""
    if tried:
        await trio.sleep(max(settings.backoff * 2 ** (tried - 1), least or 0.0))

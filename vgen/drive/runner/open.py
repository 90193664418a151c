"""Opening a runner, and making one job's clips on a runner of its own."""

from __future__ import annotations

import os
import random
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from pathlib import Path
from typing import Unpack
from uuid import UUID, uuid4

import trio

from vgen.drive.attempt.context import AttemptContext
from vgen.drive.attempt.delivery import Delivery
from vgen.drive.attempt.expectations import Expectations
from vgen.drive.attempt.polling import Poller
from vgen.drive.attempt.run import LEDGER_PATIENCE
from vgen.drive.attempt.spool import Spool
from vgen.drive.clip.claims import Claims
from vgen.drive.clip.processes import this_process
from vgen.drive.exception_groups import single_error
from vgen.drive.job.context import JobContext
from vgen.drive.job.draft import DraftTools
from vgen.drive.job.options import JobKeywords, JobOptions
from vgen.drive.job.pipeline import as_prompts
from vgen.drive.job.plan import plan as plan_job
from vgen.drive.limits.concurrency import FlightLimits
from vgen.drive.limits.stop_notices import StopNotices
from vgen.drive.limits.window import Window
from vgen.drive.media.images import Images
from vgen.drive.media.inspector import Inspector
from vgen.drive.observe.observers import guarded
from vgen.drive.observe.tracing import with_metrics
from vgen.drive.runner.calls import CallTracker
from vgen.drive.runner.runner import Runner
from vgen.drive.runner.webhooks import listen
from vgen.errors import ConfigurationError
from vgen.ports.backend import VideoBackend, WaitableBackend
from vgen.ports.events import Observer
from vgen.ports.ledger import CostLedger
from vgen.ports.storage import Storage
from vgen.records.clip import Clips
from vgen.records.plan import JobPlan
from vgen.records.prompt import ClipPrompt, ClipPrompts
from vgen.records.settings import Settings
from vgen.scratch import Scratch

FINAL_WRITES = 2 * LEDGER_PATIENCE
"""How long a cancelled job may take beyond its grace to write down how it ended, in seconds."""


def clip_key(job_id: UUID, clip_index: int) -> str:
    """Return the default storage key of a clip that is an MP4 file."""
    return f"{job_id}/clip_{clip_index:03d}.mp4"


@asynccontextmanager
async def open_runner(
    *,
    backends: Sequence[VideoBackend],
    storage: Storage,
    ledger: CostLedger,
    settings: Settings | None = None,
    observer: Observer | None = None,
    inspector: Inspector | None = None,
    spool: Path | str | None = None,
    clip_key: Callable[[UUID, int], str] = clip_key,
) -> AsyncGenerator[Runner]:
    """Open a runner over a route of `backends`, first choice first; closes all that it was given.

    `settings` are read from the environment by default. `clip_key` returns a clip's key in
    storage, for an MP4 file: another one has its own ending in place of `.mp4`. A clip that cannot
    be stored is kept in the folder `spool`, if one is given, until a later run stores it; without
    one that run downloads it again. Many jobs may run at once, each in the task that called for it.
    On exit the block waits for all of them; when it raises or is cancelled, they are cancelled
    first.

    Raises:
        ConfigurationError: no backend, two of one name, or a wrong setting.
    """
    settings = settings or Settings.from_environment(os.environ)
    by_name, calls = _by_name(backends), CallTracker()
    async with AsyncExitStack() as stack:
        stack.enter_context(calls.whole_runner())
        stack.enter_context(single_error())
        for resource in (storage, ledger):
            await stack.enter_async_context(aclosing(resource))
        for backend in backends:
            await stack.enter_async_context(backend)
        folder = stack.enter_context(Scratch()).path
        nursery = await stack.enter_async_context(trio.open_nursery())
        flight = FlightLimits.of(
            backends, concurrency=settings.concurrency, backoff=settings.backoff
        )
        calls_to = {backend.name: flight.pace(backend).calls for backend in backends}
        pollers = _pollers(by_name, calls_to, interval=settings.poll_interval)
        nursery.start_soon(flight.in_flight.run)
        for name, poller in pollers.items():
            nursery.start_soon(poller.run)
            if by_name[name].capabilities.notifies:
                nursery.start_soon(listen, ledger, by_name[name].account, poller)
        attempts = AttemptContext(
            ledger,
            settings,
            pollers,
            calls_to,
            Expectations(ledger, by_name),
            with_metrics(guarded(observer)),
        )
        context = JobContext(
            backends=by_name,
            attempts=attempts,
            delivery=Delivery(
                storage=storage,
                inspector=inspector or Inspector(thorough=settings.thorough),
                downloads=trio.CapacityLimiter(settings.fetches),
                writes=trio.CapacityLimiter(settings.fetches),
                folder=folder,
                spool=None if spool is None else Spool(Path(spool)),
                clip_key=clip_key,
            ),
            claims=Claims(ledger, this_process(), StopNotices(), settings.grace, time.time),
            flight=flight,
            random=random.random,
        )
        async with calls.closing(cleanup_timeout=settings.grace + FINAL_WRITES):
            yield Runner(context, calls)
        nursery.cancel_scope.cancel()


def _by_name(backends: Sequence[VideoBackend]) -> dict[str, VideoBackend]:
    by_name = {backend.name: backend for backend in backends}
    if not by_name:
        raise ConfigurationError("backends: give at least one")
    if len(by_name) < len(backends):
        raise ConfigurationError("backends: each may stand in the route once")
    return by_name


def _pollers(
    backends: Mapping[str, VideoBackend], calls: Mapping[str, Window], *, interval: float
) -> dict[str, Poller]:
    return {
        name: Poller(backend, calls[name], interval=interval)
        for name, backend in backends.items()
        if not isinstance(backend, WaitableBackend)
    }


async def process(
    job_id: UUID,
    clip_prompts: ClipPrompts | Sequence[ClipPrompt],
    *,
    backends: Sequence[VideoBackend],
    storage: Storage,
    ledger: CostLedger,
    settings: Settings | None = None,
    observer: Observer | None = None,
    **options: Unpack[JobKeywords],
) -> Clips:
    """Make one job's clips on a runner of its own: see `open_runner` and `Runner.process`."""
    async with open_runner(
        backends=backends, storage=storage, ledger=ledger, settings=settings, observer=observer
    ) as runner:
        return await runner.process(job_id, clip_prompts, **options)


async def plan(
    clip_prompts: ClipPrompts | Sequence[ClipPrompt],
    *,
    backends: Sequence[VideoBackend],
    storage: Storage,
    ledger: CostLedger,
    settings: Settings | None = None,
    job_id: UUID | None = None,
    clip_key: Callable[[UUID, int], str] = clip_key,
    **options: Unpack[JobKeywords],
) -> JobPlan:
    """Return what a job would come to: see `Runner.plan`.

    The backends are not opened: no account is needed. Closes the ledger and the storage.

    Raises:
        ConfigurationError: no backend, two of one name, or a wrong setting.
    """
    settings = settings or Settings.from_environment(os.environ)
    images = Images(storage, Inspector(), backoff=settings.backoff)
    tools = DraftTools(_by_name(backends), ledger, settings, storage, images, clip_key)
    async with aclosing(storage), aclosing(ledger):
        given = as_prompts(clip_prompts)
        return await plan_job(tools, job_id or uuid4(), given, JobOptions(**options))

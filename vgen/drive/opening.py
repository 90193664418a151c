"""Opening a runner, and one job on a runner of its own."""

from __future__ import annotations

import os
import random
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import trio

from vgen.drive import marks
from vgen.drive.attempt import LEDGER_PATIENCE
from vgen.drive.bare import bare_errors
from vgen.drive.inspector import Inspector
from vgen.drive.kit import Kit
from vgen.drive.life import Life
from vgen.drive.owners import this_process
from vgen.drive.pauses import Pauses
from vgen.drive.polling import Poller
from vgen.drive.runner import Runner
from vgen.drive.stops import Stops
from vgen.drive.telling import teller
from vgen.errors import ConfigurationError
from vgen.ports.backend import VideoBackend, WaitableBackend
from vgen.ports.events import Observer
from vgen.ports.ledger import CostLedger
from vgen.ports.storage import Storage
from vgen.records.clip import Clips
from vgen.records.money import ZERO
from vgen.records.prompt import ClipPrompt, ClipPrompts
from vgen.records.settings import Settings
from vgen.scratch import Scratch

WRITING = 2 * LEDGER_PATIENCE
"""How long a job that was cancelled may take beyond its grace to write down how it ended, in
seconds."""


def clip_key(job_id: UUID, clip_index: int) -> str:
    """Give the default storage key of a clip."""
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

    `settings` come from the environment where none are given. `clip_key` names the place of a
    clip in storage. What cannot be stored is kept in the folder `spool`, if one is given, until a
    later run stores it; else that run fetches it anew. Many jobs may run at once, each in the task
    that called for it. The block's end waits for all of them; a block that raises or is cancelled
    cancels them first.

    Raises:
        ConfigurationError: no backend, two of one name, or a wrong setting.
    """
    settings = settings or Settings.from_environment(os.environ)
    by_name = _by_name(backends)
    async with AsyncExitStack() as stack:
        stack.enter_context(bare_errors())
        for resource in (storage, ledger):
            await stack.enter_async_context(aclosing(resource))
        for backend in backends:
            await stack.enter_async_context(backend)
        folder = stack.enter_context(Scratch()).path
        nursery = await stack.enter_async_context(trio.open_nursery())
        pollers = {
            name: Poller(backend, interval=settings.poll_interval)
            for name, backend in by_name.items()
            if not isinstance(backend, WaitableBackend)
        }
        for poller in pollers.values():
            nursery.start_soon(poller.run)
        kit = Kit(
            backends=by_name,
            storage=storage,
            ledger=ledger,
            settings=settings,
            inspector=inspector or Inspector(thorough=settings.thorough),
            limiter=trio.CapacityLimiter(settings.concurrency),
            fetching=trio.CapacityLimiter(settings.fetches),
            storing=trio.CapacityLimiter(settings.fetches),
            slots=_slots(by_name),
            pollers=pollers,
            pauses=Pauses(),
            stops=Stops(),
            folder=folder,
            spool=None if spool is None else Path(spool),
            owner=this_process(),
            tell=marks.metered(teller(observer)),
            chance=random.random,
            clip_key=clip_key,
        )
        life = Life()
        async with life.lived(patience=settings.grace + WRITING):
            yield Runner(kit, life)
        nursery.cancel_scope.cancel()


def _by_name(backends: Sequence[VideoBackend]) -> dict[str, VideoBackend]:
    by_name = {backend.name: backend for backend in backends}
    if not by_name:
        raise ConfigurationError("backends: give at least one")
    if len(by_name) < len(backends):
        raise ConfigurationError("backends: each may stand in the route once")
    return by_name


def _slots(backends: Mapping[str, VideoBackend]) -> dict[str, trio.CapacityLimiter]:
    return {
        name: trio.CapacityLimiter(most)
        for name, backend in backends.items()
        if (most := backend.capabilities.max_concurrent) is not None
    }


async def process(  # noqa: PLR0913 (the keywords of the two calls that it joins)
    job_id: UUID,
    clip_prompts: ClipPrompts | Sequence[ClipPrompt],
    *,
    backends: Sequence[VideoBackend],
    storage: Storage,
    ledger: CostLedger,
    settings: Settings | None = None,
    observer: Observer | None = None,
    budget: Decimal = ZERO,
    already_spent: Decimal = ZERO,
    min_clips: int = 3,
) -> Clips:
    """Make one job's clips on a runner of its own: see `open_runner` and `Runner.process`."""
    async with open_runner(
        backends=backends, storage=storage, ledger=ledger, settings=settings, observer=observer
    ) as runner:
        return await runner.process(
            job_id,
            clip_prompts,
            budget=budget,
            already_spent=already_spent,
            min_clips=min_clips,
        )

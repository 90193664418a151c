"""`vgen takes` and `vgen choose`: the takes of a job's clips, and which of them is the clip."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from uuid import UUID

import trio
from rich.text import Text

from vgen import Runner, Settings, Take, open_runner
from vgen.cli import plugins
from vgen.cli.console import stdout_console
from vgen.cli.exit_codes import ExitCode
from vgen.cli.ledger_option import existing_ledger, job_by_prefix
from vgen.cli.storage_option import ClipStorage
from vgen.cli.tables import Table
from vgen.cli.text import dollars, safe_text
from vgen.errors import ConfigurationError
from vgen.records.books import JobQuery

Work = Callable[[Runner, UUID], Awaitable[Sequence[Take]]]


def takes(url: str | None, storage: str | None, out: Path, job: str | None) -> ExitCode:
    """List the takes of a job's clips; without `job`, of the ledger's newest job."""
    found = trio.run(_with_runner, url, storage, out, job, _list)
    _show(found)
    return ExitCode.DONE


def choose(
    url: str | None, storage: str | None, out: Path, job: str, clip_index: int, take: int
) -> ExitCode:
    """Make a take the clip, and show it."""

    async def work(runner: Runner, job_id: UUID) -> Sequence[Take]:
        return [await runner.choose(job_id, clip_index, take)]

    _show(trio.run(_with_runner, url, storage, out, job, work))
    return ExitCode.DONE


async def _list(runner: Runner, job_id: UUID) -> Sequence[Take]:
    stdout_console().print(Text(f"job {job_id}\n"))
    return await runner.takes(job_id)


async def _with_runner(
    url: str | None, storage: str | None, out: Path, job: str | None, work: Work
) -> Sequence[Take]:
    ledger = existing_ledger(url, out)
    newest = await ledger.jobs(JobQuery(limit=1))
    if not newest:
        raise ConfigurationError("the ledger has no job")
    job_id = await job_by_prefix(ledger, job) if job else newest[0].job_id
    clips = ClipStorage(storage, out)
    backends, _problems = plugins.make_route(["animatic"])
    async with open_runner(
        backends=backends,
        storage=clips,
        ledger=ledger,
        settings=Settings.from_environment(os.environ),
        clip_key=clips.key,
    ) as runner:
        return await work(runner, job_id)


def _show(found: Sequence[Take]) -> None:
    if not found:
        stdout_console().print(Text("no take yet"))
        return
    columns = ("Clip", "Take", "", "Backend", "Cost", "File", "Prompt")
    table = Table(*columns, right=("Clip", "Take", "Cost"))
    for take in found:
        file = take.clip.take
        table.add_row(
            str(take.clip_index),
            str(take.number),
            Text("chosen" if take.chosen else "", "green"),
            take.clip.backend,
            dollars(take.cost) if take.cost else "free",
            file.reference if file else take.clip.reference,
            safe_text(take.request.prompt, "dim"),
        )
    stdout_console().print(table)

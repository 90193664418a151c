"""A web service that makes clips in the background: FastAPI, with one runner for its whole life.

    cd docs/examples && VGEN_IMAGES=. uvicorn service:app --timeout-graceful-shutdown 5

serves on http://127.0.0.1:8000. It needs vgen, vgen-animatic, vgen-replicate, fastapi and uvicorn.

    curl --json @midnight_drive.json 'http://127.0.0.1:8000/jobs?budget=2.50'
    curl http://127.0.0.1:8000/jobs/JOB_ID              # as it stands: progress, money, clips
    curl -N http://127.0.0.1:8000/jobs/JOB_ID/events    # the same whenever it changes, to its end
    curl -X DELETE http://127.0.0.1:8000/jobs/JOB_ID    # stops it
    curl http://127.0.0.1:8000/spending                 # what this month has cost

A job outlives its request and, however that ends, the service: the next start goes on with it and
pays for nothing twice. Only images that prompts hold are lost: let them have addresses. Prompts may
be sent again with their `job_id`. `VGEN_FOLDER` is for clips and ledger, `VGEN_IMAGES` for images;
`VGEN_URL` is its address. It asks nobody who they are. Without `REPLICATE_API_TOKEN` it draws only.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from logging import getLogger
from pathlib import Path
from uuid import UUID, uuid4

import anyio.abc
from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.responses import StreamingResponse
from fastapi.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

import vgen.aio
from vgen import ClipProgress, JobOpened, JobQuery, JobState, SpendingKey, to_json
from vgen.errors import BudgetExceededError, InvalidPromptsError, NotFoundError, VgenError
from vgen_animatic import Animatic
from vgen_replicate import CogVideoX, StableVideoDiffusion

FOLDER = Path(os.environ.get("VGEN_FOLDER", "vgen-service"))
MAX_BODY = 8 * 1024 * 1024  # bytes
UNFINISHED = JobQuery(states=set(JobState) - {JobState.FINISHED, JobState.SHORT}, limit=10_000)
CODES: dict[type, int] = {InvalidPromptsError: 422, BudgetExceededError: 402, NotFoundError: 404}
Start = AbstractAsyncContextManager[vgen.aio.StartedJob]


class Jobs:
    """The jobs that are at work here, each in a task of its own, and how far their clips are."""

    def __init__(self, runner: vgen.aio.Runner, tasks: anyio.abc.TaskGroup) -> None:
        self.runner, self.tasks = runner, tasks
        self.at_work: dict[UUID, dict[int, ClipProgress]] = {}

    async def go_on(self) -> None:
        """Clear up what a service that died has left open, and go on with its unfinished jobs."""
        await self.runner.reconcile()
        for found in await self.runner.jobs(UNFINISHED):
            if (job := await self.runner.job(found.job_id)) and not job.stopped:
                prompts = [planned.prompt for planned in job.manifest.clips]
                start = self.runner.start(found.job_id, prompts, min_clips=job.manifest.min_clips)
                try:
                    await self.tasks.start(self.make, start)
                except VgenError as error:
                    getLogger("uvicorn.error").warning("job %s: %s", found.job_id, error)

    async def make(self, start: Start, *, task_status: anyio.abc.TaskStatus[None]) -> None:
        """Make a job: it is started once the ledger has it; before that, errors are raised."""
        opened, progress = False, dict[int, ClipProgress]()
        async with start as job:
            async for event in job.events:
                if isinstance(event, JobOpened):
                    opened, self.at_work[job.job_id] = True, progress
                    task_status.started()
                elif isinstance(event, ClipProgress):
                    self.at_work.setdefault(job.job_id, progress)[event.clip_index] = event
            self.at_work = {i: each for i, each in self.at_work.items() if each is not progress}
            if opened:  # else the error is raised
                try:
                    await job.result()
                except Exception as error:  # noqa: BLE001 - it ends this job alone
                    getLogger("uvicorn.error").warning("job %s: %s", job.job_id, error)

    async def state(self, job_id: UUID) -> dict[str, object]:
        """Tell how a job stands."""
        progress = self.at_work.get(job_id)  # asked first: a job ends in the ledger, then here
        if (job := await self.runner.job(job_id)) is None:
            raise NotFoundError(f"there is no job {job_id}")
        return {
            "job_id": job_id,
            "at_work": progress is not None,
            "outcome": job.outcome,
            "account": job.account,
            "total_clips": len(job.manifest.clips),
            "clips": {a.clip_index: a.clip for a in job.attempts if a.clip},
            "progress": progress or {},
            "failures": {a.clip_index: a.reason for a in job.attempts if a.reason},
        }

    async def follow(self, job_id: UUID, request: Request) -> AsyncGenerator[str]:
        """Tell how a job stands whenever that has changed, as server-sent events."""
        told, at_work = "", True
        while at_work and not await request.is_disconnected():
            state = await self.state(job_id)
            line, at_work = f"data: {to_json(state)}\n\n", bool(state["at_work"])
            yield line if line != told else ":\n\n"
            told = line
            await asyncio.sleep(1)


class EventStream(StreamingResponse):
    """An answer that ends in good order when the server stops, where Starlette's is cut off."""

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Send it all."""
        try:
            await self.stream_response(send)
        except asyncio.CancelledError:
            await send({"type": "http.response.body"})


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
    """Keep one runner open; at the end, cancel the jobs that are at work."""
    await anyio.Path(FOLDER).mkdir(parents=True, exist_ok=True)
    paid = "REPLICATE_API_TOKEN" in os.environ
    images = os.environ.get("VGEN_IMAGES", FOLDER / "images")
    url = os.environ.get("VGEN_URL", "http://127.0.0.1:8000") + "/clips"
    runner = vgen.aio.open_runner(
        backends=[StableVideoDiffusion(), CogVideoX()] if paid else [Animatic()],
        storage=vgen.DirectoryStorage(FOLDER / "clips", images=[images], base_url=url),
        ledger=vgen.SQLiteLedger(FOLDER / "vgen.db"),
        spool=FOLDER / "spool",
    )
    async with runner as opened, anyio.create_task_group() as tasks:
        app.state.jobs = Jobs(opened, tasks)
        await app.state.jobs.go_on()
        yield
        tasks.cancel_scope.cancel()


app = FastAPI(title="vgen", lifespan=lifespan)
app.mount("/clips", StaticFiles(directory=FOLDER / "clips", check_dir=False))


def answer(record: object, status: int = 200) -> Response:
    """Spell a record as JSON."""
    return Response(to_json(record), status, media_type="application/json")


@app.exception_handler(VgenError)
async def refuse(_request: Request, error: VgenError) -> Response:
    """Answer with the lines that say what is wrong."""
    lines = error.problems if isinstance(error, InvalidPromptsError) else (str(error),)
    return answer({"error": type(error).__name__, "detail": lines}, CODES.get(type(error), 503))


@app.post("/jobs")
async def make(request: Request, budget: Decimal = Decimal(0), min_clips: int = 3) -> Response:
    """Make a job's clips, or those that an earlier request has left to make."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            raise HTTPException(413, f"body: must have at most {MAX_BODY} bytes")
    prompts = vgen.read_prompts(bytes(body), source="body").prompts()
    job_id, jobs = prompts.job_id or uuid4(), app.state.jobs
    start = jobs.runner.start(job_id, prompts, budget=budget, min_clips=min_clips)
    await jobs.tasks.start(jobs.make, start)
    return answer(await jobs.state(job_id), 202)


@app.get("/jobs/{job_id}")
async def show(job_id: UUID) -> Response:
    """Show a job as it stands."""
    return answer(await app.state.jobs.state(job_id))


@app.get("/jobs/{job_id}/events")
async def follow(job_id: UUID, request: Request) -> Response:
    """Follow a job to its end."""
    await app.state.jobs.state(job_id)
    return EventStream(app.state.jobs.follow(job_id, request), media_type="text/event-stream")


@app.delete("/jobs/{job_id}")
async def cancel(job_id: UUID) -> Response:
    """Stop a job, which may take some seconds, and show how it stands then."""
    await app.state.jobs.runner.cancel(job_id)
    return answer(await app.state.jobs.state(job_id))


@app.get("/spending")
async def spending() -> Response:
    """Tell what was booked since this month began, by UTC, on each backend."""
    since = datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    spent = await app.state.jobs.runner.spending(since, by=[SpendingKey.BACKEND])
    return answer({"since": since, "total": sum(each.spent for each in spent), "backends": spent})

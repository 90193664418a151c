"""A web service that makes clips: FastAPI, with one runner for its whole life.

    export VGEN_IMAGES=docs/examples
    uvicorn --app-dir docs/examples service:app --timeout-graceful-shutdown 5

serves on http://127.0.0.1:8000. It needs vgen, vgen-animatic, vgen-replicate, fastapi and uvicorn.

    curl --json @docs/examples/midnight_drive.json -N 'http://127.0.0.1:8000/jobs?budget=2.50'
    curl http://127.0.0.1:8000/jobs/JOB_ID                # as it stands: its money, its clips
    curl -X DELETE http://127.0.0.1:8000/jobs/JOB_ID      # stops it, wherever it runs
    curl http://127.0.0.1:8000/health

The first makes a job and follows it: an event for whatever happens, then one named `done` with the
clips or `error` with the reason. A client that hangs up (Ctrl-C in curl) cancels its job. The same
job again, with its `job_id` beside its `clip_prompts`, makes only what is missing. What is refused
before anything was sent is no stream but a line for each thing that is wrong: 422 for the input,
402 where the budget does not hold the job.

`VGEN_FOLDER` is where clips and ledger go, `VGEN_IMAGES` where images with relative paths are read
from. With `REPLICATE_API_TOKEN` clips come from Replicate (at `REPLICATE_BASE_URL`, if that is set,
such as its simulator's), else they are previews. The service asks nobody who they are: let it stand
behind something that does. When it is told to stop it waits for its jobs, with
`--timeout-graceful-shutdown` for so many seconds, and then cancels them at the provider.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Annotated, cast
from uuid import UUID, uuid4

import anyio
from fastapi import Depends, FastAPI, HTTPException, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.types import Receive, Scope, Send

import vgen
import vgen.aio
from vgen.abc import Job, VideoBackend
from vgen.errors import BudgetExceededError, InvalidPromptsError, VgenError
from vgen_animatic import Animatic
from vgen_replicate import CogVideoX, StableVideoDiffusion

QUIET = 15.0
"""After how many seconds without an event a line is sent, lest a proxy take the job for dead."""

EVENT_STREAM = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-store")]
STATUSES: dict[type[VgenError], int] = {InvalidPromptsError: 422, BudgetExceededError: 402}
STOPPING = "the service is stopping and has cancelled the job: the same job again finishes it"


def backends() -> list[VideoBackend]:
    """Replicate's models where there is an account, else previews that cost nothing."""
    if os.environ.get("REPLICATE_API_TOKEN"):
        return [StableVideoDiffusion(), CogVideoX()]
    return [Animatic()]


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncGenerator[dict[str, vgen.aio.Runner]]:
    """Keep one runner open; first of all, clear up what a service that died has left open."""
    folder = Path(os.environ.get("VGEN_FOLDER", "vgen-service"))
    images = os.environ.get("VGEN_IMAGES", folder / "images")
    await anyio.Path(folder).mkdir(parents=True, exist_ok=True)
    async with vgen.aio.open_runner(
        backends=backends(),
        storage=vgen.DirectoryStorage(folder / "clips", images=[images]),
        ledger=vgen.SQLiteLedger(folder / "vgen.db"),
        spool=folder / "spool",
    ) as runner:
        await runner.reconcile()
        yield {"runner": runner}


def runner_of(request: Request) -> vgen.aio.Runner:
    """Find what `lifespan` has opened."""
    return cast("vgen.aio.Runner", request.state.runner)


def answer(record: object, status: int = 200) -> Response:
    """Spell a record as JSON."""
    return Response(vgen.to_json(record), status, media_type="application/json")


def why(error: VgenError) -> dict[str, object]:
    """Say what is wrong, each thing in a line."""
    lines = error.problems if isinstance(error, InvalidPromptsError) else (str(error),)
    return {"error": type(error).__name__, "detail": lines}


def refusal(error: VgenError) -> Response:
    """Answer a request that nothing comes of."""
    return answer(why(error), STATUSES.get(type(error), 503))


class JobStream(Response):
    """A job's events as server-sent events, for as long as the client listens.

    The answer begins with the first event, so that a job that is refused has a status of its own.
    """

    def __init__(self, start: AbstractAsyncContextManager[vgen.aio.StartedJob]) -> None:
        super().__init__()
        self.start = start
        self.begun = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Make the job; a client that hangs up cancels it, and so does a server that stops."""
        async with anyio.create_task_group() as group:

            async def watch() -> None:
                while (await receive())["type"] != "http.disconnect":
                    pass
                group.cancel_scope.cancel()

            group.start_soon(watch)
            try:
                await self.follow(send)
            except VgenError as error:
                await self.fail(error, scope, receive, send)
            except asyncio.CancelledError:
                task = asyncio.current_task()
                if task is None or group.cancel_scope.cancel_called:
                    raise
                task.uncancel()  # it is the server that stops, and the client is there to be told
                await self.fail(VgenError(STOPPING), scope, receive, send)
            group.cancel_scope.cancel()

    async def follow(self, send: Send) -> None:
        """Tell all that happens, and then give the clips."""
        async with self.start as job:
            while line := await next_line(job.events):
                await self.tell(line, send)
            clips = await job.result()
        await self.tell(spelled("done", clips), send, more=False)

    async def tell(self, line: str, send: Send, *, more: bool = True) -> None:
        """Send one event; the answer ends with the one that has no `more` behind it."""
        if not self.begun:
            self.begun = True
            await send({"type": "http.response.start", "status": 200, "headers": EVENT_STREAM})
        await send({"type": "http.response.body", "body": line.encode(), "more_body": more})

    async def fail(self, error: VgenError, scope: Scope, receive: Receive, send: Send) -> None:
        """Say why there are no clips, in whichever way is still open."""
        if self.begun:
            await self.tell(spelled("error", why(error)), send, more=False)
        else:
            await refusal(error)(scope, receive, send)


async def next_line(events: vgen.aio.EventStream) -> str:
    """Spell the next event, or a comment where none comes for a while; nothing at the end."""
    try:
        async with asyncio.timeout(QUIET):
            event = await anext(events, None)
    except TimeoutError:
        return ": at work\n\n"
    return "" if event is None else spelled(type(event).__name__, event)


def spelled(name: str, record: object) -> str:
    """Spell a record as a server-sent event."""
    return f"event: {name}\ndata: {vgen.to_json(record)}\n\n"


app = FastAPI(title="vgen", lifespan=lifespan)
TheRunner = Annotated[vgen.aio.Runner, Depends(runner_of)]


@app.exception_handler(VgenError)
async def refuse(_request: Request, error: VgenError) -> Response:
    """Answer with the lines that say what is wrong."""
    return refusal(error)


@app.exception_handler(RequestValidationError)
async def refuse_parameters(_request: Request, error: RequestValidationError) -> Response:
    """Say what is wrong with a request's parameters, in lines of the same form."""
    return refusal(
        InvalidPromptsError(
            f"{e['loc'][-1]}: {e['msg']}, got {e['input']!r}" for e in error.errors()
        )
    )


@app.post("/jobs")
async def make(
    request: Request,
    runner: TheRunner,
    budget: Annotated[Decimal, Query(ge=0)] = Decimal(0),
    min_clips: int = 3,
) -> Response:
    """Make a job's clips, or those that an earlier request has left to make."""
    prompts = vgen.read_prompts(await request.body(), source="body").prompts()
    job_id = prompts.job_id or uuid4()
    return JobStream(runner.start(job_id, prompts, budget=budget, min_clips=min_clips))


@app.get("/jobs/{job_id}")
async def show(runner: TheRunner, job_id: UUID) -> Response:
    """Show a job as it stands."""
    return as_it_stands(await known(runner, job_id))


@app.delete("/jobs/{job_id}")
async def cancel(runner: TheRunner, job_id: UUID) -> Response:
    """Stop a job wherever it runs, which may take some seconds, and show how it stands then."""
    await known(runner, job_id)
    await runner.cancel(job_id)
    return as_it_stands(await known(runner, job_id))


async def known(runner: vgen.aio.Runner, job_id: UUID) -> Job:
    """Give a job as the ledger has it."""
    job = await runner.job(job_id)
    if job is None:
        raise HTTPException(404, f"there is no job {job_id}")
    return job


def as_it_stands(job: Job) -> Response:
    """Spell what a client wants to know; `open` are the clips that are not at an end."""
    made = {attempt.clip_index: attempt.clip for attempt in job.attempts if attempt.clip}
    return answer(
        {
            "job_id": job.manifest.job_id,
            "total_clips": len(job.manifest.clips),
            "outcome": job.outcome,
            "account": job.account,
            "open": sorted({attempt.clip_index for attempt in job.attempts if attempt.is_open}),
            "clips": [made[index] for index in sorted(made)],
        }
    )


@app.get("/health")
async def health(runner: TheRunner) -> Response:
    """Say how much is in flight, and how much waits."""
    return answer(runner.statistics())

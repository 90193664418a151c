"""The promises of a runner in a program without an event loop."""

from __future__ import annotations

import os
import resource
import threading
import traceback
from collections.abc import Callable, Generator
from contextlib import ExitStack
from contextvars import ContextVar
from math import inf
from pathlib import Path
from time import monotonic, sleep
from uuid import uuid4

import pytest

import vgen.blocking
from vgen import ClipStored, Event, JobFinished, JobOpened
from vgen.abc import Account, Manifest
from vgen.blocking import Runner
from vgen.errors import ConfigurationError, InsufficientClipsError, InvalidPromptsError, LedgerError
from vgen.records.money import Need
from vgen.testing import FakeBackend, MemoryLedger, Outage, Refuse
from vgen.testing.faults import Faults

from .parts import HANGING, PLENTY, PROMPTS, QUICK, Parts, UnreachableLedger, threads_and_sockets


def until(condition: Callable[[], object]) -> None:
    """Wait until a condition holds, for at most 20 seconds."""
    end = monotonic() + 20
    while not condition():
        assert monotonic() < end
        sleep(0.005)


@pytest.fixture(autouse=True)
def nothing_is_left() -> Generator[None]:
    """Check after each test that it has left no thread or socket."""
    before = threads_and_sockets()
    yield
    assert threads_and_sockets() == before


def test_clips_are_made() -> None:
    """A job returns its clips, and the runner's end closes its backend."""
    parts = Parts()
    with vgen.blocking.open_runner(**parts.arguments()) as runner:
        clips = runner.process(uuid4(), PROMPTS, budget=PLENTY)
        assert clips.successful_clips == 3
        assert repr(runner) == "<Runner: 0 in flight, 0 waiting>"
        assert runner.statistics().in_flight == 0
    assert parts.fake.closed


def test_a_job_in_three_steps() -> None:
    """A job can be opened, run clip by clip, and concluded."""
    job = uuid4()
    with vgen.blocking.open_runner(**Parts().arguments()) as runner:
        manifest = runner.open_job(job, PROMPTS, budget=PLENTY)
        for planned in manifest.clips:
            runner.run_clip(job, planned.clip_index)
        assert runner.conclude(job).successful_clips == 3
        known = runner.job(job)
        assert known is not None
        assert known.account.held == 0
        assert runner.unsettled() == ()
        assert runner.reconcile() == ()


def test_a_job_can_be_followed() -> None:
    """Its events come in order, from its opening to its end, and then its result."""
    with (
        vgen.blocking.open_runner(**Parts().arguments()) as runner,
        runner.start(uuid4(), PROMPTS, budget=PLENTY) as job,
    ):
        events = list(job.events)
        clips = job.result()
        assert list(job.events) == []
        assert "ended" in repr(job)
    assert isinstance(events[0], JobOpened)
    assert isinstance(events[-1], JobFinished)
    assert events[-1].clips == clips
    assert sum(isinstance(event, ClipStored) for event in events) == 3


def test_errors_propagate_unchanged() -> None:
    """An error has the documented class, its cause, and the traceback of its origin."""
    with vgen.blocking.open_runner(**Parts(fake=FakeBackend(default=Refuse())).arguments()) as run:
        with pytest.raises(InsufficientClipsError) as failed:
            run.process(uuid4(), PROMPTS, budget=PLENTY)
        assert len(failed.value.clips.failures) == 3
        with pytest.raises(InvalidPromptsError, match="clip_prompts: 2 cannot") as wrong:
            run.process(uuid4(), PROMPTS[:2], budget=PLENTY)
    text = "".join(traceback.format_exception(wrong.value))
    assert "vgen/drive/job/pipeline.py" in text
    assert __file__ in text
    with (
        vgen.blocking.open_runner(**Parts(ledger=UnreachableLedger()).arguments()) as run,
        pytest.raises(LedgerError, match="nobody answers") as broken,
    ):
        run.process(uuid4(), PROMPTS, budget=PLENTY)
    assert isinstance(broken.value.__cause__, ConnectionRefusedError)


def test_an_error_that_was_not_retrieved_is_raised() -> None:
    """A started job that fails raises at the block's end, unless `result` has raised it."""
    with vgen.blocking.open_runner(**Parts(fake=FakeBackend(default=Refuse())).arguments()) as run:
        with pytest.raises(InsufficientClipsError), run.start(uuid4(), PROMPTS, budget=PLENTY):
            pass
        with (
            run.start(uuid4(), PROMPTS, budget=PLENTY) as job,
            pytest.raises(InsufficientClipsError),
        ):
            job.result()


def test_leaving_a_started_job_by_an_error_cancels_it() -> None:
    """The block's own error propagates once the job is cancelled at the provider."""
    parts = Parts(fake=FakeBackend(script=HANGING, default=QUICK))
    job_id = uuid4()

    def follow(runner: Runner) -> None:
        with runner.start(job_id, PROMPTS, budget=PLENTY) as job:
            for event in job.events:
                if isinstance(event, ClipStored):
                    raise ZeroDivisionError

    with vgen.blocking.open_runner(**parts.arguments()) as runner:
        with pytest.raises(ZeroDivisionError):
            follow(runner)
        assert parts.fake.running == []
        assert parts.held(job_id) == 0


def test_an_error_during_cleanup_becomes_a_note() -> None:
    """A ledger that fails while a job is cancelled by an error is named in that error's notes."""
    parts = Parts(fake=FakeBackend(script=HANGING, default=QUICK))

    def follow(runner: Runner) -> None:
        with runner.start(uuid4(), PROMPTS, budget=PLENTY):
            until(lambda: len(parts.storage.files) == 4)
            parts.ledger.faults = Faults([Outage(ends=inf)], LedgerError)
            raise ZeroDivisionError

    with vgen.blocking.open_runner(**parts.arguments()) as runner:
        with pytest.raises(ZeroDivisionError) as error:
            follow(runner)
        assert error.value.__notes__ == ["and at the same time: LedgerError: advance: it is down"]
        parts.ledger.faults.stop()


def test_leaving_waits_for_the_jobs_of_other_threads() -> None:
    """A runner's block ends when its jobs have ended; threads may share it."""
    parts, made = Parts(), list[int]()

    def job(runner: Runner) -> None:
        clips = runner.process(uuid4(), PROMPTS, budget=PLENTY)
        made.append(clips.successful_clips)

    with vgen.blocking.open_runner(**parts.arguments()) as runner:
        threads = [threading.Thread(target=job, args=[runner]) for _ in range(4)]
        for thread in threads:
            thread.start()
        until(lambda: len(parts.fake.submitted) == 12)
    assert parts.fake.closed
    for thread in threads:
        thread.join()
    assert made == [3] * 4


def test_a_started_jobs_block_may_outlive_the_runner() -> None:
    """The runner's block waits for the job, not for the job's block in another thread."""
    closed, made = threading.Event(), threading.Event()
    order: list[str] = []

    def follow(runner: Runner) -> None:
        with runner.start(uuid4(), PROMPTS, budget=PLENTY) as job:
            job.result()
            made.set()
            assert closed.wait(20)
            assert job.result().successful_clips == 3
        order.append("left")

    with vgen.blocking.open_runner(**Parts().arguments()) as runner:
        thread = threading.Thread(target=follow, args=[runner])
        thread.start()
        assert made.wait(20)
    order.append("closed")
    closed.set()
    thread.join()
    assert order == ["closed", "left"]


def test_leaving_by_an_error_cancels_the_jobs() -> None:
    """Once the jobs are cancelled, their calls raise that the runner is closed."""
    parts = Parts(fake=FakeBackend(script=HANGING, default=QUICK))
    messages: list[str] = []

    def job(runner: Runner) -> None:
        with pytest.raises(RuntimeError) as error:
            runner.process(uuid4(), PROMPTS, budget=PLENTY)
        messages.append(str(error.value))

    def leave(threads: list[threading.Thread]) -> None:
        with vgen.blocking.open_runner(**parts.arguments()) as runner:
            threads.append(threading.Thread(target=job, args=[runner]))
            threads[0].start()
            until(lambda: len(parts.storage.files) == 4)
            raise ZeroDivisionError

    threads: list[threading.Thread] = []
    with pytest.raises(ZeroDivisionError):
        leave(threads)
    assert parts.fake.running == []
    threads[0].join()
    assert messages == ["the runner is closed: this call was cancelled with it"]


def test_a_closed_runner_refuses_calls() -> None:
    """Every call of a closed runner raises `RuntimeError`."""
    with vgen.blocking.open_runner(**Parts().arguments()) as runner:
        pass
    with pytest.raises(RuntimeError, match=r"^the runner is closed$"):
        runner.process(uuid4(), PROMPTS)
    with (
        pytest.raises(RuntimeError, match=r"^the runner is closed$"),
        runner.start(uuid4(), PROMPTS),
    ):
        pass
    assert runner.statistics().in_flight == 0


def test_two_runners_at_once() -> None:
    """Two runners are independent."""
    with vgen.blocking.open_runner(**Parts().arguments()) as first:
        with vgen.blocking.open_runner(**Parts().arguments()) as second:
            for runner in (first, second):
                assert runner.process(uuid4(), PROMPTS, budget=PLENTY).successful_clips == 3
        assert first.process(uuid4(), PROMPTS, budget=PLENTY).successful_clips == 3


def test_an_observer_that_raises_changes_nothing() -> None:
    """The runner's and the job's observer get the same events; neither may call the runner."""
    runner_events, job_events, refused = list[Event](), list[Event](), list[str]()
    with vgen.blocking.open_runner(**Parts().arguments(), observer=runner_events.append) as runner:

        def observe(event: Event) -> None:
            job_events.append(event)
            try:
                runner.unsettled()
            except RuntimeError as error:
                refused.append(str(error))
            raise ZeroDivisionError

        clips = runner.process(uuid4(), PROMPTS, budget=PLENTY, observer=observe)
    assert clips.successful_clips == 3
    assert job_events == runner_events
    assert set(refused) == {
        "an observer cannot call its runner: it is called in the runner's own thread"
    }


def test_a_plan_and_the_books() -> None:
    """What a job will come to, and what it came to, by a runner and without one."""
    parts = Parts()
    with vgen.blocking.open_runner(**parts.arguments()) as runner:
        plan = runner.plan(PROMPTS)
        runner.process(plan.job_id, PROMPTS, budget=plan.least)
        assert [job.account.spent for job in runner.jobs()] == [plan.expected]
        assert [each.spent for each in runner.spending()] == [plan.expected]
    planned = vgen.blocking.plan(
        PROMPTS, backends=[parts.fake], storage=parts.storage, ledger=parts.ledger
    )
    assert planned.expected == plan.expected


def test_context_variables_are_passed_on() -> None:
    """The caller's context variables are visible in the ledger's calls."""
    customer = ContextVar("customer", default="nobody")
    seen: list[str] = []

    class ReadsContext(MemoryLedger):
        async def open_job(self, manifest: Manifest, need: Need) -> Account:
            seen.append(customer.get())
            return await super().open_job(manifest, need)

    with vgen.blocking.open_runner(**Parts(ledger=ReadsContext()).arguments()) as runner:
        customer.set("somebody")
        runner.process(uuid4(), PROMPTS, budget=PLENTY)
    assert seen == ["somebody"]


def test_a_runner_that_cannot_be_opened_raises() -> None:
    """`open_runner` raises the error."""
    arguments = Parts().arguments()
    arguments["backends"] = []
    with (
        pytest.raises(ConfigurationError, match="give at least one"),
        vgen.blocking.open_runner(**arguments),
    ):
        pass


def test_too_many_open_files_raise() -> None:
    """`open_runner` raises the `OSError` at once."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)
    arguments = Parts().arguments()
    with ExitStack() as files:
        lowest = files.enter_context(Path(os.devnull).open()).fileno()
        resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, most[1]))
        files.callback(resource.setrlimit, resource.RLIMIT_NOFILE, most)
        with (
            pytest.raises(OSError, match="Too many open files"),
            vgen.blocking.open_runner(**arguments),
        ):
            pass


def test_one_job_on_a_runner_of_its_own() -> None:
    """`process` opens a runner, makes the clips and closes its backend."""
    parts = Parts()
    arguments = parts.arguments()
    clips = vgen.blocking.process(
        uuid4(),
        PROMPTS,
        backends=arguments["backends"],
        storage=arguments["storage"],
        ledger=arguments["ledger"],
        settings=arguments["settings"],
        budget=PLENTY,
    )
    assert clips.successful_clips == 3
    assert parts.fake.closed

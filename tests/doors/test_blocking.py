"""The promises of a runner in a program without an event loop."""

from __future__ import annotations

import os
import resource
import threading
import traceback
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack
from contextvars import ContextVar
from math import inf
from pathlib import Path
from time import monotonic, sleep
from uuid import uuid4

import pytest

import vgen.blocking
from vgen import ClipStored, Event, JobFinished, JobOpened
from vgen.abc import Account, Attempt, Manifest
from vgen.blocking import Runner
from vgen.errors import ConfigurationError, InsufficientClipsError, InvalidPromptsError, LedgerError
from vgen.testing import FakeBackend, MemoryLedger, Outage, Refuse
from vgen.testing.faults import Faults

from .parts import HANGING, PLENTY, PROMPTS, SOON, Parts, Unreachable, running


def until(condition: Callable[[], object]) -> None:
    """Wait for a condition, but not for ever."""
    end = monotonic() + 20
    while not condition():
        assert monotonic() < end
        sleep(0.005)


@pytest.fixture(autouse=True)
def nothing_is_left() -> Generator[None]:
    """After each test the threads and sockets are those from before."""
    before = running()
    yield
    assert running() == before


def test_clips_are_made() -> None:
    """A job's clips come back, and the runner's parts are closed with it."""
    parts = Parts()
    with vgen.blocking.open_runner(**parts.arguments()) as runner:
        clips = runner.process(uuid4(), PROMPTS, budget=PLENTY)
        assert clips.successful_clips == 3
        assert repr(runner) == "<Runner: 0 in flight, 0 waiting>"
        assert runner.statistics().in_flight == 0
    assert parts.fake.closed


def test_a_job_is_its_three_steps() -> None:
    """A job can be opened, its clips made one by one, and concluded."""
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


def test_errors_come_bare_and_whole() -> None:
    """An error is the class that the docs name, with the place where it arose."""
    with vgen.blocking.open_runner(**Parts(fake=FakeBackend(default=Refuse())).arguments()) as run:
        with pytest.raises(InsufficientClipsError) as failed:
            run.process(uuid4(), PROMPTS, budget=PLENTY)
        assert len(failed.value.clips.failures) == 3
        with pytest.raises(InvalidPromptsError, match="clip_prompts: 2 cannot") as wrong:
            run.process(uuid4(), PROMPTS[:2], budget=PLENTY)
    told = "".join(traceback.format_exception(wrong.value))
    assert "vgen/drive/job/pipeline.py" in told
    assert __file__ in told
    with (
        vgen.blocking.open_runner(**Parts(ledger=Unreachable()).arguments()) as run,
        pytest.raises(LedgerError, match="nobody answers") as broken,
    ):
        run.process(uuid4(), PROMPTS, budget=PLENTY)
    assert isinstance(broken.value.__cause__, ConnectionRefusedError)


def test_an_error_that_nobody_asked_for_is_raised() -> None:
    """A followed job that fails raises at the block's end, unless its result was asked for."""
    with vgen.blocking.open_runner(**Parts(fake=FakeBackend(default=Refuse())).arguments()) as run:
        with pytest.raises(InsufficientClipsError), run.start(uuid4(), PROMPTS, budget=PLENTY):
            pass
        with (
            run.start(uuid4(), PROMPTS, budget=PLENTY) as job,
            pytest.raises(InsufficientClipsError),
        ):
            job.result()


def test_leaving_a_followed_job_by_an_error_cancels_it() -> None:
    """The block's own error comes out, when the job has been cancelled at the provider."""
    parts = Parts(fake=FakeBackend(script=HANGING, default=SOON))
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


def test_what_goes_wrong_while_stopping_is_noted() -> None:
    """A ledger that breaks while a job is stopped is named in the notes of what stopped it."""
    parts = Parts(fake=FakeBackend(script=HANGING, default=SOON))

    def follow(runner: Runner) -> None:
        with runner.start(uuid4(), PROMPTS, budget=PLENTY):
            until(lambda: len(parts.storage.files) == 2)
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


def test_a_followed_jobs_block_may_outlive_the_runner() -> None:
    """The runner's block waits for the job, and not for what another thread does with it."""
    closed, made = threading.Event(), threading.Event()
    told: list[str] = []

    def follow(runner: Runner) -> None:
        with runner.start(uuid4(), PROMPTS, budget=PLENTY) as job:
            job.result()
            made.set()
            assert closed.wait(20)
            assert job.result().successful_clips == 3
        told.append("left")

    with vgen.blocking.open_runner(**Parts().arguments()) as runner:
        thread = threading.Thread(target=follow, args=[runner])
        thread.start()
        assert made.wait(20)
    told.append("closed")
    closed.set()
    thread.join()
    assert told == ["closed", "left"]


def test_leaving_by_an_error_cancels_the_jobs() -> None:
    """Their callers hear that the runner was closed, when their jobs have been cancelled."""
    parts = Parts(fake=FakeBackend(script=HANGING, default=SOON))
    told: list[str] = []

    def job(runner: Runner) -> None:
        with pytest.raises(RuntimeError) as error:
            runner.process(uuid4(), PROMPTS, budget=PLENTY)
        told.append(str(error.value))

    def leave(threads: list[threading.Thread]) -> None:
        with vgen.blocking.open_runner(**parts.arguments()) as runner:
            threads.append(threading.Thread(target=job, args=[runner]))
            threads[0].start()
            until(lambda: len(parts.storage.files) == 2)
            raise ZeroDivisionError

    threads: list[threading.Thread] = []
    with pytest.raises(ZeroDivisionError):
        leave(threads)
    assert parts.fake.running == []
    threads[0].join()
    assert told == ["the runner is closed: this call was cancelled with it"]


def test_a_closed_runner_says_so() -> None:
    """Every call of a runner that was closed is refused in one line."""
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
    """Two runners do not know of each other."""
    with vgen.blocking.open_runner(**Parts().arguments()) as first:
        with vgen.blocking.open_runner(**Parts().arguments()) as second:
            for runner in (first, second):
                assert runner.process(uuid4(), PROMPTS, budget=PLENTY).successful_clips == 3
        assert first.process(uuid4(), PROMPTS, budget=PLENTY).successful_clips == 3


def test_an_observer_that_raises_changes_nothing() -> None:
    """The runner's observer and the job's are told the same; calling the runner is refused."""
    told, heard, refused = list[Event](), list[Event](), list[str]()
    with vgen.blocking.open_runner(**Parts().arguments(), observer=told.append) as runner:

        def hear(event: Event) -> None:
            heard.append(event)
            try:
                runner.unsettled()
            except RuntimeError as error:
                refused.append(str(error))
            raise ZeroDivisionError

        clips = runner.process(uuid4(), PROMPTS, budget=PLENTY, observer=hear)
    assert clips.successful_clips == 3
    assert heard == told
    assert set(refused) == {
        "an observer cannot call its runner: it is called in the runner's own thread"
    }


def test_context_variables_cross() -> None:
    """What the caller has set is seen by what works for it."""
    customer = ContextVar("customer", default="nobody")
    seen: list[str] = []

    class Watching(MemoryLedger):
        async def open_job(self, manifest: Manifest, holds: Sequence[Attempt]) -> Account:
            seen.append(customer.get())
            return await super().open_job(manifest, holds)

    with vgen.blocking.open_runner(**Parts(ledger=Watching()).arguments()) as runner:
        customer.set("somebody")
        runner.process(uuid4(), PROMPTS, budget=PLENTY)
    assert seen == ["somebody"]


def test_a_runner_that_cannot_be_opened_leaves_nothing() -> None:
    """The error comes out of the opening."""
    arguments = Parts().arguments()
    arguments["backends"] = []
    with (
        pytest.raises(ConfigurationError, match="give at least one"),
        vgen.blocking.open_runner(**arguments),
    ):
        pass


def test_a_process_that_can_open_no_more_files_is_told() -> None:
    """The error of the operating system comes out of the opening, which waits for nothing."""
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
    """`process` opens a runner, makes the clips and closes what it was given."""
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

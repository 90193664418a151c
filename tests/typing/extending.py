"""A user's backend, storage, ledger and tests, for the type checkers: it is never run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import assert_never, assert_type
from uuid import UUID

import httpx
from trio.testing import MockClock

from vgen import Clips, Inspector, abc, errors, testing, video
from vgen.testing import contracts
from vgen.webhooks import check_signature


class Model(abc.VideoBackend):
    """A backend."""

    name = "model"
    capabilities = abc.Capabilities(
        text=True, image=False, durations=(1.0, 4.0), rates=abc.Rates(submits=600)
    )

    def quote(self, request: abc.ClipRequest) -> abc.Quote:
        """Price a request."""
        price = abc.Price(Decimal("0.10"), Decimal("0.01"))
        return abc.Quote(request.duration, hold=price.cost(request.duration), price=price)

    async def prepare(self, request: abc.ClipRequest, image: abc.Image | None) -> abc.Prepared:
        """Upload nothing."""
        return abc.Prepared(request, image)

    async def submit(self, prepared: abc.Prepared, attempt_id: UUID) -> abc.Ticket:
        """Refuse in every way that there is."""
        for error in (
            errors.GenerationError,
            errors.OutputRefusedError,
            errors.RetryableError,
            errors.RateLimitedError,
            errors.NetworkError,
            errors.AttemptTimeoutError,
            errors.ModelUnavailableError,
            errors.SubmitInDoubtError,
            errors.AccountError,
        ):
            raise error(prepared.request.prompt)
        return abc.Ticket(self.name, str(attempt_id))

    async def status(self, tickets: Sequence[abc.Ticket]) -> Mapping[abc.Ticket, abc.Status]:
        """All succeed."""
        return {ticket: abc.Status(abc.State.SUCCEEDED) for ticket in tickets}

    async def fetch(self, ticket: abc.Ticket, path: Path) -> None:
        """Write a clip."""
        path.write_bytes(testing.tiny_clip(1.0))  # noqa: ASYNC240 - it is never run

    async def cancel(self, ticket: abc.Ticket) -> abc.Status:
        """Nothing can be cancelled."""
        return abc.Status(abc.State.RUNNING)

    async def read_webhook(self, headers: Mapping[str, str], body: bytes) -> abc.Notice:
        """One message of the provider's own."""
        if not body:
            raise errors.WebhookRefusedError("it is empty")
        return abc.Notice(check_signature("secret", headers, body, now=0), self.account, "1")

    async def find(self, attempt: abc.Attempt) -> abc.Finding:
        """Tell all that can be told."""
        if attempt.money is abc.Money.IN_DOUBT:
            return abc.Unknown()
        if attempt.custody is abc.Custody.INTENDED:
            return abc.Absent()
        return abc.Ticket(self.name, str(attempt.attempt_id))


class TellingModel(Model, abc.WaitableBackend):
    """A backend that tells."""

    async def wait_finished(
        self, ticket: abc.Ticket, report: Callable[[abc.Status], None]
    ) -> abc.Status:
        """Report once."""
        report(abc.Status(abc.State.RUNNING, progress=0.5))
        return abc.Status(abc.State.SUCCEEDED)


class Shelf(abc.Storage):
    """A storage."""

    async def read(self, reference: str, *, max_bytes: int) -> bytes:
        """Read nothing."""
        raise errors.StorageError(f"{reference}: above {max_bytes} bytes", retryable=False)

    async def write(self, key: str, path: Path) -> abc.StoredFile:
        """Write nothing."""
        assert_type(abc.media_type(key), str)
        return abc.StoredFile(reference=key, size=len(path.name))

    choice: abc.Choice | None = None

    async def copy(self, reference: str, key: str) -> abc.StoredFile:
        """Copy nothing."""
        raise errors.StorageError(f"{reference}: no such file, to be {key}")

    async def remove(self, reference: str) -> None:
        """Remove nothing."""

    async def stat(self, reference: str) -> abc.StoredFile | None:
        """Find nothing."""
        return None

    async def url(self, reference: str) -> str:
        """Name it."""
        return reference


def lines(job: abc.Job, clip: abc.JobClip) -> list[abc.PlannedClip]:
    """A job as a ledger has it, and one of its clips."""
    assert_type(clip.manifest, abc.Manifest)
    manifest: abc.Manifest = job.manifest
    account: abc.Account = job.account
    assert_type(account.spent, Decimal)
    return list(manifest.clips)


def entries(line: abc.Line) -> abc.Entry:
    """All that a journal may say."""
    assert_type(line.movement, abc.Movement)
    match line.entry:
        case abc.Planned() | abc.Reserved() | abc.Ticketed() | abc.Doubted() | abc.Released():
            pass
        case abc.Settled() | abc.Fetched() | abc.Stored() | abc.Spooled() | abc.Lost():
            pass
        case abc.WrittenOff() | abc.Chosen():
            pass
        case _:
            assert_never(line.entry)
    entry: abc.Entry = abc.entry_from_json(abc.entry_to_json(line.entry))
    return entry


def draw(request: abc.ClipRequest, path: Path) -> None:
    """Encode a clip."""
    del request
    with video.Encoder(path, width=64, height=64, fps=Fraction(24)) as encoder:
        del encoder
    assert_type(video.check_image(b""), video.ImageInfo)
    assert_type(video.probe(path), video.VideoInfo)
    assert_type(video.inspect(path), video.Inspection)
    judgement = video.judge(path)
    assert_type(judgement, video.Judgement)
    assert_type(judgement.faults, tuple[video.Fault, ...])


def failing(error: errors.VgenError) -> Clips | None:
    """What the errors carry."""
    if isinstance(error, errors.InvalidPromptsError):
        assert_type(error.problems, tuple[str, ...])
    if isinstance(error, errors.BudgetExceededError):
        assert_type(error.asked, Decimal)
    if isinstance(error, errors.LedgerError):
        assert_type(error.ticket, abc.Ticket | None)
    if isinstance(error, errors.ClaimPassedOnError):
        return None
    if isinstance(
        error,
        errors.AttemptError | errors.ConfigurationError | errors.NotFoundError | errors.VideoError,
    ):
        return None
    if isinstance(error, errors.AccountRefusedError):
        assert_type(error.reason, str)
    if isinstance(error, errors.InsufficientClipsError):
        return error.clips
    if isinstance(error, errors.PipelineError):
        assert isinstance(error, errors.JobStoppedError | errors.JobReopenedError)
    return None


class TestModel(contracts.BackendContract):
    """Its contract."""

    def make(self) -> abc.VideoBackend:
        """Make one that is no provider's."""
        return testing.stand_in(Model())

    def wire(self) -> testing.Wire:
        """Lead to its provider."""
        wire = testing.HttpWire(httpx.AsyncHTTPTransport(), submits="/jobs")
        assert_type(wire.accepted, int)
        return wire


class Line(testing.Wire):
    """What breaks where there is no HTTP."""

    def break_submit(self, how: testing.Breakage) -> None:
        """Break nothing else."""
        if how is not testing.Breakage.LOST:
            raise NotImplementedError(how)


class TestShelf(contracts.StorageContract):
    """Its contract."""

    def make(self, folder: Path) -> abc.Storage:
        """Make one."""
        del folder
        return Shelf()


class TestBook(contracts.LedgerContract):
    """Its contract."""

    def make(self, folder: Path) -> abc.CostLedger:
        """Make one."""
        del folder
        return testing.MemoryLedger()


async def fakes(ledger: abc.CostLedger, claim: abc.Claim) -> abc.Account:
    """A test's own tools."""
    script: dict[str, list[testing.Behaviour]] = {
        "a": [testing.Succeed(), testing.Fail(), testing.Refuse(), testing.RateLimit()],
        "b": [testing.Hang(), testing.Spoil(), testing.LoseAnswer()],
    }
    faults: list[testing.Fault] = [testing.Break("x"), testing.Delay("y"), testing.Outage()]
    call_log = testing.CallLog()
    testing.MemoryStorage(faults=faults, call_log=call_log)
    fake = testing.FakeBackend(script=script, capabilities=testing.image_only(testing.CAPABILITIES))
    assert_type(fake.charges, list[testing.Charge])
    assert_type(call_log.entries, list[testing.LogEntry])
    assert_type(
        [each for each in call_log.entries if isinstance(each.what, testing.Call)],
        list[testing.LogEntry],
    )
    testing.Plan(one=testing.Model(), runs=(testing.Run(),))
    assert_type(testing.inline_inspector(), Inspector)
    assert_type(testing.webhook_headers("m1", b"", 0.0), dict[str, str])
    with testing.virtual_clock() as clock:
        assert_type(clock, MockClock)
    return await contracts.audit(ledger, claim.job_id)


async def read(ledger: abc.CostLedger, manifest: abc.Manifest) -> tuple[abc.Observation, ...]:
    """What a ledger tells of its limits and its past."""
    purse = abc.Purse("us", Decimal(5))
    assert_type(await ledger.purse(purse), abc.Account)
    assert_type(await ledger.open_job(manifest, abc.Need()), abc.Account)
    await ledger.jobs(abc.EVERY_JOB)
    assert abc.NOTICES_KEPT > 0
    assert_type(await ledger.noticed("me", ["p1"]), frozenset[str])
    return await ledger.observed("one", limit=10)


def migrated(ledger: abc.CostLedger) -> str:
    """What a ledger with a migration has more."""
    return ledger.migration() if isinstance(ledger, abc.MigratedLedger) else ""


GENERATOR: abc.Generator | None = None
RENDER: abc.Render | None = None
RENDERED: type[abc.RenderBackend] = abc.RenderBackend

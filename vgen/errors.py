"""Every error vgen raises, classed by what the caller should do about it.

```
VgenError
├── InvalidPromptsError        the input is wrong: every problem is listed, nothing was sent
├── ConfigurationError         a setting, key, plug-in or model version is wrong or missing
├── NotFoundError              the ledger has no such job, clip or attempt
├── BudgetExceededError        limit, spent, held, asked
├── PipelineError              the job ended without its clips
│   ├── InsufficientClipsError     clips made, clips required, why each of the others failed
│   │   └── AccountRefusedError        a provider refuses the account: pay or mend the key
│   ├── JobStoppedError            stopped on request: nothing more of the job is sent
│   └── JobReopenedError           opened anew with other prompts: the later call makes them
├── AttemptError               one attempt failed
│   ├── AccountError               no credit, bad key, blocked: nothing more is sent there
│   ├── GenerationError            for good: refused input, content policy
│   │   └── OutputRefusedError         a filter has refused what was made: another roll may pass
│   ├── RetryableError             may be tried again
│   │   ├── RateLimitedError           retry_after
│   │   ├── NetworkError               not sent, or a broken answer to a safe question
│   │   ├── AttemptTimeoutError
│   │   └── ModelUnavailableError      go to the next backend
│   └── SubmitInDoubtError         sent, no answer: neither repeat nor forget
├── StorageError               an image or a clip could not be read or written
├── LedgerError                the ledger refused a change or could not be reached
│   └── ClaimPassedOnError         another process works on the clip now
├── WebhookRefusedError        a webhook is forged, too old, or not for any of the backends
└── VideoError                 the file is no usable video: what is wrong with it
```

A provider's own exceptions never leave its plug-in: they become one of these and stay their cause.
All of them can be pickled and copied with their fields, as task queues and futures do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from decimal import Decimal
    from uuid import UUID

    from vgen.records.clip import Clips
    from vgen.records.status import Ticket


class VgenError(Exception):
    """The base of every error that vgen raises on purpose."""

    def __reduce__(self) -> tuple[Callable[..., VgenError], tuple[Any, ...]]:
        """Pickle and copy with all fields, whatever the constructor takes as arguments."""
        return _restored, (type(self), self.args, self.__dict__)


def _restored(kind: type[VgenError], args: tuple[Any, ...], fields: dict[str, Any]) -> VgenError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(fields)
    return error


class InvalidPromptsError(VgenError, ValueError):
    """The clip prompts are wrong; nothing was written, held or sent.

    `problems` has one line for each thing to mend, each starting with the field's name.
    """

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(self.problems))


class ConfigurationError(VgenError):
    """A setting, key, plug-in or model version is wrong or missing."""


class NotFoundError(VgenError, LookupError):
    """The ledger has no such job, clip or attempt: a wrong id, or another ledger."""


class BudgetExceededError(VgenError):
    """What was asked for does not fit into what a limit has left; nothing was sent for it.

    The limit is the job's budget, or that of a `purse`, which is named. All amounts are US dollars;
    `held` counts the doubtful money too, and `held_by` says how much of a purse's each job holds.
    """

    def __init__(
        self,
        *,
        limit: Decimal,
        spent: Decimal,
        held: Decimal,
        asked: Decimal,
        purse: str = "",
        held_by: tuple[tuple[UUID, Decimal], ...] = (),
    ) -> None:
        self.limit, self.spent, self.held, self.asked = limit, spent, held, asked
        self.purse, self.held_by = purse, held_by
        super().__init__(self._message())

    @property
    def least(self) -> Decimal:
        """The least limit that would do, as things stand."""
        return self.spent + self.held + self.asked

    def asking(self, asked: Decimal) -> BudgetExceededError:
        """Return the same refusal of another amount, in US dollars."""
        return BudgetExceededError(
            limit=self.limit,
            spent=self.spent,
            held=self.held,
            asked=asked,
            purse=self.purse,
            held_by=self.held_by,
        )

    def _message(self) -> str:
        what = f"purse {self.purse}" if self.purse else "budget"
        if self.least <= self.limit:
            return f"over {what}: a bill was higher than what was held for it; run the job again"
        jobs = ", ".join(f"{_dollars(amount)} by job {job_id}" for job_id, amount in self.held_by)
        return (
            f"over {what}: of {_dollars(self.limit)}, {_dollars(self.spent)} is spent and "
            f"{_dollars(self.held)} held{f' ({jobs})' if jobs else ''}; "
            f"{_dollars(self.asked)} more is {_dollars(self.least - self.limit)} too much, and "
            f"{_dollars(self.least)} would be enough"
        )


def _dollars(amount: Decimal) -> str:
    """Spell an amount exactly, without zeros beyond the cents."""
    whole, _, fraction = f"{amount:f}".partition(".")
    return f"${whole}.{fraction.rstrip('0').ljust(2, '0')}" if fraction else f"${whole}"


class PipelineError(VgenError):
    """The job ended without the clips that it needs."""


class InsufficientClipsError(PipelineError):
    """Fewer clips were made than the job needs.

    `clips` holds those that were made (they are stored and paid for, and a re-run keeps them)
    and, in `clips.failures`, why each of the others was not.
    """

    def __init__(self, clips: Clips, *, required: int) -> None:
        self.clips = clips
        self.required = required
        made, total = clips.successful_clips, clips.total_clips
        reasons = "; ".join(f"clip {f.clip_index}: {f.reason}" for f in clips.failures)
        super().__init__(f"{made} of {total} clips made, {required} required ({reasons})")


class AccountRefusedError(InsufficientClipsError):
    """Too few clips were made because a provider refuses the account.

    Pay, or mend the key, and run the job again. `reason` is what the provider said; the backend's
    `AccountError` is the cause.
    """

    def __init__(self, clips: Clips, *, required: int, reason: str) -> None:
        super().__init__(clips, required=required)
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.reason} ({super().__str__()})"


class JobStoppedError(PipelineError):
    """The job was stopped on request: nothing more of it is sent, here or elsewhere."""


class JobReopenedError(PipelineError):
    """The job was opened anew with other prompts, by another call: the later one counts.

    This call has sent nothing since. What it had sent is neither cancelled nor lost: the later call
    finishes it.
    """


class AttemptError(VgenError):
    """One attempt at one clip failed."""


class AccountError(AttemptError):
    """The provider refuses the account: no credit, a bad key, or blocked.

    Raised by a backend's methods; the job sends nothing more to the account, and its clips go on
    with backends on other ones. Where too few are left, its caller gets `AccountRefusedError`.
    """


class GenerationError(AttemptError):
    """The model refused or failed for good: the same request would fail there again."""


class OutputRefusedError(GenerationError):
    """The provider's filter refuses what its own model has made, which may be billed all the same.

    Chance has its part in it, unlike in a refusal of the prompt: `rerolls` of a job says how often
    a clip is asked for again.
    """


class RetryableError(AttemptError):
    """The attempt failed in a way that another attempt may not."""


class RateLimitedError(RetryableError):
    """The provider asked for a pause; nothing was sent or billed."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        self.retry_after = retry_after
        super().__init__(message)


class NetworkError(RetryableError):
    """A request was not sent, or a question that is safe to repeat got a broken answer.

    A submit that may have arrived is never this: see `SubmitInDoubtError`.
    """


class AttemptTimeoutError(RetryableError):
    """The attempt took longer than its backend's limits and was cancelled at the provider."""


class ModelUnavailableError(RetryableError):
    """The model is down or gone; the clip moves to the next backend of its route."""


class SubmitInDoubtError(AttemptError):
    """The submit was sent and no answer came: it may be running and may be billed.

    Neither repeated nor forgotten: the ledger keeps the money in doubt until the provider's own
    listing proves what happened.
    """


class StorageError(VgenError):
    """An image could not be read or a clip could not be written.

    `retryable` says whether the same call may succeed later (an outage) or not (a missing file,
    a forbidden place, too many bytes).
    """

    def __init__(self, message: str, *, retryable: bool = False) -> None:
        self.retryable = retryable
        super().__init__(message)


class LedgerError(VgenError):
    """The ledger refused a change or could not be reached.

    Carries the ticket when one could not be written down, so that it is not lost.
    """

    def __init__(self, message: str, *, ticket: Ticket | None = None) -> None:
        self.ticket = ticket
        super().__init__(message)


class ClaimPassedOnError(LedgerError):
    """The claim on a clip has passed on: another process works on it now.

    Whoever held it before may neither write about the clip nor call its provider any more.
    """


class WebhookRefusedError(VgenError):
    """A webhook is not signed by the provider that it claims to come from, or too old."""


class VideoError(VgenError):
    """The file is no usable video; the message says what is wrong with it."""

"""Plug-ins that make one mistake each, and the promise of the contract that each breaks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import trio

from vgen import abc, errors
from vgen.testing import Breakage

from .http_plugin import Plugin

SURE = "test_a_submit_that_was_not_accepted_is_no_doubt"
DOUBT = "test_a_submit_without_an_answer_is_in_doubt"
NO_STATUS = "test_a_broken_answer_is_no_status"
NOT_FOUND = "test_not_found_is_no_verdict"
DOWNLOAD = "test_a_broken_download_leaves_no_file"

MISTAKES: dict[type[Plugin], tuple[str, Breakage | None]] = {}
"""Each mistake, the promise that it breaks, and how the line breaks there."""


def breaks(promise: str, how: Breakage | None = None) -> Callable[[type[Plugin]], type[Plugin]]:
    """Decorator: enter a mistake."""

    def enter(mistake: type[Plugin]) -> type[Plugin]:
        MISTAKES[mistake] = promise, how
        return mistake

    return enter


@breaks(DOUBT, Breakage.SILENCE)
class SilenceIsCalledNotSent(Plugin):
    """A read timeout is taken for a request that never left."""

    def unanswered(self, error: httpx.HTTPError) -> Exception:
        silent = isinstance(error, httpx.TimeoutException)
        return errors.NetworkError("timeout") if silent else super().unanswered(error)


@breaks(DOUBT, Breakage.RESET)
class ResetIsCalledNotSent(Plugin):
    """A connection that was reset is taken for one that was never made."""

    def unanswered(self, error: httpx.HTTPError) -> Exception:
        reset = isinstance(error, httpx.NetworkError)
        return errors.NetworkError("reset") if reset else super().unanswered(error)


@breaks(DOUBT, Breakage.LOST)
class LostAnswerIsCalledNotSent(Plugin):
    """A connection that was closed is taken for one that was never made."""

    def unanswered(self, error: httpx.HTTPError) -> Exception:
        lost = isinstance(error, httpx.ProtocolError)
        return errors.NetworkError("lost") if lost else super().unanswered(error)


@breaks(DOUBT, Breakage.SERVER_ERROR)
class ServerErrorIsCalledNotSent(Plugin):
    """A 500 is taken for a refusal."""

    def no_success(self, answer: httpx.Response) -> Exception:
        return errors.NetworkError(f"status {answer.status_code}")


@breaks(DOUBT, Breakage.GATEWAY_TIMEOUT)
class GatewayTimeoutIsCalledUnavailable(Plugin):
    """A 504 sends the clip to the next backend."""

    def no_success(self, answer: httpx.Response) -> Exception:
        gateway = answer.status_code in {502, 503, 504}
        return errors.ModelUnavailableError("down") if gateway else super().no_success(answer)


@breaks(DOUBT, Breakage.PAGE)
class PageIsCalledNotSent(Plugin):
    """An answer that cannot be read is taken for a refusal."""

    def unreadable(self) -> Exception:
        return errors.NetworkError("malformed answer")


@breaks(DOUBT, Breakage.EMPTY)
class EmptyAnswerIsATicket(Plugin):
    """A job without an id is the job `None`."""

    def ticket(self, job: Mapping[str, Any]) -> abc.Ticket:
        return abc.Ticket(self.name, str(job.get("id")), account=self.account)


@breaks(DOUBT, Breakage.SILENCE)
class OwnTimeLimitIsCalledTimeout(Plugin):
    """Its own time limit is taken for the end of the attempt."""

    timeout = None

    async def send(self, job: dict[str, Any]) -> httpx.Response:
        try:
            with trio.fail_after(30):
                return await super().send(job)
        except trio.TooSlowError:
            raise errors.AttemptTimeoutError("no answer within 30 s") from None


@breaks("test_a_submit_is_sent_once")
class SentTwice(Plugin):
    """Every job is sent twice."""

    async def send(self, job: dict[str, Any]) -> httpx.Response:
        await super().send(job)
        return await super().send(job)


@breaks(DOUBT, Breakage.RESET)
class SentAgainAfterReset(Plugin):
    """It repeats what got no answer."""

    async def send(self, job: dict[str, Any]) -> httpx.Response:
        with suppress(httpx.NetworkError):
            return await super().send(job)
        return await super().send(job)


@breaks(DOUBT, Breakage.SERVER_ERROR)
class SentAgainAfterServerError(Plugin):
    """It repeats what got a 500."""

    async def send(self, job: dict[str, Any]) -> httpx.Response:
        answer = await super().send(job)
        return await super().send(job) if answer.is_server_error else answer


@breaks(SURE, Breakage.RATE_LIMITED)
class SentAgainAfterRateLimit(Plugin):
    """It does not leave repeating to its caller."""

    async def send(self, job: dict[str, Any]) -> httpx.Response:
        answer = await super().send(job)
        return await super().send(job) if answer.status_code == 429 else answer


@breaks(SURE, Breakage.REFUSED)
class RefusedConnectionIsDoubt(Plugin):
    """What never left is in doubt, which keeps its money for nothing."""

    def unanswered(self, error: httpx.HTTPError) -> Exception:
        return errors.SubmitInDoubtError(str(error))


@breaks(SURE, Breakage.RATE_LIMITED)
class RateLimitIsDoubt(Plugin):
    """What was asked to wait is in doubt, which keeps its money for nothing."""

    def limited(self) -> Exception:
        return errors.SubmitInDoubtError("status 429")


@breaks(SURE, Breakage.RATE_LIMITED)
class RateLimitEndsTheClip(Plugin):
    """What was asked to wait is given up."""

    def limited(self) -> Exception:
        return errors.GenerationError("status 429")


@breaks(NOT_FOUND)
class NotFoundIsAFailure(Plugin):
    """A 404 is taken for a failed job, which is then paid for again."""

    def missing(self) -> abc.Status:
        return abc.Status(abc.State.FAILED, failure=errors.RetryableError("gone"))


@breaks(NOT_FOUND)
class NotFoundEndsTheAttempt(Plugin):
    """A 404 is raised as the end of the attempt."""

    def missing(self) -> abc.Status:
        raise errors.GenerationError("gone")


@breaks("test_an_unknown_ticket_has_no_success")
class UnknownIsCancelled(Plugin):
    """A 404 is taken for a job that was cancelled."""

    def missing(self) -> abc.Status:
        return abc.Status(abc.State.CANCELLED)


@breaks(NO_STATUS, Breakage.SERVER_ERROR)
class ServerErrorIsAFailure(Plugin):
    """A 500 is taken for a failed job."""

    async def one_status(self, ticket: abc.Ticket) -> abc.Status:
        try:
            return await super().one_status(ticket)
        except errors.NetworkError as error:
            return abc.Status(abc.State.FAILED, failure=error)


@breaks(NO_STATUS, Breakage.PAGE)
class PageLetsJsonErrorOut(Plugin):
    """A page that is no JSON leaves as what the library raises."""

    async def one_status(self, ticket: abc.Ticket) -> abc.Status:
        answer = await self.http.get(f"/jobs/{ticket.provider_id}")
        answer.json()
        return await super().one_status(ticket)


@breaks("test_a_broken_answer_is_no_absence", Breakage.SERVER_ERROR)
class BrokenListIsAbsence(Plugin):
    """A list that could not be had is taken for an empty one."""

    async def find(self, attempt: abc.Attempt) -> abc.Finding:
        try:
            return await super().find(attempt)
        except errors.NetworkError:
            return abc.Absent()


@breaks(DOUBT, Breakage.LOST)
class FindsOnlyWhatWasAnswered(Plugin):
    """It looks into its memory, not at the provider."""

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        super().__init__(transport)
        self.known: dict[UUID, abc.Ticket] = {}

    async def submit(self, prepared: abc.Prepared, attempt_id: UUID) -> abc.Ticket:
        self.known[attempt_id] = await super().submit(prepared, attempt_id)
        return self.known[attempt_id]

    async def find(self, attempt: abc.Attempt) -> abc.Finding:
        return self.known.get(attempt.attempt_id, abc.Absent())


@breaks("test_a_cancel_without_an_answer_is_no_verdict", Breakage.SERVER_ERROR)
class UnansweredCancelIsACancel(Plugin):
    """A cancel that got no answer is taken for done."""

    async def cancel(self, ticket: abc.Ticket) -> abc.Status:
        with suppress(errors.NetworkError):
            return await super().cancel(ticket)
        return abc.Status(abc.State.CANCELLED)


@breaks(DOWNLOAD)
class WritesStraightToItsPath(Plugin):
    """A broken download leaves half a file."""

    async def fetch(self, ticket: abc.Ticket, path: Path) -> None:
        try:
            await self.download(ticket, path)
        except (httpx.HTTPError, OSError) as error:
            raise errors.NetworkError("it broke") from error


@breaks("test_a_cancelled_fetch_leaves_no_partial_file")
class KeepsWhatACancelledFetchWrote(Plugin):
    """A cancelled download leaves half a file."""

    async def fetch(self, ticket: abc.Ticket, path: Path) -> None:
        try:
            await self.download(ticket, path)
        except (httpx.HTTPError, OSError) as error:
            await trio.Path(path).unlink(missing_ok=True)
            raise errors.NetworkError("it broke") from error


@breaks(DOWNLOAD)
class HalfAClipPassesForAClip(Plugin):
    """A broken download is taken for a whole one."""

    async def download(self, ticket: abc.Ticket, path: Path) -> None:
        with suppress(httpx.RemoteProtocolError):
            await super().download(ticket, path)


@breaks(DOWNLOAD)
class BrokenDownloadGivesTheClipUp(Plugin):
    """A broken download is taken for a clip that is gone."""

    async def download(self, ticket: abc.Ticket, path: Path) -> None:
        try:
            await super().download(ticket, path)
        except httpx.RemoteProtocolError as error:
            raise errors.GenerationError("there is no clip") from error


@breaks(DOWNLOAD)
class BrokenDownloadLetsHttpErrorOut(Plugin):
    """A broken download leaves as what the library raises."""

    async def fetch(self, ticket: abc.Ticket, path: Path) -> None:
        part = path.with_name(f".{path.name}.part")
        try:
            await self.download(ticket, part)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)

"""One log of the calls of several fakes, in the order of the calls."""

from __future__ import annotations

from uuid import UUID

import trio
from attrs import define, field, frozen

from vgen.records.entry import Line
from vgen.records.job import Manifest


@frozen
class Call:
    """One call of a fake: the fake, its method, the attempt, what it is about, and the answer."""

    who: str
    what: str
    attempt_id: UUID | None = None
    about: str = ""
    answer: str = ""

    def __str__(self) -> str:
        """Return one line of text."""
        about = f" {self.about!r}" if self.about else ""
        answer = f": {self.answer}" if self.answer else ""
        return f"{self.what}{about}{answer}"


@frozen
class LogEntry:
    """A call, a ledger's line or manifest, or an event, and its time on Trio's clock."""

    at: float
    what: object

    def __str__(self) -> str:
        """Return one line of text."""
        what = self.what
        if isinstance(what, Call):
            return f"{self.at:9.3f} {what.who}: {what}"
        if isinstance(what, Line):
            return f"{self.at:9.3f} ledger: clip {what.clip_index}: {what.entry!r}"
        if isinstance(what, Manifest):
            return f"{self.at:9.3f} ledger: job {what.job_id}: {len(what.clips)} clips"
        return f"{self.at:9.3f} {what!r}"


@define(repr=False)
class CallLog:
    """A log shared by several fakes; `add` can also be a runner's observer."""

    entries: list[LogEntry] = field(factory=list[LogEntry])

    def __repr__(self) -> str:
        """Show all entries, a line each."""
        return "\n".join(["<CallLog", *map(str, self.entries), ">"])

    def add(self, what: object) -> None:
        """Add an entry with the current time."""
        self.entries.append(LogEntry(trio.current_time(), what))

    def calls(self, who: str) -> list[str]:
        """Return the calls of one fake, each as a line that begins with its time."""
        return [
            f"{entry.at:9.3f} {entry.what}"
            for entry in self.entries
            if isinstance(entry.what, Call) and entry.what.who == who
        ]

"""One log of what happened to several fakes, in the order in which it happened."""

from __future__ import annotations

from uuid import UUID

import trio
from attrs import define, field, frozen

from vgen.records.entry import Line
from vgen.records.job import Manifest


@frozen
class Call:
    """One call of a fake: who was asked for what, for which attempt, and what came of it."""

    who: str
    what: str
    attempt_id: UUID | None = None
    about: str = ""
    answer: str = ""

    def __str__(self) -> str:
        """Read as one line of a log."""
        about = f" {self.about!r}" if self.about else ""
        answer = f": {self.answer}" if self.answer else ""
        return f"{self.what}{about}{answer}"


@frozen
class Note:
    """Something that happened, and when on Trio's clock: a call, a ledger's line, an event."""

    at: float
    what: object

    def __str__(self) -> str:
        """Read as one line of a log."""
        what = self.what
        if isinstance(what, Call):
            return f"{self.at:9.3f} {what.who}: {what}"
        if isinstance(what, Line):
            return f"{self.at:9.3f} ledger: clip {what.clip_index}: {what.entry!r}"
        if isinstance(what, Manifest):
            return f"{self.at:9.3f} ledger: job {what.job_id}: {len(what.clips)} clips"
        return f"{self.at:9.3f} {what!r}"


@define(repr=False)
class Tape:
    """A log that several fakes write; `add` also serves as an observer of a runner."""

    notes: list[Note] = field(factory=list[Note])

    def __repr__(self) -> str:
        """Read as a log."""
        return "\n".join(["<Tape", *map(str, self.notes), ">"])

    def add(self, what: object) -> None:
        """Note what happens now."""
        self.notes.append(Note(trio.current_time(), what))

    def calls(self, who: str) -> list[str]:
        """Give the calls of one fake, each as a line that begins with its time."""
        return [
            f"{note.at:9.3f} {note.what}"
            for note in self.notes
            if isinstance(note.what, Call) and note.what.who == who
        ]

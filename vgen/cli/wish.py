"""What `vgen generate` is asked for, as the command line has read it."""

from __future__ import annotations

import sys
from decimal import Decimal
from pathlib import Path
from uuid import UUID

from attrs import frozen

from vgen.errors import InvalidPromptsError

STANDARD_INPUT = "-"


@frozen
class Wish:
    """The arguments; `budget` is in US dollars, `backends` are the route in order."""

    prompts: str
    out: Path
    backends: tuple[str, ...]
    budget: Decimal
    min_clips: int
    concurrency: int | None
    ledger: str | None
    storage: str | None
    job_id: UUID | None
    redo: tuple[int, ...]
    json: bool

    @property
    def source(self) -> str:
        """What the prompts file is called in errors."""
        return "standard input" if self.prompts == STANDARD_INPUT else self.prompts

    @property
    def folder(self) -> Path:
        """Where relative image paths start: beside the prompts file, or here."""
        return Path() if self.prompts == STANDARD_INPUT else Path(self.prompts).parent

    def read(self) -> bytes:
        """Read the prompts file.

        Raises:
            InvalidPromptsError: it cannot be read.
        """
        try:
            if self.prompts == STANDARD_INPUT:
                return sys.stdin.buffer.read()
            return Path(self.prompts).read_bytes()
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise InvalidPromptsError([f"{self.source}: {reason}"]) from error

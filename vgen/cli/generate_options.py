"""The options of `vgen generate`, as parsed from the command line."""

from __future__ import annotations

import sys
from decimal import Decimal
from pathlib import Path
from uuid import UUID

from attrs import frozen

from vgen.errors import InvalidPromptsError
from vgen.records.fallback import FallBackReason

STANDARD_INPUT = "-"


@frozen
class GenerateOptions:
    """The options; `budget` is in US dollars, `backends` are in the order of preference.

    Without backends or a budget, the job goes on with its own.
    """

    prompts: str
    out: Path
    backends: tuple[str, ...]
    budget: Decimal | None
    min_clips: int
    concurrency: int | None
    ledger: str | None
    storage: str | None
    job_id: UUID | None
    redo: tuple[int, ...]
    strict: bool
    adopt: bool
    fall_back_on: tuple[FallBackReason, ...]
    rerolls: int
    json: bool

    @property
    def source(self) -> str:
        """The name of the prompts file in error messages."""
        return "standard input" if self.prompts == STANDARD_INPUT else self.prompts

    @property
    def folder(self) -> Path:
        """The base of relative image paths: the prompts file's directory, or the current one."""
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

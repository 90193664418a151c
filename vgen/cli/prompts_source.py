"""Where the prompts come from: a file, or standard input."""

from __future__ import annotations

import sys
from pathlib import Path

from attrs import frozen

from vgen.errors import InvalidPromptsError

STANDARD_INPUT = "-"


@frozen
class PromptsSource:
    """The prompts file at `path`; `-` is standard input."""

    path: str

    def __str__(self) -> str:
        """Name it for error messages."""
        return "standard input" if self.path == STANDARD_INPUT else self.path

    @property
    def name(self) -> str:
        """What the job is called in lists: the file's name; empty for standard input."""
        return "" if self.path == STANDARD_INPUT else Path(self.path).name

    @property
    def folder(self) -> Path:
        """The base of relative image paths: the file's directory, or the current one."""
        return Path() if self.path == STANDARD_INPUT else Path(self.path).parent

    def read(self) -> bytes:
        """Read the prompts.

        Raises:
            InvalidPromptsError: they cannot be read.
        """
        try:
            if self.path == STANDARD_INPUT:
                return sys.stdin.buffer.read()
            return Path(self.path).read_bytes()
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise InvalidPromptsError([f"{self}: {reason}"]) from error

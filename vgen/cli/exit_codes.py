"""Exit codes and error messages."""

from __future__ import annotations

from enum import IntEnum

from vgen.errors import (
    AccountRefusedError,
    BudgetExceededError,
    InsufficientClipsError,
    InvalidPromptsError,
    JobReopenedError,
    JobStoppedError,
    VgenError,
)


class ExitCode(IntEnum):
    """The process's exit codes."""

    DONE = 0
    TOO_FEW_CLIPS = 1
    BAD_INPUT = 2
    OVER_BUDGET = 3
    INTERRUPTED = 130


def exit_code_for(error: Exception) -> ExitCode:
    """Return the exit code for an error that ended a command."""
    if isinstance(error, InsufficientClipsError):
        return ExitCode.TOO_FEW_CLIPS
    if isinstance(error, BudgetExceededError):
        return ExitCode.OVER_BUDGET
    if isinstance(error, JobStoppedError | JobReopenedError):
        return ExitCode.INTERRUPTED
    return ExitCode.BAD_INPUT


def error_lines(error: VgenError | OSError) -> tuple[str, ...]:
    """Return the error as lines for the user, one a problem, naming the field or the file."""
    if isinstance(error, InvalidPromptsError):
        return error.problems
    if isinstance(error, AccountRefusedError):
        return (error.reason,)
    if isinstance(error, InsufficientClipsError):
        made, total = error.clips.successful_clips, error.clips.total_clips
        return (f"{made} of {total} clips made, {error.required} required",)
    if isinstance(error, OSError) and error.strerror:
        prefix = f"{error.filename}: " if error.filename else ""
        return (f"{prefix}{error.strerror}",)
    return (str(error),)

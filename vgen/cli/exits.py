"""Errors as exit codes, and as lines for the user."""

from __future__ import annotations

from enum import IntEnum

from vgen.cli.text import dollars
from vgen.errors import (
    AccountRefusedError,
    BudgetExceededError,
    InsufficientClipsError,
    InvalidPromptsError,
    JobStoppedError,
    VgenError,
)


class Exit(IntEnum):
    """What the process's exit code says."""

    DONE = 0
    TOO_FEW_CLIPS = 1
    BAD_INPUT = 2
    OVER_BUDGET = 3
    INTERRUPTED = 130


def exit_for(error: Exception) -> Exit:
    """Give the exit code for an error that ended a command."""
    if isinstance(error, InsufficientClipsError):
        return Exit.TOO_FEW_CLIPS
    if isinstance(error, BudgetExceededError):
        return Exit.OVER_BUDGET
    if isinstance(error, JobStoppedError):
        return Exit.INTERRUPTED
    return Exit.BAD_INPUT


def lines_of(error: VgenError | OSError) -> tuple[str, ...]:
    """Say what is wrong, each thing in a line that names the field or the file."""
    if isinstance(error, InvalidPromptsError):
        return error.problems
    if isinstance(error, AccountRefusedError):
        return (error.reason,)
    if isinstance(error, InsufficientClipsError):
        made, total = error.clips.successful_clips, error.clips.total_clips
        return (f"{made} of {total} clips made, {error.required} required",)
    if isinstance(error, BudgetExceededError):
        amounts = map(dollars, (error.limit, error.spent, error.held, error.asked))
        return ("over budget: limit {}, spent {}, held {}, asked for {} more".format(*amounts),)
    if isinstance(error, OSError) and error.strerror:
        place = f"{error.filename}: " if error.filename else ""
        return (f"{place}{error.strerror}",)
    return (str(error),)

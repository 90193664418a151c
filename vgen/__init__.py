"""Finished video clips from clip prompts: many at once, on pluggable models, within a budget.

The house has five floors, and a module imports from those below its own only: `vgen.records` and
`vgen.errors`; `vgen.ports`; `vgen.decisions`, all pure; `vgen.drive`, which obeys them, with
`vgen.builtin` and `vgen.video` beside it; and the doors, such as `vgen.cli`. The names for users
are those here, in `vgen.abc` (for plug-ins), `vgen.errors`, `vgen.video` and `vgen.testing`.
"""

import logging
from importlib import import_module
from typing import TYPE_CHECKING

from vgen.drive.observe.log_context import LogContextFilter
from vgen.errors import VgenError

if TYPE_CHECKING:
    from vgen.builtin.directory import DirectoryStorage
    from vgen.builtin.sqlite import SQLiteLedger
    from vgen.drive.job.options import JobKeywords
    from vgen.drive.media.inspector import Inspector
    from vgen.drive.runner.open import open_runner, plan, process
    from vgen.drive.runner.reconcile import Reconciled
    from vgen.drive.runner.runner import AccountUse, Runner, Statistics
    from vgen.drive.runner.started_job import EventStream, StartedJob
    from vgen.ports.events import (
        AttemptSubmitted,
        BackendReached,
        BackendUnreachable,
        ClipGivenUp,
        ClipProgress,
        ClipQueued,
        ClipStored,
        Event,
        FellBack,
        JobFinished,
        JobOpened,
        MoneyCorrected,
        MoneyHeld,
        MoneySettled,
        Observer,
        RetryScheduled,
    )
    from vgen.records.books import JobQuery, JobState, JobSummary, Spending, SpendingKey
    from vgen.records.clip import Clip, ClipFailure, Clips, FailedAttempt
    from vgen.records.estimate import Estimate, Range, Source
    from vgen.records.fallback import FallBackReason
    from vgen.records.forecast import Forecast
    from vgen.records.jsonio import from_json, to_json
    from vgen.records.plan import ClipFate, ClipPlan, JobPlan
    from vgen.records.prompt import ClipPrompt, ClipPrompts
    from vgen.records.reading import PromptsFile, read_prompts
    from vgen.records.settings import GenerationSettings, Settings
    from vgen.records.take import Take

__all__ = [
    "AccountUse",
    "AttemptSubmitted",
    "BackendReached",
    "BackendUnreachable",
    "Clip",
    "ClipFailure",
    "ClipFate",
    "ClipGivenUp",
    "ClipPlan",
    "ClipProgress",
    "ClipPrompt",
    "ClipPrompts",
    "ClipQueued",
    "ClipStored",
    "Clips",
    "DirectoryStorage",
    "Estimate",
    "Event",
    "EventStream",
    "FailedAttempt",
    "FallBackReason",
    "FellBack",
    "Forecast",
    "GenerationSettings",
    "Inspector",
    "JobFinished",
    "JobKeywords",
    "JobOpened",
    "JobPlan",
    "JobQuery",
    "JobState",
    "JobSummary",
    "MoneyCorrected",
    "MoneyHeld",
    "MoneySettled",
    "Observer",
    "PromptsFile",
    "Range",
    "Reconciled",
    "RetryScheduled",
    "Runner",
    "SQLiteLedger",
    "Settings",
    "Source",
    "Spending",
    "SpendingKey",
    "StartedJob",
    "Statistics",
    "Take",
    "VgenError",
    "from_json",
    "open_runner",
    "plan",
    "process",
    "read_prompts",
    "to_json",
]

_MODULES = {
    "JobKeywords": "vgen.drive.job.options",
    "plan": "vgen.drive.runner.open",
    "JobPlan": "vgen.records.plan",
    "ClipPlan": "vgen.records.plan",
    "ClipFate": "vgen.records.plan",
    "Estimate": "vgen.records.estimate",
    "Range": "vgen.records.estimate",
    "Source": "vgen.records.estimate",
    "Forecast": "vgen.records.forecast",
    "JobQuery": "vgen.records.books",
    "JobState": "vgen.records.books",
    "JobSummary": "vgen.records.books",
    "Spending": "vgen.records.books",
    "SpendingKey": "vgen.records.books",
    "DirectoryStorage": "vgen.builtin.directory",
    "SQLiteLedger": "vgen.builtin.sqlite",
    "Inspector": "vgen.drive.media.inspector",
    "open_runner": "vgen.drive.runner.open",
    "process": "vgen.drive.runner.open",
    "Reconciled": "vgen.drive.runner.reconcile",
    "Runner": "vgen.drive.runner.runner",
    "Statistics": "vgen.drive.runner.runner",
    "AccountUse": "vgen.drive.runner.runner",
    "EventStream": "vgen.drive.runner.started_job",
    "StartedJob": "vgen.drive.runner.started_job",
    "AttemptSubmitted": "vgen.ports.events",
    "ClipGivenUp": "vgen.ports.events",
    "ClipProgress": "vgen.ports.events",
    "ClipQueued": "vgen.ports.events",
    "ClipStored": "vgen.ports.events",
    "Event": "vgen.ports.events",
    "FellBack": "vgen.ports.events",
    "JobFinished": "vgen.ports.events",
    "JobOpened": "vgen.ports.events",
    "MoneyCorrected": "vgen.ports.events",
    "MoneyHeld": "vgen.ports.events",
    "MoneySettled": "vgen.ports.events",
    "Observer": "vgen.ports.events",
    "RetryScheduled": "vgen.ports.events",
    "BackendReached": "vgen.ports.events",
    "BackendUnreachable": "vgen.ports.events",
    "Clip": "vgen.records.clip",
    "ClipFailure": "vgen.records.clip",
    "Clips": "vgen.records.clip",
    "FailedAttempt": "vgen.records.clip",
    "FallBackReason": "vgen.records.fallback",
    "from_json": "vgen.records.jsonio",
    "to_json": "vgen.records.jsonio",
    "ClipPrompt": "vgen.records.prompt",
    "ClipPrompts": "vgen.records.prompt",
    "PromptsFile": "vgen.records.reading",
    "read_prompts": "vgen.records.reading",
    "GenerationSettings": "vgen.records.settings",
    "Settings": "vgen.records.settings",
    "Take": "vgen.records.take",
}

_logger = logging.getLogger("vgen")
_logger.addHandler(logging.NullHandler())  # silent until a host listens
_logger.addFilter(LogContextFilter())

if not TYPE_CHECKING:  # checkers would take it for a promise of every name

    def __getattr__(name: str) -> object:
        """Import a name when it is first asked for: the command line must start at once."""
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(_MODULES[name]), name)

    def __dir__() -> list[str]:
        """List the names for users, imported or not."""
        return list(__all__)

"""Errors of the database, and what they are as vgen's errors."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from vgen.errors import (
    BudgetExceededError,
    ClaimPassedOnError,
    ConfigurationError,
    JobReopenedError,
    JobStoppedError,
    LedgerError,
    NotFoundError,
    VgenError,
)

OVER_BUDGET = "VG001"
"""The SQLSTATE whose detail has the amounts."""

NO_LEDGER = (
    "the database has no vgen ledger, or an older one: apply what `vgen ledger migrate` prints"
)

NO_FUNCTION = "PGRST202"
"""PostgREST's code for an unknown function."""

SCHEMA_RELOAD = 4.0
"""How long PostgREST may take to reload its schema after a migration, in seconds."""

REFUSALS: Mapping[str, type[VgenError]] = {
    "VG002": LedgerError,
    "VG003": JobStoppedError,
    "VG004": NotFoundError,
    "VG005": ClaimPassedOnError,
    "VG006": JobReopenedError,
}
"""The other SQLSTATEs that the migration's own functions raise, with messages for the user."""

ERRORS_BY_STATE: Mapping[str, tuple[type[VgenError], str]] = {
    "23505": (LedgerError, "a clip cannot have two open attempts"),
    "42883": (ConfigurationError, NO_LEDGER),
    NO_FUNCTION: (ConfigurationError, NO_LEDGER),
    "42501": (ConfigurationError, "the database does not let this user or key work on the ledger"),
}

TRANSIENT = ("08", "40", "53", "55P03", "57")
"""Prefixes of SQLSTATEs that are worth a retry: connections, deadlocks, resources, locks, a server
that shuts down."""


class LostAnswerError(Exception):
    """No answer came: the call may or may not have been done."""


class RefusedError(Exception):
    """The database refused, and changed nothing; `state` is its SQLSTATE."""

    def __init__(self, state: str, message: str, detail: str = "") -> None:
        self.state, self.message, self.detail = state, message, detail
        super().__init__(f"{message} ({state})")

    def is_transient(self, waited: float) -> bool:
        """Whether to retry the same call, `waited` seconds after it was first made."""
        if self.state == NO_FUNCTION:
            return waited < SCHEMA_RELOAD
        return self.state.startswith(TRANSIENT)

    def to_vgen_error(self) -> VgenError:
        """Return vgen's error for it."""
        if self.state == OVER_BUDGET:
            return _over_budget(json.loads(self.detail))
        if self.state in REFUSALS:
            return REFUSALS[self.state](self.message)
        other = LedgerError, f"the database refused: {self}"
        kind, message = ERRORS_BY_STATE.get(self.state, other)
        return kind(message)


def _over_budget(told: Mapping[str, Any]) -> BudgetExceededError:
    return BudgetExceededError(
        limit=Decimal(told["limit"]),
        spent=Decimal(told["spent"]),
        held=Decimal(told["held"]),
        asked=Decimal(told["asked"]),
        purse=told["purse"],
        held_by=tuple((UUID(job), Decimal(held)) for job, held in told["held_by"]),
    )

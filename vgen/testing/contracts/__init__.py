"""The promises of the ports as test classes: inherit one, implement `make`, run pytest.

Needs pytest and Hypothesis: `pip install vgen[testing]`.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vgen.testing.contracts.auditing import audit
    from vgen.testing.contracts.backend import BackendContract
    from vgen.testing.contracts.ledger import LedgerContract
    from vgen.testing.contracts.storage import StorageContract

__all__ = ["BackendContract", "LedgerContract", "StorageContract", "audit"]

_MODULES = {
    "BackendContract": "backend",
    "LedgerContract": "ledger",
    "StorageContract": "storage",
    "audit": "auditing",
}

if not TYPE_CHECKING:  # checkers would take it for a promise of every name

    def __getattr__(name: str) -> object:
        """Import a contract when it is first used: a ledger's subprocesses need no pytest."""
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)

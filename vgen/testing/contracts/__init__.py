"""The promises of the ports as test classes: inherit one, say how yours is made, run pytest.

Needs pytest and Hypothesis, as `pip install vgen[testing]` brings them.
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
        """Import a contract when it is asked for: a ledger's processes need no test tools."""
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)

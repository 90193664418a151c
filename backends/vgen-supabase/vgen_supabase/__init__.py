"""Clips in Supabase Storage, money in Postgres."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vgen_supabase.faults import Reason, SupabaseStorageError
    from vgen_supabase.postgres import PostgresLedger
    from vgen_supabase.rest import SupabaseLedger
    from vgen_supabase.storage import SupabaseStorage

__all__ = [
    "PostgresLedger",
    "Reason",
    "SupabaseLedger",
    "SupabaseStorage",
    "SupabaseStorageError",
]

_HOMES = {
    "PostgresLedger": "postgres",
    "Reason": "faults",
    "SupabaseLedger": "rest",
    "SupabaseStorage": "storage",
    "SupabaseStorageError": "faults",
}

if not TYPE_CHECKING:  # checkers would take it for a promise of every name

    def __getattr__(name: str) -> object:
        """Import a name when it is first asked for: the SDK is large, and most need a part."""
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)

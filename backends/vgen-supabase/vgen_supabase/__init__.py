"""Clips in Supabase Storage, money in Postgres."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vgen_supabase.errors import Reason, SupabaseStorageError
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

_MODULES = {
    "PostgresLedger": "postgres",
    "Reason": "errors",
    "SupabaseLedger": "rest",
    "SupabaseStorage": "storage",
    "SupabaseStorageError": "errors",
}

if not TYPE_CHECKING:  # type checkers would then accept any name

    def __getattr__(name: str) -> object:
        """Import a name on first use: the SDK is large, and most programs need only a part."""
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)

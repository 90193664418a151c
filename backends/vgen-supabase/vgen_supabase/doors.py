"""Entry points: how the command line makes a ledger or a storage from a URL."""

from __future__ import annotations

from vgen.errors import ConfigurationError
from vgen_supabase.rest import SupabaseLedger
from vgen_supabase.storage import SupabaseStorage


def ledger(url: str) -> SupabaseLedger:
    """Make the ledger for `supabase:`, in the project that the environment variables name.

    Raises:
        ConfigurationError: the URL has more than the scheme, or a variable is missing.
    """
    if url.partition(":")[2].strip("/"):
        raise ConfigurationError("the project is that of SUPABASE_URL: write supabase:")
    return SupabaseLedger()


def storage(url: str) -> SupabaseStorage:
    """Make the storage for `supabase://BUCKET`, in the project that the variables name.

    Raises:
        ConfigurationError: the URL names no valid bucket, or a variable is missing.
    """
    bucket = url.partition(":")[2].removeprefix("//").removesuffix("/")
    return SupabaseStorage(bucket)

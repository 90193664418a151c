"""How the command line makes a ledger or a storage from a URL."""

from __future__ import annotations

from vgen.errors import ConfigurationError
from vgen_supabase.rest import SupabaseLedger
from vgen_supabase.storage import SupabaseStorage


def ledger(url: str) -> SupabaseLedger:
    """Make the ledger of `supabase:`, of the project that the environment names.

    Raises:
        ConfigurationError: there is more in the URL, or the environment lacks something.
    """
    if url.partition(":")[2].strip("/"):
        raise ConfigurationError("the project is that of SUPABASE_URL: write supabase:")
    return SupabaseLedger()


def storage(url: str) -> SupabaseStorage:
    """Make the storage of `supabase://BUCKET`, in the project that the environment names.

    Raises:
        ConfigurationError: the URL names no bucket, or the environment lacks something.
    """
    bucket = url.partition(":")[2].removeprefix("//").removesuffix("/")
    return SupabaseStorage(bucket)

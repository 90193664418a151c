"""Images and clips in Supabase Storage."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import trio

from vgen.abc import Storage, StoredFile
from vgen.errors import ConfigurationError, StorageError
from vgen_supabase.access import Access
from vgen_supabase.body import FilePart
from vgen_supabase.client import StorageClient
from vgen_supabase.errors import Reason, SupabaseStorageError
from vgen_supabase.object_location import ObjectLocation, is_bucket
from vgen_supabase.resumable import PIECE, ResumableUpload
from vgen_supabase.urls import location_of

if TYPE_CHECKING:
    from supabase import AsyncClient

DAY = 24 * 60 * 60


class SupabaseStorage(Storage):
    """Clips as files in one bucket, and images from any bucket of the same project.

    A clip is served as what its key's ending says: `video/mp4`, or what it came as.

    `url` and `key` are the project's and its service role's: those given, else those of `client`,
    else `SUPABASE_URL` and `SUPABASE_SERVICE_ROLE_KEY`. Of a `client`, its httpx client is used
    too, if it was made with one, and stays open; nothing else of it is.

    A written clip's reference is `supabase://BUCKET/KEY`; `stat` and `url` also take a plain key of
    the bucket. Signed URLs are valid for `expires_in` seconds.

    Every error is a `StorageError`, one of the service's a `SupabaseStorageError` with its reason.
    Connections are opened on demand, even after `aclose`.
    """

    def __init__(
        self,
        bucket: str,
        *,
        url: str | None = None,
        key: str | None = None,
        client: AsyncClient | None = None,
        expires_in: int = DAY,
    ) -> None:
        self._access = Access.of(url, key, client)
        self._access.check()
        if not is_bucket(bucket):
            raise ConfigurationError(f"{bucket!r}: is not a valid bucket name")
        if expires_in < 1:
            raise ConfigurationError(f"expires_in: must be at least 1 second, not {expires_in}")
        self._bucket = bucket
        self._expires_in = expires_in
        self._lent = None if client is None else client.options.httpx_client
        self._client: StorageClient | None = None
        self._public: dict[str, bool] = {}

    def __repr__(self) -> str:
        """Show the bucket and the project's URL, without the key."""
        return f"<SupabaseStorage {self._bucket!r} at {self._access.url}>"

    async def read(self, reference: str, *, max_bytes: int) -> bytes:
        """Read an image by its URL in this project's storage, or by `supabase://BUCKET/KEY`.

        It is read with the key: private buckets and expired signed URLs work too. A URL of
        anything else is refused, and not fetched.
        """
        location = location_of(reference, self._access)
        return await self._open().read(location, max_bytes=max_bytes)

    async def write(self, key: str, path: Path) -> StoredFile:
        """Upload a file: in one request up to 6 MiB, else in pieces, resuming if cut off."""
        location = ObjectLocation(self._bucket, key)
        try:
            with await trio.to_thread.run_sync(path.open, "rb") as file:
                descriptor = file.fileno()
                size = os.fstat(descriptor).st_size
                if size > PIECE:
                    await ResumableUpload(self._open(), location, descriptor, size).run()
                else:
                    await self._open().put(location, FilePart(descriptor, 0, size))
        except OSError as error:
            raise StorageError(f"cannot read {path}: {error.strerror}") from error
        return await self._open().info(location)

    async def copy(self, reference: str, key: str) -> StoredFile:
        """Copy a file within the bucket, at the service."""
        source, target = (
            ObjectLocation.of(reference, self._bucket),
            ObjectLocation(self._bucket, key),
        )
        await self._open().copy(source, target)
        return await self._open().info(target)

    async def remove(self, reference: str) -> None:
        """Remove a file, if it is there."""
        await self._open().remove(ObjectLocation.of(reference, self._bucket))

    async def stat(self, reference: str) -> StoredFile | None:
        """Look a file up; `None` only if it does not exist and this key could see it."""
        location = ObjectLocation.of(reference, self._bucket)
        try:
            return await self._open().info(location)
        except SupabaseStorageError as error:
            if error.reason is not Reason.MISSING:
                raise
            # A key without rights is told that private files are missing, and their clips would be
            # made and paid for again. Such a key cannot see the bucket: then this raises.
            await self._is_public(location.bucket)
            return None

    async def url(self, reference: str) -> str:
        """Return a file's URL, signed unless its bucket is public.

        Whether a bucket is public is looked up once, not configured, so it cannot be wrong.
        """
        location = ObjectLocation.of(reference, self._bucket)
        if await self._is_public(location.bucket):
            return await self._open().public_url(location)
        return await self._open().signed_url(location, expires_in=self._expires_in)

    async def _is_public(self, bucket: str) -> bool:
        if bucket not in self._public:
            self._public[bucket] = await self._open().is_public(bucket)
        return self._public[bucket]

    def _open(self) -> StorageClient:
        if self._client is None:
            self._client = StorageClient(self._access, self._lent)
        return self._client

    async def aclose(self) -> None:
        """Close the connections, except those of a lent client."""
        opened, self._client = self._client, None
        if opened is not None:
            await opened.aclose()

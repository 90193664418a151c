"""Supabase Storage as the storage of a service's images and clips."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import trio

from vgen.abc import Storage, StoredFile
from vgen.errors import ConfigurationError, StorageError
from vgen_supabase.access import Access
from vgen_supabase.body import Part
from vgen_supabase.faults import Reason, SupabaseStorageError
from vgen_supabase.object_location import ObjectLocation, is_bucket
from vgen_supabase.resumable import PIECE, ResumableUpload
from vgen_supabase.urls import location_of
from vgen_supabase.wire import Wire

if TYPE_CHECKING:
    from supabase import AsyncClient

DAY = 24 * 60 * 60


class SupabaseStorage(Storage):
    """Clips as files in one bucket, and images from any bucket of the same project.

    `url` and `key` are the project's and its service role's: those given, else those of `client`,
    else `SUPABASE_URL` and `SUPABASE_SERVICE_ROLE_KEY`. Of a `client`, its httpx client is used
    too, where it was made with one, and stays open; nothing else of it is.

    A written clip's reference is `supabase://BUCKET/KEY`; `stat` and `url` also take a plain key of
    the bucket. Signed URLs are good for `expires_in` seconds.

    Every error is a `StorageError`, one of the service's a `SupabaseStorageError` with its reason.
    Connections are opened when they are first needed, also after `aclose`.
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
            raise ConfigurationError(f"{bucket!r}: is no name of a bucket")
        if expires_in < 1:
            raise ConfigurationError(f"expires_in: {expires_in} s is no time for a URL to be good")
        self._bucket = bucket
        self._expires_in = expires_in
        self._lent = None if client is None else client.options.httpx_client
        self._wire: Wire | None = None
        self._public: dict[str, bool] = {}

    def __repr__(self) -> str:
        """Name the bucket and the project."""
        return f"<SupabaseStorage {self._bucket!r} at {self._access.url}>"

    async def read(self, reference: str, *, max_bytes: int) -> bytes:
        """Read an image by its URL in this project's storage, or by `supabase://BUCKET/KEY`.

        It is read with the key: from private buckets too, and by a signed URL that has expired.
        Anything else that a URL may lead to is refused unread.
        """
        place = location_of(reference, self._access)
        return await self._open().read(place, max_bytes=max_bytes)

    async def write(self, key: str, path: Path) -> StoredFile:
        """Send a file up: in one piece to 6 MiB, else in pieces, outliving broken connections."""
        place = ObjectLocation(self._bucket, key)
        try:
            with await trio.to_thread.run_sync(path.open, "rb") as file:
                descriptor = file.fileno()
                size = os.fstat(descriptor).st_size
                if size > PIECE:
                    await ResumableUpload(self._open(), place, descriptor, size).run()
                else:
                    await self._open().put(place, Part(descriptor, 0, size))
        except OSError as error:
            raise StorageError(f"cannot read {path}: {error.strerror}") from error
        return StoredFile(reference=str(place), size=size)

    async def stat(self, reference: str) -> StoredFile | None:
        """Look a file up; `None` only where the service has none and this key would see it."""
        place = ObjectLocation.of(reference, self._bucket)
        try:
            size = await self._open().size(place)
        except SupabaseStorageError as error:
            if error.reason is not Reason.MISSING:
                raise
            # To a key without rights, the service denies a private file as if there were none,
            # which would have it made, and paid for, anew. Such a key does not see the bucket.
            await self._is_public(place.bucket)
            return None
        return StoredFile(reference=str(place), size=size)

    async def url(self, reference: str) -> str:
        """Give a file's URL, signed unless its bucket is public.

        The service is asked once which of the two a bucket is: that cannot be set wrong.
        """
        place = ObjectLocation.of(reference, self._bucket)
        if await self._is_public(place.bucket):
            return await self._open().public_url(place)
        return await self._open().signed_url(place, expires_in=self._expires_in)

    async def _is_public(self, bucket: str) -> bool:
        if bucket not in self._public:
            self._public[bucket] = await self._open().is_public(bucket)
        return self._public[bucket]

    def _open(self) -> Wire:
        if self._wire is None:
            self._wire = Wire(self._access, self._lent)
        return self._wire

    async def aclose(self) -> None:
        """Close the connections, except those of the client that was handed in."""
        wire, self._wire = self._wire, None
        if wire is not None:
            await wire.aclose()

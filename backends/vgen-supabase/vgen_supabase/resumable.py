"""Upload a file in pieces, resuming after broken connections."""

from __future__ import annotations

import base64
import re

import httpx
import trio

from vgen.abc import media_type
from vgen_supabase.body import FilePart
from vgen_supabase.client import StorageClient
from vgen_supabase.errors import Reason, SupabaseStorageError
from vgen_supabase.object_location import ObjectLocation

PIECE = 6 * 2**20
"""Bytes in each piece but the last: the only size that Supabase's documentation allows."""

RETRY_DELAYS = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4)
"""Seconds to wait after each failure; after one more, the upload has failed."""

ROUTE = "upload/resumable"
LOCATION = re.compile(r".*/upload/resumable/([\w=-]+)", re.ASCII)
VERSION = {"Tus-Resumable": "1.0.0"}
BINARY = {"Content-Type": "application/offset+octet-stream"}
UPSERT = {"x-upsert": "true"}
"""Sent with every piece: the service reads it on the one that completes the file."""


class ResumableUpload:
    """The upload of one file by the TUS protocol, 1.0.0.

    The file becomes visible when its last piece has arrived, not before. What a failed or
    cancelled upload leaves is invisible, and the service deletes it.
    """

    def __init__(
        self, client: StorageClient, location: ObjectLocation, descriptor: int, size: int
    ) -> None:
        self._client = client
        self._location = location
        self._descriptor = descriptor
        self._size = size
        self._path: str | None = None
        self._offset: int | None = None

    async def run(self) -> None:
        """Upload the file, resuming after as many failures as there are `RETRY_DELAYS`.

        Raises:
            SupabaseStorageError: a failure that is not retryable, or one too many.
        """
        for delay in RETRY_DELAYS:
            try:
                await self._resume()
            except SupabaseStorageError as error:
                self._recover(error)
            else:
                return
            await trio.sleep(delay)
        await self._resume()

    def _recover(self, error: SupabaseStorageError) -> None:
        """Prepare to resume or to start again; raise an error that no retry helps."""
        self._offset = None
        if error.reason is Reason.NOWHERE and self._path is not None:
            self._path = None  # it has expired or is over: start again
        elif not error.retryable:
            raise error

    async def _resume(self) -> None:
        if self._path is None:
            self._path = await self._create()
            self._offset = 0
        if self._offset is None:
            self._offset = await self._ask_offset(self._path)
        while self._offset < self._size:
            self._offset = await self._append(self._path, self._offset)

    async def _create(self) -> str:
        target = {"bucketName": self._location.bucket, "objectName": self._location.key}
        pairs = {**target, "contentType": media_type(self._location.key)}.items()
        metadata = ",".join(f"{k} {base64.b64encode(v.encode()).decode()}" for k, v in pairs)
        headers = {"Upload-Length": str(self._size), "Upload-Metadata": metadata}
        headers |= VERSION | UPSERT
        response = await self._client.send("POST", ROUTE, self._location, headers)
        # Only the upload's name: behind a proxy, the service does not know its own address.
        found = LOCATION.fullmatch(response.headers.get("Location", ""))
        if found is None:
            raise SupabaseStorageError(self._location, Reason.TRY_AGAIN, "the upload has no name")
        return f"{ROUTE}/{found[1]}"

    async def _ask_offset(self, path: str) -> int:
        """Ask how many bytes have arrived.

        If all have, and yet no response confirmed it, the file may or may not have been stored,
        since the service stores it after counting the bytes. Then the upload starts again.
        """
        response = await self._client.send("HEAD", path, self._location, VERSION)
        arrived = self._checked_offset(response, 0, self._size)
        if arrived == self._size:
            raise SupabaseStorageError(self._location, Reason.NOWHERE, "the upload is over")
        return arrived

    async def _append(self, path: str, offset: int) -> int:
        part = FilePart(self._descriptor, offset, min(PIECE, self._size - offset))
        headers = {**VERSION, **UPSERT, **BINARY, "Upload-Offset": str(offset)}
        response = await self._client.send("PATCH", path, self._location, headers, part)
        return self._checked_offset(response, offset + 1, offset + part.length)

    def _checked_offset(self, response: httpx.Response, least: int, most: int) -> int:
        """Return the offset in a response; an error unless it is between `least` and `most`."""
        offset = response.headers.get("Upload-Offset", "")
        if not (offset.isdecimal() and least <= int(offset) <= most):
            problem = "it reports an impossible upload offset"
            raise SupabaseStorageError(self._location, Reason.TRY_AGAIN, problem)
        return int(offset)

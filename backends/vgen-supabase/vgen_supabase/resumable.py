"""An upload in pieces, which goes on where a broken connection has left it."""

from __future__ import annotations

import base64
import re

import httpx
import trio

from vgen_supabase.body import Part
from vgen_supabase.faults import Reason, SupabaseStorageError
from vgen_supabase.object_location import ObjectLocation
from vgen_supabase.wire import TYPE, Wire

PIECE = 6 * 2**20
"""The one size of a piece, except the last, that Supabase's documentation allows, in bytes."""

WAITS = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4)
"""How long is waited after each trouble, in seconds; after one more, the upload has failed."""

ROUTE = "upload/resumable"
LOCATION = re.compile(r".*/upload/resumable/([\w=-]+)", re.ASCII)
VERSION = {"Tus-Resumable": "1.0.0"}
BINARY = {"Content-Type": "application/offset+octet-stream"}
UPSERT = {"x-upsert": "true"}
"""Sent with every piece: the service looks at the one that completes the file."""


class ResumableUpload:
    """One file on its way up by the TUS protocol, 1.0.0.

    The file is there for others when its last piece has arrived, and not at all before. What a
    failed or cancelled upload leaves at the service nobody sees, and the service drops it.
    """

    def __init__(self, wire: Wire, place: ObjectLocation, descriptor: int, size: int) -> None:
        self._wire = wire
        self._place = place
        self._descriptor = descriptor
        self._size = size
        self._path: str | None = None
        self._offset: int | None = None

    async def run(self) -> None:
        """Send the file, going on after as many troubles as there are `WAITS`."""
        for wait in WAITS:
            try:
                await self._go_on()
            except SupabaseStorageError as error:
                self._take_in(error)
            else:
                return
            await trio.sleep(wait)
        await self._go_on()

    def _take_in(self, error: SupabaseStorageError) -> None:
        """Forget what the trouble has made uncertain; raise what waiting does not help."""
        self._offset = None
        if error.reason is Reason.NOWHERE and self._path is not None:
            self._path = None  # it has expired or is over: from the start
        elif not error.retryable:
            raise error

    async def _go_on(self) -> None:
        if self._path is None:
            self._path = await self._create()
            self._offset = 0
        if self._offset is None:
            self._offset = await self._ask(self._path)
        while self._offset < self._size:
            self._offset = await self._append(self._path, self._offset)

    async def _create(self) -> str:
        told = {"bucketName": self._place.bucket, "objectName": self._place.key}
        pairs = {**told, "contentType": TYPE}.items()
        metadata = ",".join(f"{k} {base64.b64encode(v.encode()).decode()}" for k, v in pairs)
        headers = {"Upload-Length": str(self._size), "Upload-Metadata": metadata}
        answer = await self._wire.send("POST", ROUTE, self._place, {**VERSION, **UPSERT, **headers})
        # Only the upload's name: behind a proxy, the service is mistaken about its own address.
        found = LOCATION.fullmatch(answer.headers.get("Location", ""))
        if found is None:
            raise SupabaseStorageError(self._place, Reason.TRY_AGAIN, "the upload has no name")
        return f"{ROUTE}/{found[1]}"

    async def _ask(self, path: str) -> int:
        """Ask how much has arrived.

        Where that is all of it, and no answer has said that it was put into its place, nobody
        knows whether it was: the service does so after it has counted. Then it is sent anew.
        """
        answer = await self._wire.send("HEAD", path, self._place, VERSION)
        arrived = self._arrived(answer, 0, self._size)
        if arrived == self._size:
            raise SupabaseStorageError(self._place, Reason.NOWHERE, "the upload is over")
        return arrived

    async def _append(self, path: str, offset: int) -> int:
        part = Part(self._descriptor, offset, min(PIECE, self._size - offset))
        headers = {**VERSION, **UPSERT, **BINARY, "Upload-Offset": str(offset)}
        answer = await self._wire.send("PATCH", path, self._place, headers, part)
        return self._arrived(answer, offset + 1, offset + part.length)

    def _arrived(self, answer: httpx.Response, least: int, most: int) -> int:
        """Read how much has arrived, and do not believe everything."""
        told = answer.headers.get("Upload-Offset", "")
        if not (told.isdecimal() and least <= int(told) <= most):
            raise SupabaseStorageError(self._place, Reason.TRY_AGAIN, "it lost count of the upload")
        return int(told)

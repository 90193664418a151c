"""The storage, spoken to through its official SDK: the one module that knows of it."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

import httpx
from storage3 import AsyncStorageClient

from vgen_supabase.access import Access
from vgen_supabase.body import Part
from vgen_supabase.faults import asking
from vgen_supabase.guard import MAX_BYTES, Guard
from vgen_supabase.object_location import ObjectLocation
from vgen_supabase.urls import API

PATIENCE = 30.0
"""How long one answer may take, in seconds: 25 MiB, the largest image, at 0.9 MB a second."""

PATIENCE_UP = 120.0
"""How long one piece of a clip may take, in seconds: 6 MiB at 52 kB a second."""

TYPE = "video/mp4"


class Wire:
    """One client of the storage. Nothing is retried here, and nothing waited for unbounded.

    Questions about files go through the SDK. Files do not: it would download without a limit, send
    a form that it reads from disk in the event loop, and leave httpx's generators behind when it
    is cancelled; and it knows nothing of resumable uploads.

    All methods raise `SupabaseStorageError`. Cancelling one closes its connection.
    """

    def __init__(self, access: Access, lent: httpx.AsyncClient | None = None) -> None:
        api = f"{access.url}{API}"
        headers = {
            "apiKey": access.key,
            "Authorization": f"Bearer {access.key}",
            "Accept-Encoding": "identity",
        }
        client = lent or httpx.AsyncClient(timeout=None)  # noqa: S113 (scopes bound the time)
        self._http = httpx.AsyncClient(
            base_url=api,
            headers=headers,
            timeout=None,  # noqa: S113 (likewise)
            transport=Guard(client, lent=lent is not None),
        )
        self._sdk = AsyncStorageClient(api, headers, http_client=self._http)

    async def aclose(self) -> None:
        """Close the connections, except those of a client that was lent."""
        await self._http.aclose()

    async def is_public(self, bucket: str) -> bool:
        """Whether a bucket can be read without a key; an error where the key cannot see it.

        Not through the SDK: its record of a bucket demands what not every version of the service
        tells.
        """
        with asking(f"bucket {bucket!r}", seconds=PATIENCE):
            public = (await self._http.get(f"bucket/{quote(bucket, safe='')}")).json()["public"]
            if not isinstance(public, bool):
                raise TypeError("a bucket is public or not")
            return public

    async def size(self, place: ObjectLocation) -> int:
        """Give a file's size in bytes."""
        with asking(place, seconds=PATIENCE):
            return int((await self._sdk.from_(place.bucket).info(place.key))["size"])

    async def public_url(self, place: ObjectLocation) -> str:
        """Give a file's URL in a public bucket, whether it is there or not."""
        return await self._sdk.from_(place.bucket).get_public_url(place.key)

    async def signed_url(self, place: ObjectLocation, *, expires_in: int) -> str:
        """Have a URL made that can be read without a key for so many seconds."""
        with asking(place, seconds=PATIENCE):
            made = await self._sdk.from_(place.bucket).create_signed_url(place.key, expires_in)
            if made["signedUrl"] is None:
                raise ValueError("there is no URL in the answer")
            return made["signedUrl"]

    async def read(self, place: ObjectLocation, *, max_bytes: int) -> bytes:
        """Read a file, of a private bucket too, of at most so many bytes."""
        with asking(place, seconds=PATIENCE):
            answer = await self._http.get(
                f"object/authenticated/{place.path}", extensions={MAX_BYTES: max_bytes}
            )
            return answer.content

    async def put(self, place: ObjectLocation, part: Part) -> None:
        """Store a file, whole or not at all, in the place of the one that was there."""
        headers = {"Content-Type": TYPE, "x-upsert": "true"}
        await self.send("POST", f"object/{place.path}", place, headers, part)

    async def send(
        self,
        method: str,
        path: str,
        about: ObjectLocation,
        headers: Mapping[str, str],
        part: Part | None = None,
    ) -> httpx.Response:
        """Send a request as it is, with a part of a file as its body."""
        length = {} if part is None else {"Content-Length": str(part.length)}
        request = self._http.build_request(method, path, headers={**headers, **length})
        if part is not None:
            request.stream = part
        with asking(about, seconds=PATIENCE if part is None else PATIENCE_UP):
            return await self._http.send(request)

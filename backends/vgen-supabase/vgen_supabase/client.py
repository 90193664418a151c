"""A client of the storage API: the only module that uses Supabase's SDK for it."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

import httpx
from storage3 import AsyncStorageClient

from vgen.abc import StoredFile, media_type
from vgen_supabase.access import Access
from vgen_supabase.body import FilePart
from vgen_supabase.errors import request_errors
from vgen_supabase.object_location import ObjectLocation
from vgen_supabase.transport import MAX_BYTES, BoundedTransport
from vgen_supabase.urls import API

RESPONSE_TIMEOUT = 30.0
"""How long a response may take, in seconds: 25 MiB, the largest image, at 0.9 MB a second."""

UPLOAD_TIMEOUT = 120.0
"""How long an upload of one piece may take, in seconds: 6 MiB at 52 kB a second."""


class StorageClient:
    """A client of the storage API. It retries nothing; every request has a time limit.

    Metadata goes through the SDK. File contents do not: the SDK downloads without a limit, uploads
    a form that it reads from disk in the event loop, leaves httpx's generators unfinished when it
    is cancelled, and has no resumable uploads.

    All methods raise `SupabaseStorageError`. Cancelling one closes its connection.
    """

    def __init__(self, access: Access, lent: httpx.AsyncClient | None = None) -> None:
        api = f"{access.url}{API}"
        headers = {
            "apiKey": access.key,
            "Authorization": f"Bearer {access.key}",
            "Accept-Encoding": "identity",
        }
        client = lent or httpx.AsyncClient(timeout=None)  # noqa: S113 (cancel scopes limit the time)
        self._http = httpx.AsyncClient(
            base_url=api,
            headers=headers,
            timeout=None,  # noqa: S113 (likewise)
            transport=BoundedTransport(client, lent=lent is not None),
        )
        self._sdk = AsyncStorageClient(api, headers, http_client=self._http)

    async def aclose(self) -> None:
        """Close the connections, except those of a lent client."""
        await self._http.aclose()

    async def is_public(self, bucket: str) -> bool:
        """Whether a bucket can be read without a key; an error if this key cannot see it.

        Not through the SDK: its `Bucket` requires fields that not every version of the service
        sends.
        """
        with request_errors(f"bucket {bucket!r}", seconds=RESPONSE_TIMEOUT):
            public = (await self._http.get(f"bucket/{quote(bucket, safe='')}")).json()["public"]
            if not isinstance(public, bool):
                raise TypeError("a bucket is public or not")
            return public

    async def info(self, location: ObjectLocation) -> StoredFile:
        """Return a file's size in bytes and its entity tag, which older services do not send."""
        with request_errors(location, seconds=RESPONSE_TIMEOUT):
            found = await self._sdk.from_(location.bucket).info(location.key)
            return StoredFile(str(location), int(found["size"]), str(found.get("etag") or ""))

    async def copy(self, source: ObjectLocation, target: ObjectLocation) -> None:
        """Copy a file within its bucket, replacing any at the target."""
        with request_errors(source, seconds=UPLOAD_TIMEOUT):
            await self._http.post(
                "object/copy",
                headers={"x-upsert": "true"},
                json={
                    "bucketId": source.bucket,
                    "sourceKey": source.key,
                    "destinationBucket": target.bucket,
                    "destinationKey": target.key,
                },
            )

    async def remove(self, location: ObjectLocation) -> None:
        """Remove a file; one that is not there is no error."""
        with request_errors(location, seconds=RESPONSE_TIMEOUT):
            await self._sdk.from_(location.bucket).remove([location.key])

    async def public_url(self, location: ObjectLocation) -> str:
        """Return a file's URL in a public bucket, whether or not the file exists."""
        return await self._sdk.from_(location.bucket).get_public_url(location.key)

    async def signed_url(self, location: ObjectLocation, *, expires_in: int) -> str:
        """Create a URL that can be read without a key for `expires_in` seconds."""
        with request_errors(location, seconds=RESPONSE_TIMEOUT):
            bucket = self._sdk.from_(location.bucket)
            made = await bucket.create_signed_url(location.key, expires_in)
            if made["signedUrl"] is None:
                raise ValueError("there is no URL in the answer")
            return made["signedUrl"]

    async def read(self, location: ObjectLocation, *, max_bytes: int) -> bytes:
        """Read a file of at most `max_bytes` bytes, from a public or private bucket."""
        with request_errors(location, seconds=RESPONSE_TIMEOUT):
            response = await self._http.get(
                f"object/authenticated/{location.path}", extensions={MAX_BYTES: max_bytes}
            )
            return response.content

    async def put(self, location: ObjectLocation, part: FilePart) -> None:
        """Upload a file in one request, replacing any that exists; never stored in part."""
        headers = {"Content-Type": media_type(location.key), "x-upsert": "true"}
        await self.send("POST", f"object/{location.path}", location, headers, part)

    async def send(
        self,
        method: str,
        path: str,
        about: ObjectLocation,
        headers: Mapping[str, str],
        part: FilePart | None = None,
    ) -> httpx.Response:
        """Send a request without the SDK, with part of a file as its body."""
        length = {} if part is None else {"Content-Length": str(part.length)}
        request = self._http.build_request(method, path, headers={**headers, **length})
        if part is not None:
            request.stream = part
        with request_errors(about, seconds=RESPONSE_TIMEOUT if part is None else UPLOAD_TIMEOUT):
            return await self._http.send(request)

"""The REST routes for files and buckets that `SupabaseStorage` uses."""

from __future__ import annotations

import hashlib
import re
import time
from urllib.parse import quote

from attrs import frozen
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from . import errors
from .state import Bucket, ServiceState, Stored

KEY = re.compile(r"[A-Za-z0-9_/!.*'() &$=@;:+,?-]+")


def check_accepted(state: ServiceState, bucket: str, media_type: str, size: int) -> None:
    """Raise an error for a file that its bucket does not accept."""
    settings = state.buckets[bucket]
    if settings.types is not None and media_type not in settings.types:
        raise errors.bad_type(media_type)
    if settings.size_limit is not None and size > settings.size_limit:
        raise errors.too_large()


@frozen
class Routes:
    """The request handlers; each raises `RestError` for what it refuses."""

    state: ServiceState

    def routes(self) -> list[Route]:
        """All routes, those with a keyword of the service first."""
        at = "/{bucket}/{key:path}"
        return [
            Route("/bucket/{bucket}", self.bucket),
            Route(f"/object/authenticated{at}", self.authenticated),
            Route(f"/object/public{at}", self.public),
            Route(f"/object/sign{at}", self.signed, methods=["GET"]),
            Route(f"/object/sign{at}", self.sign, methods=["POST"]),
            Route(f"/object/info{at}", self.info),
            Route("/object/copy", self.copy, methods=["POST"]),
            Route("/object/{bucket}", self.remove, methods=["DELETE"]),
            Route(f"/object{at}", self.upload, methods=["POST"]),
        ]

    async def bucket(self, request: Request) -> Response:
        """Return a bucket's settings, to the service role only."""
        role, name = self._role(request), request.path_params["bucket"]
        found = self.state.buckets.get(name)
        if found is None or role != "service_role":
            raise errors.no_bucket()
        stamp = "2026-08-01T12:00:00.000Z"
        settings = {"id": name, "name": name, "owner": "", "public": found.public}
        limits = {"file_size_limit": found.size_limit, "allowed_mime_types": found.types}
        return JSONResponse({**settings, **limits, "created_at": stamp, "updated_at": stamp})

    async def authenticated(self, request: Request) -> Response:
        """Return a file to a key that may see it."""
        role = self._role(request)
        stored = self._find(request, seeing=role == "service_role")
        return Response(stored.data, media_type=stored.media_type)

    async def public(self, request: Request) -> Response:
        """Return a file of a public bucket, without a key."""
        if not self._bucket(request).public:
            raise errors.no_bucket()
        stored = self._find(request, seeing=True)
        return Response(stored.data, media_type=stored.media_type)

    async def signed(self, request: Request) -> Response:
        """Return a file by its signed URL."""
        claims = self.state.claims(request.query_params.get("token", ""))
        if claims is None or claims["url"] != "{bucket}/{key}".format(**request.path_params):
            raise errors.bad_signature("InvalidSignature", "Invalid signature")
        if claims["exp"] < time.time():
            raise errors.bad_signature("InvalidJWT", '"exp" claim timestamp check failed')
        stored = self._find(request, seeing=True)
        return Response(stored.data, media_type=stored.media_type)

    async def sign(self, request: Request) -> Response:
        """Return a signed URL, relative to the API."""
        role = self._role(request)
        expires_in = int((await request.json())["expiresIn"])
        self._find(request, seeing=role == "service_role")
        bucket, key = request.path_params["bucket"], request.path_params["key"]
        token = self.state.token(bucket, key, expires_in)
        path = f"/object/sign/{quote(bucket)}/{quote(key)}"
        return JSONResponse({"signedURL": f"{path}?token={token}"})

    async def info(self, request: Request) -> Response:
        """Return a file's metadata. An unknown key is treated as no key."""
        role = self.state.role(request)
        if role is None and not self._bucket(request).public:
            raise errors.no_bucket()
        stored = self._find(request, seeing=role == "service_role")
        names = {"name": request.path_params["key"], "bucket_id": request.path_params["bucket"]}
        etag = f'"{hashlib.sha256(stored.data).hexdigest()}"'
        return JSONResponse(
            {**names, "size": len(stored.data), "content_type": stored.media_type, "etag": etag}
        )

    async def copy(self, request: Request) -> Response:
        """Copy a file, over another only where that is asked for."""
        if self._role(request) != "service_role":
            raise errors.denied()
        asked = await request.json()
        source = asked["bucketId"], asked["sourceKey"]
        target = asked["destinationBucket"], asked["destinationKey"]
        if source not in self.state.objects:
            raise errors.no_file()
        if target in self.state.objects and request.headers.get("x-upsert") != "true":
            raise errors.exists()
        self.state.objects[target] = self.state.objects[source]
        return JSONResponse({"Key": "/".join(target), "Id": "8f1d"})

    async def remove(self, request: Request) -> Response:
        """Remove the files of these very keys, as many as there are."""
        bucket, role = request.path_params["bucket"], self._role(request)
        self._bucket(request)
        keys: list[str] = (await request.json())["prefixes"]
        objects = self.state.objects
        seen = [key for key in keys if role == "service_role" and (bucket, key) in objects]
        for key in seen:
            del objects[bucket, key]
        return JSONResponse([{"name": key, "bucket_id": bucket} for key in seen])

    async def upload(self, request: Request) -> Response:
        """Store a file from one request."""
        data = await request.body()
        role = self._role(request)
        bucket, key = request.path_params["bucket"], request.path_params["key"]
        self._bucket(request)
        if not KEY.fullmatch(key):
            raise errors.bad_key(key)
        if role != "service_role":
            raise errors.denied()
        media_type = request.headers.get("content-type", "application/octet-stream")
        check_accepted(self.state, bucket, media_type, len(data))
        if (bucket, key) in self.state.objects and request.headers.get("x-upsert") != "true":
            raise errors.exists()
        self.state.objects[bucket, key] = Stored(data, media_type)
        return JSONResponse({"Key": f"{bucket}/{key}", "Id": "8f1c"})

    def _role(self, request: Request) -> str:
        role = self.state.role(request)
        if role is None:
            raise errors.denied("signature verification failed")
        return role

    def _bucket(self, request: Request) -> Bucket:
        found = self.state.buckets.get(request.path_params["bucket"])
        if found is None:
            raise errors.no_bucket()
        return found

    def _find(self, request: Request, *, seeing: bool) -> Stored:
        bucket = self._bucket(request)
        location = request.path_params["bucket"], request.path_params["key"]
        stored = self.state.objects.get(location)
        if stored is None or not (seeing or bucket.public):
            raise errors.no_file()
        return stored

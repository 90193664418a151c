"""Files and buckets, by the routes that a storage of clips and images needs."""

from __future__ import annotations

import re
import time
from urllib.parse import quote

from attrs import frozen
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from . import refusals
from .books import Books, Bucket, Stored

KEY = re.compile(r"[A-Za-z0-9_/!.*'() &$=@;:+,?-]+")


def accept(books: Books, bucket: str, media_type: str, size: int) -> None:
    """Refuse a file that its bucket does not take."""
    settings = books.buckets[bucket]
    if settings.types is not None and media_type not in settings.types:
        raise refusals.bad_type(media_type)
    if settings.size_limit is not None and size > settings.size_limit:
        raise refusals.too_large()


@frozen
class Routes:
    """The handlers; each raises a `Refusal` for what it will not do."""

    books: Books

    def routes(self) -> list[Route]:
        """All of them, the service's keywords first."""
        at = "/{bucket}/{key:path}"
        return [
            Route("/bucket/{bucket}", self.bucket),
            Route(f"/object/authenticated{at}", self.authenticated),
            Route(f"/object/public{at}", self.public),
            Route(f"/object/sign{at}", self.signed, methods=["GET"]),
            Route(f"/object/sign{at}", self.sign, methods=["POST"]),
            Route(f"/object/info{at}", self.info),
            Route(f"/object{at}", self.upload, methods=["POST"]),
        ]

    async def bucket(self, request: Request) -> Response:
        """Give a bucket's settings, to those who may see it."""
        role, name = self._role(request), request.path_params["bucket"]
        found = self.books.buckets.get(name)
        if found is None or role != "service_role":
            raise refusals.no_bucket()
        stamp = "2026-08-01T12:00:00.000Z"
        told = {"id": name, "name": name, "owner": "", "public": found.public}
        limits = {"file_size_limit": found.size_limit, "allowed_mime_types": found.types}
        return JSONResponse({**told, **limits, "created_at": stamp, "updated_at": stamp})

    async def authenticated(self, request: Request) -> Response:
        """Give a file to a key that may see it."""
        role = self._role(request)
        stored = self._find(request, seeing=role == "service_role")
        return Response(stored.data, media_type=stored.media_type)

    async def public(self, request: Request) -> Response:
        """Give a file of a public bucket to anybody."""
        if not self._bucket(request).public:
            raise refusals.no_bucket()
        stored = self._find(request, seeing=True)
        return Response(stored.data, media_type=stored.media_type)

    async def signed(self, request: Request) -> Response:
        """Give a file to whoever has a URL that was signed for it."""
        claims = self.books.claims(request.query_params.get("token", ""))
        if claims is None or claims["url"] != "{bucket}/{key}".format(**request.path_params):
            raise refusals.bad_signature("InvalidSignature", "Invalid signature")
        if claims["exp"] < time.time():
            raise refusals.bad_signature("InvalidJWT", '"exp" claim timestamp check failed')
        stored = self._find(request, seeing=True)
        return Response(stored.data, media_type=stored.media_type)

    async def sign(self, request: Request) -> Response:
        """Sign a URL, which is given relative to the API."""
        role = self._role(request)
        expires_in = int((await request.json())["expiresIn"])
        self._find(request, seeing=role == "service_role")
        bucket, key = request.path_params["bucket"], request.path_params["key"]
        token = self.books.token(bucket, key, expires_in)
        path = f"/object/sign/{quote(bucket)}/{quote(key)}"
        return JSONResponse({"signedURL": f"{path}?token={token}"})

    async def info(self, request: Request) -> Response:
        """Give what is known of a file. A bad key is taken for none."""
        role = self.books.role(request)
        if role is None and not self._bucket(request).public:
            raise refusals.no_bucket()
        stored = self._find(request, seeing=role == "service_role")
        told = {"name": request.path_params["key"], "bucket_id": request.path_params["bucket"]}
        return JSONResponse({**told, "size": len(stored.data), "content_type": stored.media_type})

    async def upload(self, request: Request) -> Response:
        """Take a file in, whole."""
        data = await request.body()
        role = self._role(request)
        bucket, key = request.path_params["bucket"], request.path_params["key"]
        self._bucket(request)
        if not KEY.fullmatch(key):
            raise refusals.bad_key(key)
        if role != "service_role":
            raise refusals.denied()
        media_type = request.headers.get("content-type", "application/octet-stream")
        accept(self.books, bucket, media_type, len(data))
        if (bucket, key) in self.books.objects and request.headers.get("x-upsert") != "true":
            raise refusals.exists()
        self.books.objects[bucket, key] = Stored(data, media_type)
        return JSONResponse({"Key": f"{bucket}/{key}", "Id": "8f1c"})

    def _role(self, request: Request) -> str:
        role = self.books.role(request)
        if role is None:
            raise refusals.denied("signature verification failed")
        return role

    def _bucket(self, request: Request) -> Bucket:
        found = self.books.buckets.get(request.path_params["bucket"])
        if found is None:
            raise refusals.no_bucket()
        return found

    def _find(self, request: Request, *, seeing: bool) -> Stored:
        bucket = self._bucket(request)
        place = request.path_params["bucket"], request.path_params["key"]
        stored = self.books.objects.get(place)
        if stored is None or not (seeing or bucket.public):
            raise refusals.no_file()
        return stored

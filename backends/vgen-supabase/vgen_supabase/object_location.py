"""Where a file is stored: its bucket and its key."""

from __future__ import annotations

import re
from typing import Self
from urllib.parse import quote

from attrs import Attribute, field, frozen

from vgen_supabase.errors import Reason, SupabaseStorageError

SCHEME = "supabase://"

LETTERS = r"A-Za-z0-9_!.*'() &$=@;:+,?\-"
BUCKET, KEY = re.compile(f"[{LETTERS}]+"), re.compile(f"[{LETTERS}/]+")
"""What the service allows: `isValidBucketName` and `isValidKey` in its `limits.ts`."""

BUCKET_LENGTH = 100
KEY_LENGTH = 1024
"""The longest key in S3, where the service stores files, in bytes; vgen's have about fifty."""

ROUTES = frozenset(
    {"authenticated", "copy", "info", "list", "list-v2", "move", "public", "sign", "upload"}
)
"""Words that the service reads as part of the route where a bucket's name is expected."""


def is_bucket(name: str) -> bool:
    """Whether a bucket may have this name and can be addressed by it."""
    valid = BUCKET.fullmatch(name) is not None and len(name) <= BUCKET_LENGTH
    return valid and name not in ROUTES | {".", ".."}


def is_key(key: str) -> bool:
    """Whether the service accepts a key, and no URL normalisation changes it on the way."""
    valid = KEY.fullmatch(key) is not None and len(key) <= KEY_LENGTH
    return valid and {"", ".", ".."}.isdisjoint(key.split("/"))


def _check_bucket(location: ObjectLocation, attribute: Attribute[str], bucket: str) -> None:  # noqa: ARG001 (attrs' own)
    if not is_bucket(bucket):
        raise SupabaseStorageError(_shown(bucket), Reason.BAD_NAME, "of a bucket")


def _check_key(location: ObjectLocation, attribute: Attribute[str], key: str) -> None:  # noqa: ARG001 (attrs' own)
    if not is_key(key):
        raise SupabaseStorageError(_shown(key), Reason.BAD_NAME, "of a file")


@frozen
class ObjectLocation:
    """A bucket and a key in it, both as the service allows them; written `supabase://BUCKET/KEY`.

    Raises:
        SupabaseStorageError: one of them is not acceptable.
    """

    bucket: str = field(validator=_check_bucket)
    key: str = field(validator=_check_key)

    def __str__(self) -> str:
        """Return the durable reference."""
        return f"{SCHEME}{self.bucket}/{self.key}"

    @property
    def path(self) -> str:
        """The bucket and key as part of a URL's path."""
        return f"{quote(self.bucket, safe='')}/{quote(self.key)}"

    @classmethod
    def of(cls, reference: str, bucket: str) -> Self:
        """Parse a durable reference, or take a plain key as one in this bucket."""
        if not reference.startswith(SCHEME):
            return cls(bucket, reference)
        bucket, _, key = reference.removeprefix(SCHEME).partition("/")
        return cls(bucket, key)


def _shown(name: str) -> str:
    return repr(name if len(name) <= BUCKET_LENGTH else f"{name[:BUCKET_LENGTH]}…")

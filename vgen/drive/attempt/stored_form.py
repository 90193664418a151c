"""The form in which a delivered file is stored: MP4 where that takes it, else as it came."""

from __future__ import annotations

import hashlib
from pathlib import Path

from attrs import evolve, frozen

from vgen.drive.media.inspector import Inspector
from vgen.records.clip import Clip
from vgen.records.container import ENDINGS
from vgen.records.video import Fault, Inspection


@frozen
class StoredForm:
    """A clip's file as it is to be stored, at `path`; `delivered_sha256` is that of what came."""

    path: Path
    container: str
    sha256: str
    delivered_sha256: str

    @property
    def ending(self) -> str:
        """The ending of its container."""
        return ENDINGS[self.container]

    def described(self, clip: Clip) -> Clip:
        """Return a clip's record with what is stored."""
        remuxed = self.sha256 != self.delivered_sha256
        return evolve(
            clip,
            container=self.container,
            sha256=self.sha256,
            delivered_sha256=self.delivered_sha256 if remuxed else "",
        )

    def is_of(self, clip: Clip) -> bool:
        """Whether it is the file of a stored clip, by what came or by what is stored of it.

        Another release of FFmpeg may write a copy otherwise; from the spool, only that is known.
        """
        return not {self.sha256, self.delivered_sha256}.isdisjoint(
            {clip.sha256, clip.delivered_sha256}
        )


async def stored_form(
    inspector: Inspector, path: Path, found: Inspection, target: Path
) -> StoredForm:
    """Return what is to be stored of the file at `path`: that, or a copy in MP4, at `target`.

    What is damaged stays as it is: a copy would hide what is missing.

    Raises:
        StorageError: there is no room for the copy now.
    """
    container, digest = found.info.container, _sha256(path)
    whole = Fault.DAMAGED not in found.judgement.faults
    if container != "mp4" and whole and await inspector.as_mp4(path, found, target):
        return StoredForm(target, "mp4", _sha256(target), digest)
    return StoredForm(path, container, digest, digest)


def _sha256(path: Path) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()

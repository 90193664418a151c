"""A file system that forgets: what was not forced to the disk is gone when power fails."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any, cast

import apsw
from attrs import define, field

SECTOR = 512


@define
class Disk:
    """What is on the disk for certain, and the writes that may or may not be, by file."""

    name: str
    on_write: Callable[[], object] = int
    certain: dict[str, bytes] = field(factory=dict[str, bytes])
    passing: dict[str, list[tuple[int, bytes | None]]] = field(
        factory=dict[str, list[tuple[int, bytes | None]]]
    )
    system: apsw.VFS | None = None

    def __attrs_post_init__(self) -> None:
        """Make it known to SQLite under its name."""
        self.system = _System(self)

    def note(self, file: str, offset: int, data: bytes | None) -> None:
        """Take note of a write, or with no data of a cut at an offset."""
        self.on_write()
        self.passing.setdefault(file, []).append((offset, data))

    def force(self, file: str) -> None:
        """Have all writes to a file on the disk for certain."""
        self.on_write()
        self.certain[file] = self._after(file, self.passing.pop(file, []))

    def fail(self, folder: Path, rng: Random) -> None:
        """Let power fail, and lay out what is left in another folder.

        Of each write that was not forced, it is random which sectors have reached the disk.
        """
        for file in self.certain.keys() | self.passing.keys():
            if file.endswith("-shm"):
                continue
            kept = [write for write in self.passing.get(file, []) if rng.random() < 0.5]
            torn = [part for write in kept for part in _torn(write, rng)]
            (folder / Path(file).name).write_bytes(self._after(file, torn))

    def _after(self, file: str, writes: list[tuple[int, bytes | None]]) -> bytes:
        content = bytearray(self.certain.get(file, b""))
        for offset, data in writes:
            if data is None:
                del content[offset:]
                continue
            content.extend(bytes(max(0, offset - len(content))))
            content[offset : offset + len(data)] = data
        return bytes(content)


def _torn(write: tuple[int, bytes | None], rng: Random) -> list[tuple[int, bytes | None]]:
    offset, data = write
    if data is None:
        return [write]
    sectors = [(offset + at, data[at : at + SECTOR]) for at in range(0, len(data), SECTOR)]
    return [cast("tuple[int, bytes | None]", each) for each in sectors if rng.random() < 0.5]


class _System(apsw.VFS):
    def __init__(self, disk: Disk) -> None:
        self.disk = disk
        super().__init__(disk.name, "")

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:  # noqa: N802 (SQLite's name)
        return _File(self.disk, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: FBT001, N802 (likewise)
        super().xDelete(filename, syncdir)
        self.disk.certain.pop(filename, None)
        self.disk.passing.pop(filename, None)


class _File(apsw.VFSFile):
    def __init__(self, disk: Disk, name: Any, flags: list[int]) -> None:
        self._disk = disk
        self._name = name.filename() if isinstance(name, apsw.URIFilename) else str(name)
        super().__init__("", name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802 (SQLite's name)
        super().xWrite(data, offset)  # pyright: ignore[reportUnknownMemberType] - untyped in apsw
        self._disk.note(self._name, offset, bytes(data))

    def xTruncate(self, newsize: int) -> None:  # noqa: N802 (likewise)
        super().xTruncate(newsize)
        self._disk.note(self._name, newsize, None)

    def xSync(self, flags: int) -> None:  # noqa: N802 (likewise)
        super().xSync(flags)
        self._disk.force(self._name)

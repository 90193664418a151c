"""Fonts for the tests of captions: made here, since a machine may have none."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

from vgen_animatic.typeset import Typeset

UNITS = 1000

Glyph = bytes


def font_file(path: Path, characters: str) -> Path:
    """Write a TrueType font in which each character is a bar, the later ones the wider."""
    glyphs = [_box(900), b"", *(_box(300 + 20 * n) for n in range(len(characters)))]
    codes = sorted([(0x20, 1), *((ord(c), 2 + n) for n, c in enumerate(characters))])
    tables = {
        b"cmap": _cmap(codes),
        b"glyf": b"".join(glyphs),
        b"head": _head(),
        b"hhea": struct.pack(">Ihhh22xHH", 0x10000, 800, -200, 0, 0, len(glyphs)),
        b"hmtx": b"".join(struct.pack(">Hh", 600, 50) for _ in glyphs),
        b"loca": _loca(glyphs),
        b"maxp": struct.pack(">IH13H", 0x10000, len(glyphs), 4, 1, 0, 0, 2, *(0,) * 8),
    }
    path.write_bytes(_sfnt(tables))
    return path


def _box(width: int) -> Glyph:
    """A rectangle of one contour, its points in words and relative to one another."""
    head = struct.pack(">hhhhh", 1, 0, 0, width, 700)
    ends = struct.pack(">HH", 3, 0)
    points = struct.pack(">4B", 1, 1, 1, 1) + struct.pack(">4h4h", 0, 0, width, 0, 0, 700, 0, -700)
    return head + ends + points


def _cmap(codes: Sequence[tuple[int, int]]) -> bytes:
    groups = b"".join(struct.pack(">III", code, code, glyph) for code, glyph in codes)
    table = struct.pack(">HHIII", 12, 0, 16 + len(groups), 0, len(codes)) + groups
    return struct.pack(">HHHHI", 0, 1, 3, 10, 12) + table


def _head() -> bytes:
    return struct.pack(
        ">IIIIHHQQhhhhHHhhh",
        0x10000, 0x10000, 0, 0x5F0F3CF5, 0, UNITS, 0, 0, 0, -200, 1000, 800, 0, 8, 2, 1, 0,
    )  # fmt: skip


def _loca(glyphs: Sequence[Glyph]) -> bytes:
    ends = [sum(map(len, glyphs[:n])) for n in range(len(glyphs) + 1)]
    return struct.pack(f">{len(ends)}I", *ends)


def _sfnt(tables: dict[bytes, bytes]) -> bytes:
    head = struct.pack(">IHHHH", 0x10000, len(tables), 64, 2, len(tables) * 16 - 64)
    place = len(head) + 16 * len(tables)
    body = b""
    for tag, table in sorted(tables.items()):
        head += struct.pack(">4sIII", tag, 0, place + len(body), len(table))
        body += table + bytes(-len(table) % 4)
    return head + body


def text_of(found: object) -> list[str]:
    """The lines of a caption, as they are seen; none where there is none."""
    lines = found.lines if isinstance(found, Typeset) else ()
    return ["".join(part.text for part in line) for line in lines]

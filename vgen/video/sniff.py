"""A look at a file's first bytes that says which container it is, or what it is instead."""

from __future__ import annotations

from codecs import getincrementaldecoder

from vgen.errors import VideoError
from vgen.video import heif

SNIFFED_BYTES = 512

MP4_BOXES = frozenset({b"ftyp", b"moov", b"mdat", b"moof", b"styp", b"free", b"skip", b"wide"})
"""Boxes that may come first in a file of the MP4 family (ISO/IEC 14496-12, QuickTime)."""

EBML = b"\x1a\x45\xdf\xa3"

RIFF = b"RIFF"

PICTURE_BRANDS = frozenset({b"avif", b"avis"}) | heif.BRANDS

SIGNATURES = (
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"II*\0", "a TIFF picture"),
    (b"MM\0*", "a TIFF picture"),
    (b"ID3", "an MP3 sound file"),
    (b"fLaC", "a FLAC sound file"),
    (b"OggS", "an Ogg file"),
    (b"FLV\x01", "an FLV video"),
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"#EXTM3U", "a playlist"),
    (b"ffconcat", "a playlist"),
)

RIFF_KINDS = {b"WAVE": "a WAV sound file", b"WEBP": "a WebP picture"}


def sniff(head: bytes) -> str:
    """The container that the first bytes of a file announce: mp4, mov, matroska, webm or avi.

    Raises `VideoError`, naming what the file seems to be, when it is none of these.
    """
    if head[4:8] in MP4_BOXES and head[8:12] not in PICTURE_BRANDS:
        return "mov" if head[4:12] == b"ftypqt  " else "mp4"
    if head.startswith(EBML):
        return "webm" if b"webm" in head[:64] else "matroska"
    if head.startswith(RIFF) and head[8:12] == b"AVI ":
        return "avi"
    raise VideoError(f"not an MP4 or WebM video but {_name(head)}")


def _name(head: bytes) -> str:
    if not head:
        return "an empty file"
    if head.startswith(RIFF):
        return RIFF_KINDS.get(head[8:12], "a RIFF file")
    if head[4:8] == b"ftyp":
        return "an AVIF or HEIF picture"
    for signature, name in SIGNATURES:
        if head.startswith(signature):
            return name
    return _text_name(head)


def _text_name(head: bytes) -> str:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text[:1] == b"<":
        return "an HTML or XML page"
    if text[:1] in (b"{", b"["):
        return "JSON"
    if text and all(byte >= ord(" ") or byte in b"\t\n\r\f" for byte in head) and _is_utf8(head):
        return "text"
    return "an unknown kind of file"


def _is_utf8(head: bytes) -> bool:
    # The last character may be cut in two, which an incremental decoder allows.
    try:
        getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return True

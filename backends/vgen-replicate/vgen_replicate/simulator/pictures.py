"""A prediction's input picture: from a `data:` URI, or from a file uploaded to this server."""

from __future__ import annotations

import base64
import binascii
from urllib.parse import unquote_to_bytes, urlsplit

from vgen_replicate.simulator.files import FileStore
from vgen_replicate.simulator.prediction import Prediction


def picture_bytes(prediction: Prediction, files: FileStore, now: float) -> bytes | None:
    """Return the content of the first input that is a file; `None` if there is no such input.

    Raises:
        ValueError: it cannot be read, such as a URL of another server; the message becomes the
            prediction's error.
    """
    for name, field in prediction.model.fields.items():
        if field.uri and name in prediction.input:
            return _read(prediction.input[name], prediction.base, files, now)
    return None


def _read(uri: str, base: str, files: FileStore, now: float) -> bytes:
    if uri.startswith("data:"):
        return _data(uri)
    file_id = urlsplit(uri.removeprefix(f"{base}/v1/files/")).path.removesuffix("/download")
    file = files.get(file_id, now)
    if file is None:
        raise ValueError(f"Failed to download {uri}: 404 Client Error: Not Found")
    return file.content


def _data(uri: str) -> bytes:
    header, _, body = uri.removeprefix("data:").partition(",")
    raw = unquote_to_bytes(body)
    try:
        return base64.b64decode(raw, validate=True) if header.endswith(";base64") else raw
    except binascii.Error as error:
        raise ValueError(f"Failed to decode data URI: {error}") from error

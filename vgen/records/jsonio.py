"""Records to JSON and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any, TypeVar, cast
from uuid import UUID

from cattrs import BaseValidationError, Converter, transform_error
from cattrs.strategies import configure_tagged_union

from vgen.records.entry import Entry

T = TypeVar("T")

ENTRY = cast("type[Entry]", Entry)
"""The union itself, as what the converter calls a class."""


def _make_converter() -> Converter:
    converter = Converter()
    for kind in (Decimal, Fraction, UUID):
        converter.register_unstructure_hook(kind, str)
        converter.register_structure_hook(kind, lambda text, kind: kind(text))
    for moment in (date, datetime):
        converter.register_unstructure_hook(moment, moment.isoformat)
        converter.register_structure_hook(moment, lambda text, kind: kind.fromisoformat(text))
    configure_tagged_union(Entry, converter, tag_name="entry")
    return converter


CONVERTER = _make_converter()


def to_json(record: object, *, indent: int | None = None) -> str:
    """Serialize a record to JSON that can be encoded as UTF-8, whatever text it holds."""
    return _spell(CONVERTER.unstructure(record), indent=indent)


def from_json(text: str, kind: type[T]) -> T:
    """Deserialize a record from the output of `to_json`.

    Raises:
        ValueError: it is no JSON, or not of that kind; the message names the fields.
    """
    return _read(text, kind, kind.__name__)


def entry_to_json(entry: Entry) -> str:
    """Serialize a ledger entry to JSON, its kind included."""
    return _spell(CONVERTER.unstructure(entry, ENTRY))


def entry_from_json(text: str) -> Entry:
    """Deserialize a ledger entry from the output of `entry_to_json`.

    Raises:
        ValueError: it is none.
    """
    return _read(text, ENTRY, "entry")


def as_mapping(record: object) -> Mapping[str, Any]:
    """Return a record as plain JSON values."""
    return cast("Mapping[str, Any]", CONVERTER.unstructure(record))


def _read(text: str, kind: type[T], name: str) -> T:
    try:
        return CONVERTER.structure(json.loads(text), kind)
    except BaseValidationError as error:
        raise ValueError("; ".join(transform_error(error, path=name))) from error
    except (LookupError, TypeError) as error:
        raise ValueError(f"{name}: is of another kind") from error


def _spell(value: Any, *, indent: int | None = None) -> str:
    # A lone surrogate, from a file name that is no UTF-8, stands only within JSON strings, and
    # there Python's escape for it is JSON's own.
    spelled = json.dumps(value, indent=indent, ensure_ascii=False)
    return spelled.encode(errors="backslashreplace").decode()

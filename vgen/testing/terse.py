"""Spelling a record by what sets it apart from its defaults."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from attrs import NOTHING, Attribute, Factory, fields


def terse(record: Any) -> str:
    """Give the call that makes an attrs record, without the arguments that are as by default."""
    given = [
        f"{field.name.lstrip('_')}={_spelt(value)}"
        for field in _fields(record)
        if (value := getattr(record, field.name)) != _default(field.default)
    ]
    return f"{type(record).__name__}({', '.join(given)})"


class Terse:
    """A record whose `repr` leaves out what is as by default."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Spell the call that makes it."""
        return terse(self)


def _fields(record: Any) -> tuple[Attribute[Any], ...]:
    kind: type[Any] = record.__class__
    found: tuple[Attribute[Any], ...] = fields(kind)
    return found


def _default(default: Any) -> Any:
    if isinstance(default, Factory):  # type: ignore[arg-type]  # typed as a function, is a class
        return default.factory()
    return default if default is not NOTHING else NOTHING


def _spelt(value: Any) -> str:
    return repr(str(value)) if isinstance(value, Decimal) else repr(value)

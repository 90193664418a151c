"""A short `repr` for records: only what differs from the defaults."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from attrs import NOTHING, Attribute, Factory, fields


def short_repr(record: Any) -> str:
    """Return the call that makes an attrs record, without arguments that equal their defaults."""
    given = [
        f"{field.name.lstrip('_')}={_argument(value)}"
        for field in _fields(record)
        if (value := getattr(record, field.name)) != _default(field.default)
    ]
    return f"{type(record).__name__}({', '.join(given)})"


class ShortRepr:
    """A record whose `repr` leaves out what equals its default."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Return the call that makes it."""
        return short_repr(self)


def _fields(record: Any) -> tuple[Attribute[Any], ...]:
    kind: type[Any] = record.__class__
    found: tuple[Attribute[Any], ...] = fields(kind)
    return found


def _default(default: Any) -> Any:
    if isinstance(default, Factory):  # type: ignore[arg-type]  # typed as a function, is a class
        return default.factory()
    return default if default is not NOTHING else NOTHING


def _argument(value: Any) -> str:
    return repr(str(value)) if isinstance(value, Decimal) else repr(value)

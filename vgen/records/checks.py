"""Checks on a record's fields, each failing with one line that names the field."""

from __future__ import annotations

import json
import math
import reprlib
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NoReturn, TypeGuard
from unicodedata import category
from uuid import UUID

from vgen.errors import InvalidPromptsError

Check = Callable[[object, Any, Any], None]

MAX_DEPTH = 50
"""How deeply JSON values may be nested: far from where Python's own JSON reader gives up."""

MAX_SHOWN = 60
"""How many characters an error shows of a wrong value."""

UNSEEN = frozenset({"Cc", "Cf"})
"""Unicode's categories of control and format characters: the zero-width space is one."""

FILLERS = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and signs that Unicode has as blank: fillers of Hangul, and Braille without a dot."""

SHORT = reprlib.Repr()
SHORT.maxlevel = 2
SHORT.maxstring = SHORT.maxother = MAX_SHOWN


def number(*, above: float | None = None, least: float | None = None, most: float) -> Check:
    """Accept finite ints and floats in the range, and no booleans."""
    low = f"more than {above:g}" if above is not None else f"at least {least:g}"

    def check(_record: object, attribute: Any, value: Any) -> None:
        if isinstance(value, bool) or not isinstance(value, int | float):
            refuse(attribute, "must be a number", value)
        if isinstance(value, float) and not math.isfinite(value):
            refuse(attribute, "must be a finite number", value)
        too_low = (above is not None and value <= above) or (least is not None and value < least)
        if too_low or value > most:
            refuse(attribute, f"must be {low} and at most {most:g}", value)

    return check


def integer(*, least: int, most: int, even: bool = False) -> Check:
    """Accept ints in the range, only even ones if `even`, and no booleans."""

    def check(_record: object, attribute: Any, value: Any) -> None:
        if isinstance(value, bool) or not isinstance(value, int):
            refuse(attribute, "must be a whole number", value)
        if not least <= value <= most:
            refuse(attribute, f"must be at least {least} and at most {most}", value)
        if even and value % 2:
            refuse(attribute, "must be even", value)

    return check


def text(*, most: int, blank: bool) -> Check:
    """Accept strings of at most `most` characters, and blank ones only if `blank`."""

    def check(_record: object, attribute: Any, value: Any) -> None:
        if not isinstance(value, str):
            refuse(attribute, "must be text", value)
        if not blank and is_blank(value):
            refuse(attribute, "must not be empty", value)
        if len(value) > most:
            refuse(attribute, f"must have at most {most} characters", len(value))
        if "\0" in value:
            refuse(attribute, "must not contain NUL characters", value)
        if not _is_encodable(value):
            refuse(attribute, "must be valid text", value)

    return check


def texts(*, most: int) -> Check:
    """Accept lists and tuples of strings of at most `most` characters each."""
    check_item = text(most=most, blank=True)

    def check(record: object, attribute: Any, value: Any) -> None:
        if not is_list(value):
            refuse(attribute, "must be a list of texts", value)
        for item in value:
            check_item(record, attribute, item)

    return check


def amount(_record: object, attribute: Any, value: Any) -> None:
    """Accept finite `Decimal` amounts of at least zero."""
    if not isinstance(value, Decimal):
        refuse(attribute, "must be a Decimal", value)
    if not value.is_finite() or value < 0:
        refuse(attribute, "must be a finite amount of at least 0", value)


def uuid(_record: object, attribute: Any, value: Any) -> None:
    """Accept UUIDs."""
    if not isinstance(value, UUID):
        refuse(attribute, "must be a UUID", value)


def json_object(_record: object, attribute: Any, value: Any) -> None:
    """Accept mappings of what JSON can hold, so that they can be written down as they are."""
    if not is_mapping(value):
        refuse(attribute, "must be an object", value)
    if not _is_json(value, MAX_DEPTH):
        refuse(attribute, f"must hold plain JSON values, {MAX_DEPTH} deep at most", value)


def optional(check: Check) -> Check:
    """Accept `None` too."""

    def check_unless_none(record: object, attribute: Any, value: Any) -> None:
        if value is not None:
            check(record, attribute, value)

    return check_unless_none


def refuse(attribute: Any, rule: str, value: object) -> NoReturn:
    """Raise the one-line error: the field, the rule, and the value that breaks it."""
    raise InvalidPromptsError([f"{attribute.name}: {rule}, got {shown(value)}"])


def shown(value: object) -> str:
    """Format a value for an error: printable, in one short line, whatever the value is."""
    if isinstance(value, Decimal):
        return str(value)
    try:
        spelled = SHORT.repr(value)
    except ValueError:
        return "a number of thousands of digits"
    return spelled if len(spelled) <= MAX_SHOWN else spelled[: MAX_SHOWN - 3] + "..."


def is_list(value: object) -> TypeGuard[Sequence[Any]]:
    """Whether a value is what JSON's lists become."""
    return isinstance(value, list | tuple)


def is_mapping(value: object) -> TypeGuard[Mapping[Any, Any]]:
    """Whether a value is what JSON's objects become."""
    return isinstance(value, Mapping)


def is_blank(value: str) -> bool:
    """Whether nothing of a text can be seen: white space, zero-width and control characters."""
    return all(
        letter.isspace() or letter in FILLERS or category(letter) in UNSEEN for letter in value
    )


def _is_encodable(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_json(value: Any, depth: int) -> bool:
    if is_mapping(value):
        return depth > 0 and all(
            isinstance(key, str) and _is_encodable(key) and _is_json(item, depth - 1)
            for key, item in value.items()
        )
    if is_list(value):
        return depth > 0 and all(_is_json(item, depth - 1) for item in value)
    try:
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    except (TypeError, ValueError):
        return False
    return True

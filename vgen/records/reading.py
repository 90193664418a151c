"""Reading clip prompts from JSON, naming every field that is wrong."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, cast
from uuid import UUID

import attrs
from attrs import frozen

from vgen.errors import InvalidPromptsError
from vgen.records.checks import Check, is_list, is_mapping, shown
from vgen.records.prompt import ClipPrompt, ClipPrompts, repeated

TYPO_SIMILARITY = 0.8
"""How similar to a field's name (0 to 1) an unknown key must be to count as a typing error."""

MAX_DIGITS = 4300
"""How many digits a whole number may have: as many as Python converts by default."""


@frozen
class PromptsFile:
    """What a prompts file holds: the clip prompts that can be read, and what is wrong.

    `problems` has a line for each thing to correct, starting with the field's name. Keys that
    resemble no field are ignored: a prompt generator may write more than vgen reads. `count` is
    the number of all clip prompts, `positions` are those of the `readable` ones among them.
    """

    count: int
    positions: tuple[int, ...]
    readable: tuple[ClipPrompt, ...]
    job_id: UUID | None
    problems: tuple[str, ...]

    def prompts(self) -> ClipPrompts:
        """Return the clip prompts.

        Raises:
            InvalidPromptsError: with all the problems, if there are any.
        """
        if self.problems:
            raise InvalidPromptsError(self.problems)
        return ClipPrompts(self.readable, job_id=self.job_id)


def read_prompts(data: str | bytes, *, source: str) -> PromptsFile:
    """Read clip prompts from JSON; `source` is the file's name, for the errors.

    Raises:
        InvalidPromptsError: it is no JSON object with a list of clip prompts.
    """
    raw = _load(data, source)
    items = raw.get("clip_prompts")
    if not is_list(items):
        wrong = "is missing" if items is None else "must be a list"
        raise InvalidPromptsError([f"{source}: clip_prompts: {wrong}"])
    problems = _misspelled_keys(raw, ClipPrompts, "")
    job_id = _job_id(raw.get("job_id"), problems)
    readable: dict[int, ClipPrompt] = {}
    for position, item in enumerate(items):
        prompt = _prompt(item, f"clip_prompts[{position}]", problems)
        if prompt is not None:
            readable[position] = prompt
    problems += _cross_checks(raw, items)
    return PromptsFile(
        count=len(items),
        positions=tuple(readable),
        readable=tuple(readable.values()),
        job_id=job_id,
        problems=tuple(problems),
    )


def _load(data: str | bytes, source: str) -> Mapping[str, Any]:
    try:
        text = data.decode("utf-8-sig") if isinstance(data, bytes) else data
        raw = json.loads(text, object_pairs_hook=_object, parse_int=_whole_number)
    except UnicodeDecodeError:
        raise InvalidPromptsError([f"{source}: is no UTF-8 text"]) from None
    except json.JSONDecodeError as error:
        raise InvalidPromptsError([f"{source}: is no JSON: {error}"]) from None
    except RecursionError:
        raise InvalidPromptsError([f"{source}: is nested too deeply"]) from None
    except ValueError as error:
        raise InvalidPromptsError([f"{source}: {error}"]) from None
    if not is_mapping(raw):
        raise InvalidPromptsError([f"{source}: must be an object with clip_prompts"])
    return raw


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object's fields, each of which may stand in it once."""
    for key in repeated(key for key, _ in pairs):
        raise ValueError(f"the key {shown(key)} stands more than once in one object")
    return dict(pairs)


def _whole_number(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise ValueError(f"a number has more than {MAX_DIGITS} digits")
    return int(digits)


def _misspelled_keys(
    raw: Mapping[str, Any], kind: type[attrs.AttrsInstance], path: str
) -> list[str]:
    names = [attribute.name for attribute in attrs.fields(kind)]
    unknown = [key for key in raw if key not in names]
    return [
        f"{path}{key if key.isprintable() else repr(key)}: no such field; did you mean {close[0]}?"
        for key in unknown
        if (close := get_close_matches(key, names, n=1, cutoff=TYPO_SIMILARITY))
    ]


def _job_id(value: object, problems: list[str]) -> UUID | None:
    if value is None:
        return None
    try:
        return UUID(cast("str", value))
    except (ValueError, AttributeError, TypeError):
        problems.append(f"job_id: must be a UUID, got {shown(value)}")
        return None


def _prompt(item: Any, path: str, problems: list[str]) -> ClipPrompt | None:
    """Build one clip prompt, or add what is wrong with it to the problems."""
    if not is_mapping(item):
        problems.append(f"{path}: must be an object, got {shown(item)}")
        return None
    wrong = _misspelled_keys(item, ClipPrompt, f"{path}.")
    for attribute in attrs.fields(ClipPrompt):
        wrong += [f"{path}.{problem}" for problem in _field_problems(item, attribute)]
    problems += wrong
    names = {attribute.name for attribute in attrs.fields(ClipPrompt)}
    return None if wrong else ClipPrompt(**{k: v for k, v in item.items() if k in names})


def _field_problems(raw: Mapping[str, Any], attribute: attrs.Attribute[Any]) -> Iterable[str]:
    if attribute.name not in raw:
        return [f"{attribute.name}: is missing"] if attribute.default is attrs.NOTHING else []
    check = cast("Check", attribute.validator)
    try:
        check(None, attribute, raw[attribute.name])
    except InvalidPromptsError as error:
        return error.problems
    return []


def _cross_checks(raw: Mapping[str, Any], items: Sequence[Any]) -> list[str]:
    """Return the problems between prompts, such as an index used twice, good and bad alike."""
    objects = [item for item in items if is_mapping(item)]
    indexes = [index for item in objects if type(index := item.get("clip_index")) is int]
    problems = [
        f"clip_prompts: clip_index {index} stands more than once" for index in repeated(indexes)
    ]
    wrong = _field_problems(raw, attrs.fields(ClipPrompts).total_clips)
    total = raw.get("total_clips")
    if not wrong and total is not None and total != len(items):
        problems.append(f"total_clips: says {total}, but there are {len(items)} clip prompts")
    return [*problems, *wrong]

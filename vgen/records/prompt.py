"""What a caller asks for: one `ClipPrompt` for each clip."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar
from uuid import UUID

from attrs import Attribute, field, frozen

from vgen.errors import InvalidPromptsError
from vgen.records import checks, data_url

T = TypeVar("T", int, str)

MAX_CLIP_INDEX = 9_999
MAX_SECONDS = 300
MAX_PROMPT_CHARACTERS = 10_000
MAX_URL_CHARACTERS = 8_192
MAX_SEED = 2**32 - 1


def _metadata(record: object, attribute: Attribute[Any], value: Any) -> None:
    checks.json_object(record, attribute, value)
    seed = value.get("seed")
    if seed is None:
        return
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed <= MAX_SEED:
        rule = f"must be a whole number from 0 to {MAX_SEED}"
        raise InvalidPromptsError([f"metadata.seed: {rule}, got {checks.shown(seed)}"])


def _image(record: object, attribute: Attribute[Any], value: Any) -> None:
    inline = isinstance(value, str) and data_url.is_data_url(value) and "," in value
    most = data_url.MAX_CHARACTERS if inline else MAX_URL_CHARACTERS
    checks.text(most=most, blank=False)(record, attribute, value)
    if inline:
        try:
            data_url.content(value)
        except ValueError as error:
            raise InvalidPromptsError([f"{attribute.name}: the data: URL {error}"]) from error


def _as_tuple(urls: Any) -> Any:
    return tuple(urls) if checks.is_list(urls) else urls


def _all_prompts(_record: object, attribute: Attribute[Any], value: tuple[Any, ...]) -> None:
    for item in value:
        if not isinstance(item, ClipPrompt):
            checks.refuse(attribute, "must be ClipPrompts", item)


def _tuple_of(prompts: Iterable[ClipPrompt]) -> tuple[ClipPrompt, ...]:
    return tuple(prompts)


@frozen
class ClipPrompt:
    """What is asked for in one clip.

    `duration` is the target length in seconds, more than 0 and at most 300. `scene_reference_url`
    names the image to start from, in a form that the storage can read, or is a `data:` URL that
    holds it, at most 25 MiB. `metadata` holds plain JSON values; a whole number under its `seed` is
    handed to the model. `character_reference_urls` travel along unused.

    Raises:
        InvalidPromptsError: a field has the wrong type or is out of range.
    """

    clip_index: int = field(validator=checks.integer(least=0, most=MAX_CLIP_INDEX))
    prompt: str = field(validator=checks.text(most=MAX_PROMPT_CHARACTERS, blank=False))
    duration: float = field(validator=checks.number(above=0, most=MAX_SECONDS))
    negative_prompt: str = field(
        default="", validator=checks.text(most=MAX_PROMPT_CHARACTERS, blank=True)
    )
    scene_reference_url: str | None = field(
        default=None, validator=checks.optional(_image), repr=checks.shown
    )
    character_reference_urls: tuple[str, ...] = field(
        default=(),
        converter=_as_tuple,
        validator=checks.texts(most=MAX_URL_CHARACTERS),
    )
    metadata: Mapping[str, Any] = field(factory=dict[str, Any], validator=_metadata)

    @property
    def seed(self) -> int | None:
        """The seed that the user fixed, if any."""
        return self.metadata.get("seed")


def repeated(values: Iterable[T]) -> list[T]:
    """Return the values that occur more than once, in order."""
    return sorted(value for value, times in Counter(values).items() if times > 1)


@frozen
class ClipPrompts:
    """The clip prompts of one job, in any order, each index once.

    Raises:
        InvalidPromptsError: an index stands twice, `total_clips` is another number than given, or
            a field has the wrong type.
    """

    clip_prompts: tuple[ClipPrompt, ...] = field(converter=_tuple_of, validator=_all_prompts)
    job_id: UUID | None = field(default=None, validator=checks.optional(checks.uuid))
    total_clips: int | None = field(
        default=None, validator=checks.optional(checks.integer(least=0, most=MAX_CLIP_INDEX + 1))
    )
    generation_time: float | None = field(default=None)

    def __attrs_post_init__(self) -> None:
        """Refuse what only shows when the prompts are seen together."""
        indexes = [p.clip_index for p in self.clip_prompts]
        problems = [
            f"clip_prompts: clip_index {index} stands more than once" for index in repeated(indexes)
        ]
        if self.total_clips is not None and self.total_clips != len(indexes):
            problems.append(
                f"total_clips: says {self.total_clips!r}, but there are {len(indexes)} clip prompts"
            )
        if problems:
            raise InvalidPromptsError(problems)

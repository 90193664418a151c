"""Maps requests to the inputs of a model by its schema."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from attrs import evolve, frozen

from vgen.abc import ClipRequest
from vgen.errors import ConfigurationError
from vgen_replicate.declaration import SEEDS, Declaration, Variant
from vgen_replicate.lengths import RATE, Length, lengths, nearest
from vgen_replicate.schema import Field, Schema, as_number
from vgen_replicate.sizes import Sizes

TEXTS: Mapping[str, tuple[str, ...]] = {
    "prompt": ("prompt", "text_prompt", "prompt_text", "positive_prompt"),
    "negative_prompt": ("negative_prompt", "n_prompt"),
}
NUMBERS: Mapping[str, tuple[str, ...]] = {
    "seed": ("seed",),
    "steps": ("num_inference_steps", "inference_steps", "sampling_steps", "sample_steps", "steps"),
    "motion": ("motion_bucket_id",),
    "fps": RATE,
}
"""The models' input names for the fields of a request."""

START_IMAGE = (
    "input_image",
    "image",
    "start_image",
    "first_frame_image",
    "first_frame",
    "start_frame",
    "init_image",
    "image_url",
)
"""Input names for the picture that a clip starts with, the most certain first."""

MAYBE_START_IMAGE = re.compile(r"image|img|frame")
OTHER_IMAGE = re.compile(r"last|end|tail|mask|ref|subject|style")
"""Other input names that may be the start image, and those that are another image."""

SAMPLE_REQUEST = ClipRequest("a", duration=4.0, width=768, height=432, fps=24, motion=100, steps=20)


@frozen
class InputMapping:
    """The model's inputs by the request's field names, and the lengths and sizes that it makes."""

    texts: Mapping[str, Field]
    numbers: Mapping[str, Field]
    offered: tuple[Length, ...]
    durations: tuple[float, ...]
    sizes: Sizes
    image: Field | None

    def inputs(self, request: ClipRequest, seconds: float) -> dict[str, Any]:
        """Return the inputs nearest to the request, all within the schema's limits."""
        inputs: dict[str, Any] = {}
        for name, field in self.texts.items():
            if getattr(request, name).strip() or field.required:
                inputs[field.name] = getattr(request, name)
        for name, field in self.numbers.items():
            if (number := getattr(request, name)) is not None:
                inputs[field.name] = field.nearest(number)
        if self.offered:
            inputs |= nearest(self.offered, seconds).inputs
        return inputs | self.sizes.inputs(request)

    def ignored(self, request: ClipRequest) -> tuple[str, ...]:
        """Return the fields of the request that the model ignores or changes."""
        return tuple(self._ignored(request))

    def _ignored(self, request: ClipRequest) -> Iterator[str]:
        duration = min(self.durations, key=lambda one: (abs(one - request.duration), one))
        inputs = self.inputs(request, duration)
        for name in TEXTS:
            if name not in self.texts and getattr(request, name).strip():
                yield name
        for name in NUMBERS:
            wanted, field = getattr(request, name), self.numbers.get(name)
            sent = inputs.get(field.name) if field else None
            if wanted is not None and as_number(sent) != wanted:
                yield name
        if not self.sizes.honours(request):
            yield from ("width", "height")
        if self.image is None and request.image is not None:
            yield "image"


def complete(schema: Schema, declaration: Declaration, reference: str) -> Declaration:
    """Complete a declaration from the model's schema.

    The declaration's durations, if it has any, replace the schema's.

    Raises:
        ConfigurationError: the model cannot be used; the message is one line that names it.
    """
    mapping = _input_mapping(schema, declaration.durations)
    if problem := next(_problems(schema, mapping), None):
        raise ConfigurationError(f"{reference.partition(':')[0]}: {problem}")
    variant = partial(Variant, reference, mapping.inputs, **_seed(mapping.numbers.get("seed")))
    image, from_text = mapping.image, "prompt" in mapping.texts
    return evolve(
        declaration,
        text=variant() if from_text and not (image and image.required) else None,
        image=variant(image=image.name) if image else None,
        durations=mapping.durations,
        max_size=mapping.sizes.largest,
        ignored=mapping.ignored,
    )


def _input_mapping(schema: Schema, durations: tuple[float, ...]) -> InputMapping:
    offered = lengths(schema)
    texts = {name: schema.find_text(names) for name, names in TEXTS.items()}
    numbers = {name: schema.find_number(names) for name, names in NUMBERS.items()}
    if not offered:
        del numbers["fps"]  # it would change the length, which only the caller knows
    return InputMapping(
        texts={name: field for name, field in texts.items() if field},
        numbers={name: field for name, field in numbers.items() if field},
        offered=offered,
        durations=durations or tuple(one.seconds for one in offered),
        sizes=Sizes.from_schema(schema),
        image=_image(schema),
    )


def _image(schema: Schema) -> Field | None:
    files = {name: one for name, one in schema.fields.items() if one.is_uri}
    possible = [
        name for name in files if MAYBE_START_IMAGE.search(name) and not OTHER_IMAGE.search(name)
    ]
    return next((files[name] for name in (*START_IMAGE, *possible) if name in files), None)


def _seed(field: Field | None) -> dict[str, Any]:
    """Return a `Variant`'s seed arguments; the input must accept every seed that can be drawn."""
    if field is None or field.nearest(0) != 0 or field.nearest(SEEDS - 1) != SEEDS - 1:
        return {"seed": None}
    most = {} if field.maximum is None else {"max_seed": int(field.maximum)}
    return {"seed": field.name, **most}


def _problems(schema: Schema, mapping: InputMapping) -> Iterator[str]:
    if not schema.fields:
        yield "it publishes no schema"
    if not schema.outputs_files:
        yield "it makes no files"
    if "prompt" not in mapping.texts and mapping.image is None:
        yield "it takes neither a prompt nor an image"
    if not mapping.durations:
        yield "its schema does not tell how long its clips are: give durations="
        return
    covered = {*mapping.inputs(SAMPLE_REQUEST, mapping.durations[0])}
    covered.add(mapping.image.name if mapping.image else "")
    covered.add(_seed(mapping.numbers.get("seed"))["seed"] or "")
    missing = [name for name, one in schema.fields.items() if one.required and name not in covered]
    if missing:
        yield f"it needs {', '.join(missing)}, which no clip prompt tells"

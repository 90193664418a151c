"""How a request becomes the input of a model that is known by its schema alone."""

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
from vgen_replicate.schema import Field, Schema, amount
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
"""What the fields of a request are called by the models."""

IMAGE = (
    "input_image",
    "image",
    "start_image",
    "first_frame_image",
    "first_frame",
    "start_frame",
    "init_image",
    "image_url",
)
"""What the picture that a clip begins with is called, the surest first."""

LIKELY = re.compile(r"image|img|frame")
ANOTHER = re.compile(r"last|end|tail|mask|ref|subject|style")
"""Where none of those names is there: what may still be that picture, and what is another."""

ANYTHING = ClipRequest("a", duration=4.0, width=768, height=432, fps=24, motion=100, steps=20)


@frozen
class Mapped:
    """What of a request the model takes, and under which names."""

    texts: Mapping[str, Field]
    numbers: Mapping[str, Field]
    offered: tuple[Length, ...]
    durations: tuple[float, ...]
    sizes: Sizes
    image: Field | None

    def inputs(self, request: ClipRequest, seconds: float) -> dict[str, Any]:
        """Give the input that is nearest to the request, all of it within the schema's limits."""
        told: dict[str, Any] = {}
        for name, taken in self.texts.items():
            if getattr(request, name).strip() or taken.required:
                told[taken.name] = getattr(request, name)
        for name, taken in self.numbers.items():
            if (number := getattr(request, name)) is not None:
                told[taken.name] = taken.nearest(number)
        if self.offered:
            told |= nearest(self.offered, seconds).inputs
        return told | self.sizes.inputs(request)

    def ignored(self, request: ClipRequest) -> tuple[str, ...]:
        """Name the fields of the request that the model does not take as they are."""
        return tuple(self._ignored(request))

    def _ignored(self, request: ClipRequest) -> Iterator[str]:
        made = min(self.durations, key=lambda one: (abs(one - request.duration), one))
        told = self.inputs(request, made)
        for name in TEXTS:
            if name not in self.texts and getattr(request, name).strip():
                yield name
        for name in NUMBERS:
            wanted, taken = getattr(request, name), self.numbers.get(name)
            sent = told.get(taken.name) if taken else None
            if wanted is not None and amount(sent) != wanted:
                yield name
        if not self.sizes.honour(request):
            yield from ("width", "height")
        if self.image is None and request.image is not None:
            yield "image"


def declared(schema: Schema, declaration: Declaration, reference: str) -> Declaration:
    """Complete a declaration with what the model's schema says.

    The durations of `declaration`, where it has any, stand for those that the schema would give.

    Raises:
        ConfigurationError: the model cannot be used, in one line that names it.
    """
    mapped = _mapped(schema, declaration.durations)
    if problem := next(_problems(schema, mapped), None):
        raise ConfigurationError(f"{reference.partition(':')[0]}: {problem}")
    variant = partial(Variant, reference, mapped.inputs, **_seed(mapped.numbers.get("seed")))
    image, from_text = mapped.image, "prompt" in mapped.texts
    return evolve(
        declaration,
        text=variant() if from_text and not (image and image.required) else None,
        image=variant(image=image.name) if image else None,
        durations=mapped.durations,
        max_size=mapped.sizes.largest,
        ignored=mapped.ignored,
    )


def _mapped(schema: Schema, durations: tuple[float, ...]) -> Mapped:
    offered = lengths(schema)
    texts = {name: schema.text(names) for name, names in TEXTS.items()}
    numbers = {name: schema.number(names) for name, names in NUMBERS.items()}
    if not offered:
        del numbers["fps"]  # it would change a length that only the caller knows
    return Mapped(
        texts={name: taken for name, taken in texts.items() if taken},
        numbers={name: taken for name, taken in numbers.items() if taken},
        offered=offered,
        durations=durations or tuple(one.seconds for one in offered),
        sizes=Sizes.of(schema),
        image=_image(schema),
    )


def _image(schema: Schema) -> Field | None:
    files = {name: one for name, one in schema.fields.items() if one.is_uri}
    likely = [name for name in files if LIKELY.search(name) and not ANOTHER.search(name)]
    return next((files[name] for name in (*IMAGE, *likely) if name in files), None)


def _seed(taken: Field | None) -> dict[str, Any]:
    """Say which input tells an attempt from its twins: one that takes every seed that is drawn."""
    if taken is None or taken.nearest(0) != 0 or taken.nearest(SEEDS - 1) != SEEDS - 1:
        return {"seed": None}
    most = {} if taken.maximum is None else {"max_seed": int(taken.maximum)}
    return {"seed": taken.name, **most}


def _problems(schema: Schema, mapped: Mapped) -> Iterator[str]:
    if not schema.fields:
        yield "it publishes no schema"
    if not schema.gives_files:
        yield "it makes no files"
    if "prompt" not in mapped.texts and mapped.image is None:
        yield "it takes neither a prompt nor an image"
    if not mapped.durations:
        yield "its schema does not tell how long its clips are: give durations="
        return
    covered = {*mapped.inputs(ANYTHING, mapped.durations[0])}
    covered.add(mapped.image.name if mapped.image else "")
    covered.add(_seed(mapped.numbers.get("seed"))["seed"] or "")
    missing = [name for name, one in schema.fields.items() if one.required and name not in covered]
    if missing:
        yield f"it needs {', '.join(missing)}, which no clip prompt tells"

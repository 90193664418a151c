"""Hypothesis strategies for records, valid ones of every shape."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from vgen.records.attempt import Attempt
from vgen.records.checks import is_blank
from vgen.records.clip import Clip, ClipFailure, Clips, FailedAttempt
from vgen.records.entry import Line, Movement
from vgen.records.job import Claim, Job, Manifest, PlannedClip
from vgen.records.money import Account, Price, Purse
from vgen.records.prompt import MAX_SEED, ClipPrompt, ClipPrompts
from vgen.records.request import Capabilities, ClipRequest, Quote
from vgen.records.settings import GenerationSettings
from vgen.records.status import Ticket
from vgen.records.video import Inspection, Judgement, VideoInfo

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**80), 2**80)
    | st.floats(allow_nan=False, allow_infinity=False)
)
VALID_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))

PLAIN_JSON: st.SearchStrategy[Any] = st.recursive(
    SCALARS | VALID_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(VALID_TEXT, inner, max_size=3),
    max_leaves=8,
)
"""JSON values that a record may hold."""

ANY_JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters()), inner),
    max_leaves=12,
)
"""Whatever Python's JSON reader can give, lone surrogates and infinities included."""

AMOUNTS = st.decimals(0, 10_000, allow_nan=False, allow_infinity=False, places=4)
SECONDS = st.floats(0.001, 300)
SIZES = st.integers(8, 2048).map(lambda half: 2 * half)


@st.composite
def prompts(draw: st.DrawFn, index: int | None = None) -> ClipPrompt:
    """A valid clip prompt."""
    some_text = VALID_TEXT.filter(lambda text: not is_blank(text))
    seed = draw(st.none() | st.integers(0, MAX_SEED))
    metadata = draw(st.dictionaries(VALID_TEXT.filter(lambda key: key != "seed"), PLAIN_JSON))
    return ClipPrompt(
        clip_index=draw(st.integers(0, 9_999)) if index is None else index,
        prompt=draw(some_text),
        duration=draw(SECONDS | st.integers(1, 300)),
        negative_prompt=draw(VALID_TEXT),
        scene_reference_url=draw(st.none() | some_text),
        character_reference_urls=tuple(draw(st.lists(VALID_TEXT, max_size=2))),
        metadata=metadata if seed is None else {**metadata, "seed": seed},
    )


def generations() -> st.SearchStrategy[GenerationSettings]:
    """Valid generation settings."""
    return st.builds(
        GenerationSettings,
        width=SIZES,
        height=SIZES,
        fps=st.integers(1, 120),
        motion=st.integers(1, 255),
        steps=st.integers(1, 500),
        max_duration=SECONDS,
    )


@st.composite
def jobs_prompts(draw: st.DrawFn) -> ClipPrompts:
    """The valid clip prompts of one job."""
    indexes = draw(st.lists(st.integers(0, 9_999), unique=True, max_size=3))
    made = tuple(draw(prompts(index)) for index in indexes)
    total = draw(st.sampled_from([None, len(made)]))
    return ClipPrompts(made, job_id=draw(st.none() | st.uuids()), total_clips=total)


def requests() -> st.SearchStrategy[ClipRequest]:
    """Requests of every shape."""
    return st.builds(
        ClipRequest,
        prompt=VALID_TEXT,
        duration=SECONDS,
        width=SIZES,
        height=SIZES,
        fps=st.integers(1, 120),
        motion=st.integers(1, 255),
        steps=st.integers(1, 500),
        negative_prompt=VALID_TEXT,
        seed=st.none() | st.integers(0, MAX_SEED),
        image=st.none() | VALID_TEXT,
        image_sha256=st.none() | VALID_TEXT,
        metadata=st.dictionaries(VALID_TEXT, PLAIN_JSON, max_size=3),
    )


WRITTEN: tuple[type[Any], ...] = (
    Account,
    Attempt,
    Capabilities,
    Claim,
    Clip,
    ClipFailure,
    ClipPrompt,
    ClipPrompts,
    ClipRequest,
    Clips,
    GenerationSettings,
    Inspection,
    Job,
    Judgement,
    Line,
    Manifest,
    Movement,
    PlannedClip,
    Price,
    Quote,
    Ticket,
    FailedAttempt,
    VideoInfo,
)

st.register_type_strategy(Decimal, AMOUNTS)
st.register_type_strategy(float, st.floats(allow_nan=False, allow_infinity=False))
st.register_type_strategy(ClipPrompt, prompts())
st.register_type_strategy(Purse, st.builds(Purse, st.sampled_from(["me", "us/2026-11"]), AMOUNTS))
st.register_type_strategy(ClipPrompts, jobs_prompts())
st.register_type_strategy(GenerationSettings, generations())
st.register_type_strategy(ClipRequest, requests())

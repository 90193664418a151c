"""Reading clip prompts: every problem at once, by name, and never another exception."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest
from attrs import asdict
from hypothesis import given, settings
from hypothesis import strategies as st

from vgen.errors import InvalidPromptsError
from vgen.records.prompt import ClipPrompts
from vgen.records.reading import read_prompts

from .strategies import ANY_JSON, jobs_prompts

GOOD: dict[str, Any] = {"clip_index": 0, "prompt": "a lighthouse", "duration": 4}
KEYS = st.sampled_from(["clip_index", "prompt", "duration", "metadata", "negative_prompt", "durat"])


def file_of(*prompts: object, **more: object) -> str:
    """A prompts file's JSON."""
    return json.dumps({"clip_prompts": prompts, **more})


def problems_of(data: str | bytes) -> list[str]:
    """What is wrong with a file, whether it can be read in part or not at all."""
    try:
        return list(read_prompts(data, source="prompts.json").problems)
    except InvalidPromptsError as error:
        return list(error.problems)


def test_a_good_file_is_read() -> None:
    """Prompts, job and positions are as the file has them."""
    job = UUID(int=5)
    text = file_of(GOOD, {**GOOD, "clip_index": 3}, job_id=str(job), total_clips=2)
    found = read_prompts(text.encode(), source="prompts.json")
    assert found.positions == (0, 1)
    assert found.prompts().job_id == job
    assert [prompt.clip_index for prompt in found.prompts().clip_prompts] == [0, 3]


@settings(max_examples=20, deadline=None)
@given(jobs_prompts())
def test_what_can_be_built_can_be_read(given_prompts: ClipPrompts) -> None:
    """Any valid prompts, written as plain JSON, are read as they were."""
    prompts = [asdict(prompt) for prompt in given_prompts.clip_prompts]
    found = read_prompts(file_of(*prompts), source="prompts.json").prompts()
    assert found.clip_prompts == given_prompts.clip_prompts


def test_every_problem_is_told_at_once() -> None:
    """One reading names all that is to be mended, each with its place and field."""
    bad: dict[str, Any] = {"clip_index": -1, "promt": "x", "duration": True, "metadata": []}
    told = problems_of(file_of(bad, 7, GOOD, GOOD, total_clips=9, job_id="x", clip_promptz=1))
    assert [problem.split(": ")[0] for problem in told] == [
        "clip_promptz",
        "job_id",
        "clip_prompts[0].promt",
        "clip_prompts[0].clip_index",
        "clip_prompts[0].prompt",
        "clip_prompts[0].duration",
        "clip_prompts[0].metadata",
        "clip_prompts[1]",
        "clip_prompts",
        "total_clips",
    ]


def test_good_prompts_beside_bad_ones_are_given() -> None:
    """What can be read is there with its position, and asking for all of them tells why not."""
    found = read_prompts(file_of({}, GOOD), source="prompts.json")
    assert (found.positions, len(found.readable)) == ((1,), 1)
    with pytest.raises(InvalidPromptsError) as caught:
        found.prompts()
    assert caught.value.problems == found.problems


@pytest.mark.parametrize(
    ("field", "spelled", "rule"),
    [
        ("clip_index", "-1", "at least 0"),
        ("clip_index", "1.0", "whole number"),
        ("clip_index", "true", "whole number"),
        ("clip_index", "null", "whole number"),
        ("clip_index", "1" + "0" * 4000, "at most 9999"),
        ("prompt", "3", "must be text"),
        ("prompt", '" \\t"', "must not be empty"),
        ("prompt", '"\\u200b"', "must not be empty"),
        ("prompt", '" \\ufeff\\u2060\\u3164"', "must not be empty"),
        ("prompt", '"a\\u0000b"', "NUL"),
        ("prompt", '"\\ud800"', "valid text"),
        ("prompt", json.dumps("x" * 10_001), "at most 10000 characters"),
        ("duration", "0", "more than 0"),
        ("duration", "-1", "more than 0"),
        ("duration", "300.5", "at most 300"),
        ("duration", "NaN", "finite"),
        ("duration", "Infinity", "finite"),
        ("duration", "-Infinity", "finite"),
        ("duration", "1e999", "finite"),
        ("duration", "1" + "0" * 4000, "at most 300"),
        ("duration", "false", "must be a number"),
        ("duration", '"4"', "must be a number"),
        ("negative_prompt", "null", "must be text"),
        ("negative_prompt", '"\\udfff"', "valid text"),
        ("scene_reference_url", '""', "must not be empty"),
        ("scene_reference_url", '"a\\ud800.png"', "valid text"),
        ("scene_reference_url", "[]", "must be text"),
        ("character_reference_urls", '"a"', "list of texts"),
        ("character_reference_urls", "[1]", "must be text"),
        ("character_reference_urls", '["\\ud800"]', "valid text"),
        ("metadata", "3", "must be an object"),
        ("metadata", "[]", "must be an object"),
        ("metadata", '{"a": NaN}', "plain JSON"),
        ("metadata", '{"a": [1e999]}', "plain JSON"),
        ("metadata", '{"a": {"b": "\\ud800"}}', "plain JSON"),
        ("metadata", '{"\\ud800": 1}', "plain JSON"),
        ("metadata", '{"a": ' + "[" * 60 + "]" * 60 + "}", "50 deep"),
        ("metadata.seed", '{"seed": -1}', "from 0 to 4294967295"),
        ("metadata.seed", '{"seed": true}', "whole number"),
        ("metadata.seed", '{"seed": 1.0}', "whole number"),
        ("metadata.seed", '{"seed": 4294967296}', "whole number"),
    ],
)
def test_a_wrong_value_is_named(field: str, spelled: str, rule: str) -> None:
    """Each wrong value is told in one short line: where, which field, which rule."""
    name = field.partition(".")[0]
    good = {key: value for key, value in GOOD.items() if key != name}
    text = file_of(good).replace("}]", f', "{name}": {spelled}}}]')
    (problem,) = problems_of(text)
    assert problem.startswith(f"clip_prompts[0].{field}: ")
    assert rule in problem
    assert len(problem) < 200


@pytest.mark.parametrize("field", ["clip_index", "prompt", "duration"])
def test_a_missing_field_is_named(field: str) -> None:
    """What has no default must be there."""
    (problem,) = problems_of(file_of({k: v for k, v in GOOD.items() if k != field}))
    assert problem == f"clip_prompts[0].{field}: is missing"


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("Prompt", "prompt"),
        ("durations", "duration"),
        ("negativ_prompt", "negative_prompt"),
        ("scene_reference_uri", "scene_reference_url"),
        ("prompt\ud800", "prompt"),
    ],
)
def test_a_slip_of_the_pen_is_named(key: str, meant: str) -> None:
    """A key that is nearly a field's name is refused, in words that any terminal can print."""
    (problem,) = problems_of(file_of({**GOOD, key: "x"}))
    assert problem.endswith(f"no such field; did you mean {meant}?")
    assert problem.encode()


def test_other_keys_are_left_alone() -> None:
    """A prompt generator may write more than is read, in the file and in each prompt."""
    assert problems_of(file_of({**GOOD, "camera": {"lens": 35}}, title="x", style=[1])) == []


@pytest.mark.parametrize(
    ("total", "said"),
    [
        (2, "total_clips: says 2, but there are 1 clip prompts"),
        (True, "total_clips: must be a whole number, got True"),
        ("1", "total_clips: must be a whole number, got '1'"),
        (-1, "total_clips: must be at least 0 and at most 10000, got -1"),
    ],
)
def test_total_clips_must_agree(total: object, said: str) -> None:
    """The number of clips, where the file names one, is the number there is."""
    assert problems_of(file_of(GOOD, total_clips=total)) == [said]
    assert problems_of(file_of(GOOD, total_clips=1)) == []
    assert problems_of(file_of(GOOD, total_clips=None)) == []


def test_an_index_stands_once() -> None:
    """A repeated index is told once, also where the other prompt is bad."""
    told = problems_of(file_of(GOOD, GOOD, {**GOOD, "prompt": ""}, {**GOOD, "clip_index": 1}))
    assert told[-1:] == ["clip_prompts: clip_index 0 stands more than once"]
    assert len(told) == 2


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\xff\xfe{\x00}\x00", "is no UTF-8 text"),
        (b"", "is no JSON"),
        (b'{"clip_prompts": [}', "is no JSON"),
        (b"[1]", "must be an object"),
        (b"null", "must be an object"),
        (b"{}", "clip_prompts: is missing"),
        (b'{"clip_prompts": {}}', "clip_prompts: must be a list"),
        (b"[" * 200_000, "is nested too deeply"),
        (b'{"a": ' * 100_000, "is nested too deeply"),
        (b'{"clip_prompts": ' + b"1" * 5000 + b"}", "a number has more than 4300 digits"),
        (b'{"clip_prompts": [], "clip_prompts": []}', "the key 'clip_prompts' stands more than"),
        (b'{"clip_prompts": [{"prompt": "a", "prompt": "b"}]}', "the key 'prompt' stands more"),
    ],
)
def test_what_is_no_prompts_file_is_refused(data: bytes, said: str) -> None:
    """Anything else is one problem that names the file."""
    (problem,) = problems_of(data)
    assert problem.startswith("prompts.json: ")
    assert said in problem


def test_a_byte_order_mark_is_no_problem() -> None:
    """Files from editors that begin UTF-8 with a byte order mark are read."""
    assert problems_of(b"\xef\xbb\xbf" + file_of(GOOD).encode()) == []


@pytest.mark.parametrize("depth", [60, 400, 900])
def test_deep_nesting_is_told_of_like_any_wrong_value(depth: int) -> None:
    """A value nested as deeply as JSON's reader lets through is refused in one short line."""
    nest = "[" * depth + "]" * depth
    for place in ("clip_prompts", "job_id"):
        text = '{"clip_prompts": [], "' + place + '": [' + nest + "]}"
        (problem,) = problems_of(text)
        assert len(problem) < 200


@settings(max_examples=80, deadline=None)
@given(ANY_JSON)
def test_any_json_is_read_or_refused(value: object) -> None:
    """Whatever JSON comes, the answer is prompts or `InvalidPromptsError`."""
    problems_of(json.dumps(value))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.dictionaries(KEYS, ANY_JSON) | ANY_JSON, max_size=2), ANY_JSON, ANY_JSON)
def test_any_values_are_read_or_refused(items: list[Any], total: Any, job: Any) -> None:
    """Whatever stands under the known keys, what is read can be written down."""
    text = json.dumps({"clip_prompts": items, "total_clips": total, "job_id": job})
    for problem in problems_of(text):
        assert problem.encode()


@given(st.binary() | st.text(st.characters()))
def test_any_bytes_are_read_or_refused(data: str | bytes) -> None:
    """No bytes and no text bring forth any other error."""
    assert problems_of(data)

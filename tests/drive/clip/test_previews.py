"""Previews give way to a model that is asked for, once; a model's clips never to a procedure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from attrs import evolve
from trio.testing import MockClock

from tests.drive.jobs import JOB, PLENTY, Fakes, prompts
from vgen import Clips
from vgen.abc import Generator, Price, VideoBackend
from vgen.errors import InvalidPromptsError, ModelUnavailableError
from vgen.testing import CAPABILITIES, FakeBackend, Refuse

DRAWING = evolve(CAPABILITIES, generator=Generator.PROCEDURAL, paid=False)


async def run_on(
    fakes: Fakes, *route: VideoBackend, lengths_of: Sequence[VideoBackend] = ()
) -> Clips:
    """Run the job once on a route."""
    fakes.backends = route
    async with fakes.runner() as runner:
        given = prompts(*"abc")
        return await runner.process(JOB, given, budget=PLENTY, lengths_of=lengths_of)


async def test_previews_are_made_anew_by_a_model(autojump_clock: MockClock) -> None:
    """All of them, once, with a note; afterwards the model's clips are kept on either route."""
    fakes, pencil, model = Fakes(), FakeBackend("pencil", capabilities=DRAWING), FakeBackend()
    await run_on(fakes, pencil)
    clips = await run_on(fakes, model, pencil)
    assert sorted(model.submitted) == [*"abc"]
    assert {clip.notes for clip in clips.clips} == {("made anew: it was a preview by pencil",)}
    for route in ([model], [pencil], [pencil, model], [model, pencil]):
        clips = await run_on(fakes, *route)
        assert {clip.backend for clip in clips.clips} == {"fake"}
    assert (len(model.submitted), len(pencil.submitted)) == (3, 3)


async def test_what_a_route_fell_back_on_is_kept(autojump_clock: MockClock) -> None:
    """The same route again keeps the drawing; the model alone makes it."""
    model = FakeBackend(script={"b": [Refuse(ModelUnavailableError("down"))]})
    fakes, pencil = Fakes(), FakeBackend("pencil", capabilities=DRAWING)
    await run_on(fakes, model, pencil)
    assert pencil.submitted == ["b"]
    sent = len(model.submitted)
    await run_on(fakes, model, pencil)
    assert (len(model.submitted), pencil.submitted) == (sent, ["b"])
    clips = await run_on(fakes, model)
    assert model.submitted[sent:] == ["b"]
    assert {clip.backend for clip in clips.clips} == {"fake"}


def model_of(name: str, **limits: Any) -> FakeBackend:
    """A model that makes clips of these lengths only; none of these is ever opened."""
    return FakeBackend(name, capabilities=evolve(CAPABILITIES, any_duration=False, **limits))


async def test_previews_have_the_lengths_of_the_models(autojump_clock: MockClock) -> None:
    """They are those of the route that is named: a right length first, what can make it first."""
    pencil = FakeBackend("pencil", capabilities=DRAWING)
    long, right = model_of("long", durations=(6.0,)), model_of("right", durations=(3.0,))
    blind = model_of("blind", durations=(2.0,), text=False, image=True)
    for models, length in (
        ([long], 6.0),
        ([long, right], 3.0),
        ([blind, right], 3.0),
        ([right], 3.0),
        ([blind], 2.0),
        ([], 2.0),
    ):
        fakes = Fakes()
        clips = await run_on(fakes, pencil, lengths_of=models)
        assert {clip.actual_duration for clip in clips.clips} == {length}
        assert {clip.target_duration for clip in clips.clips} == {2.0}


async def test_a_preview_in_another_length_is_drawn_anew(autojump_clock: MockClock) -> None:
    """Once, with a note; and once more when the models are named no longer."""
    fakes, pencil = Fakes(), FakeBackend("pencil", capabilities=DRAWING, price=Price())
    right = model_of("right", durations=(3.0,))
    lengths: list[float] = []
    for models in ([], [right], [right], [], []):
        clips = await run_on(fakes, pencil, lengths_of=models)
        lengths.append(clips.clips[0].actual_duration)
    assert lengths == [2.0, 3.0, 3.0, 2.0, 2.0]
    assert len(pencil.submitted) == 9
    assert {clip.notes for clip in clips.clips} == {("made anew: in another length",)}


async def test_only_previews_take_the_lengths_of_others(autojump_clock: MockClock) -> None:
    """A job on a model is refused with them, before anything is sent."""
    fakes = Fakes()
    with pytest.raises(InvalidPromptsError, match="is for previews, and fake would"):
        await run_on(fakes, FakeBackend(), lengths_of=[model_of("right", durations=(3.0,))])
    assert not fakes.events


async def test_previews_alone_are_kept(autojump_clock: MockClock) -> None:
    """Without a model on the route nothing is drawn again."""
    fakes, pencil = Fakes(), FakeBackend("pencil", capabilities=DRAWING)
    for _ in range(2):
        clips = await run_on(fakes, pencil)
        assert [clip.notes for clip in clips.clips] == [()] * 3
    assert len(pencil.submitted) == 3

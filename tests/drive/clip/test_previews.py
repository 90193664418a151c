"""Previews give way to a model that is asked for, once; a model's clips never to a procedure."""

from __future__ import annotations

from attrs import evolve
from trio.testing import MockClock

from tests.drive.jobs import JOB, PLENTY, Fakes, prompts
from vgen import Clips
from vgen.abc import Generator, VideoBackend
from vgen.errors import ModelUnavailableError
from vgen.testing import CAPABILITIES, FakeBackend, Refuse

DRAWING = evolve(CAPABILITIES, generator=Generator.PROCEDURAL, paid=False)


async def run_on(fakes: Fakes, *route: VideoBackend) -> Clips:
    """Run the job once on a route."""
    fakes.backends = route
    async with fakes.runner() as runner:
        return await runner.process(JOB, prompts(*"abc"), budget=PLENTY)


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

"""Jobs whose images are in the prompts themselves, as `data:` URLs."""

from __future__ import annotations

import base64
import hashlib

import pytest
from trio.testing import MockClock

from tests.drive.jobs import JOB, PLENTY, Fakes, prompts
from vgen import ClipFailure
from vgen.errors import InvalidPromptsError
from vgen.records.jsonio import to_json
from vgen.testing.clips import tiny_picture


def url_of(data: bytes) -> str:
    """The bytes as a `data:` URL."""
    return f"data:image/png;base64,{base64.b64encode(data).decode()}"


IMAGE = url_of(tiny_picture())
NAME = f"data:image/png;sha256={hashlib.sha256(tiny_picture()).hexdigest()}"


async def test_the_ledger_has_its_digest_only(autojump_clock: MockClock) -> None:
    """The clips are made from it; the plan and the attempts are written with its short name."""
    fakes = Fakes()
    async with fakes.runner() as runner:
        clips = await runner.process(JOB, prompts(*"abc", image=IMAGE), budget=PLENTY)
    assert [clip.notes for clip in clips.clips] == [()] * 3
    job = await fakes.ledger.job(JOB)
    assert job is not None
    assert {attempt.request.image for attempt in job.attempts} == {NAME}
    assert IMAGE[-40:] not in to_json(job.manifest) + "".join(map(to_json, job.attempts))


async def test_the_same_again_is_kept_and_another_image_is_not(autojump_clock: MockClock) -> None:
    """The image counts by its bytes, as one in a file does."""
    fakes = Fakes()
    other = url_of(tiny_picture() + b"another file")
    for image, made in ((IMAGE, 3), (IMAGE, 3), (other, 6)):
        async with fakes.runner() as runner:
            await runner.process(JOB, prompts(*"abc", image=image), budget=PLENTY)
        assert len(fakes.backend.accepted) == made


async def test_a_clip_that_is_run_elsewhere_needs_it_again(autojump_clock: MockClock) -> None:
    """A worker that has only the ledger does not pay for a clip without its image."""
    fakes = Fakes()
    async with fakes.runner() as runner:
        await runner.open_job(JOB, prompts(*"abc", image=IMAGE), budget=PLENTY)
        failure = await runner.run_clip(JOB, 0)
    assert isinstance(failure, ClipFailure)
    assert failure.reason == f"{NAME}: is not kept, and must be given again with the prompts"
    assert not fakes.backend.accepted


async def test_what_is_no_picture_is_refused(autojump_clock: MockClock) -> None:
    """The line names the prompt and says why, without the data."""
    fakes = Fakes()
    async with fakes.runner() as runner:
        with pytest.raises(InvalidPromptsError) as caught:
            await runner.process(JOB, prompts(*"abc", image=url_of(b"x" * 900)), budget=PLENTY)
    (line,) = caught.value.problems
    assert line.startswith("clip_prompts[0].scene_reference_url: data:image/png;sha256=")
    assert len(line) < 250

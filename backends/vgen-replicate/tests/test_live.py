"""One clip of the real service: it costs a few cents, and needs `REPLICATE_API_TOKEN`."""

from __future__ import annotations

import os
from decimal import Decimal
from uuid import uuid4

import pytest

from vgen import ClipPrompt, Settings, process
from vgen.testing import MemoryLedger, MemoryStorage
from vgen_replicate import StableVideoDiffusion

from .pictures import png_image

TOKEN = "REPLICATE_API_TOKEN"  # noqa: S105 (the name of the variable)


@pytest.mark.vgen_live
@pytest.mark.skipif(not os.environ.get(TOKEN), reason=f"{TOKEN} is not set")
async def test_a_real_clip() -> None:
    """Stable Video Diffusion makes a clip of the length that was quoted, within the hold."""
    backend = StableVideoDiffusion(metered=True)
    clips = await process(
        uuid4(),
        [ClipPrompt(0, "a hill", 3.0, scene_reference_url="picture.png")],
        backends=[backend],
        storage=MemoryStorage({"picture.png": png_image(512).data}),
        ledger=MemoryLedger(),
        settings=Settings(),
        budget=Decimal("0.50"),
        min_clips=1,
    )
    (clip,) = clips.clips
    assert abs(clip.actual_duration - 25 / 8) < 0.6
    assert 0 < clip.cost < Decimal("0.50")

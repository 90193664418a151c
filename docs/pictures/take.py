"""Take the README's pictures of a run of the example: `python docs/pictures/take.py`.

`run.svg` shows what the command line shows of it, in the middle and at the end, and `clips.jpg` a
frame of each clip.
"""

from __future__ import annotations

import re
import tempfile
from io import StringIO
from pathlib import Path
from uuid import uuid4

import av
import trio
from PIL import Image
from rich.console import Console

import vgen
from vgen.cli.job_status import JobStatus
from vgen.cli.outcome import outcome_table
from vgen.cli.progress import ProgressBars
from vgen_animatic import Animatic

HERE = Path(__file__).parent
EXAMPLES = HERE.parent / "examples"
COMMAND = "vgen generate docs/examples/midnight_drive.json --out clips"
WIDTH = 100
STORED, FRACTION = 4, 0.3
"""The first picture is taken when so many clips are stored, and the others have come so far."""

FONTS = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
FRAME = (384, 216)
ACROSS = 3


def is_the_middle(job_status: JobStatus) -> bool:
    """Whether some clips are stored while others are being made."""
    fractions = [clip.fraction for clip in job_status.clips.values() if clip.fraction < 1]
    return job_status.stored >= STORED and min(fractions, default=0) >= FRACTION


async def run(out: Path, console: Console) -> None:
    """Make the example's clips, and show on the console what the command line does."""
    job_status = JobStatus(trio.current_time)
    bars = ProgressBars(job_status)
    shown = False
    prompts = vgen.read_prompts((EXAMPLES / "midnight_drive.json").read_bytes(), source="example")
    async with (
        vgen.open_runner(
            backends=[Animatic()],
            storage=vgen.DirectoryStorage(out, images=[EXAMPLES]),
            ledger=vgen.SQLiteLedger(out / "vgen.db"),
            clip_key=lambda _job_id, index: f"clip_{index:03d}.mp4",
        ) as runner,
        runner.start(uuid4(), prompts.prompts()) as job,
    ):
        async for event in job.events:
            job_status.update(event)
            if not shown and is_the_middle(job_status):
                console.print(bars, "\n⋮")
                shown = True
        console.print(outcome_table(await job.result(), "clips"))


def sheet(clips: list[Path], path: Path) -> None:
    """Write a frame from the middle of each clip, side by side."""
    down = -(-len(clips) // ACROSS)
    whole = Image.new("RGB", (FRAME[0] * ACROSS, FRAME[1] * down))
    for number, clip in enumerate(clips):
        with av.open(str(clip)) as container:
            frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
        at = (number % ACROSS * FRAME[0], number // ACROSS * FRAME[1])
        whole.paste(Image.fromarray(frames[len(frames) // 2]).resize(FRAME), at)
    whole.save(path, quality=85)


def main() -> None:
    """Take them."""
    console = Console(record=True, width=WIDTH, file=StringIO(), force_terminal=True)
    with tempfile.TemporaryDirectory() as folder:
        trio.run(run, Path(folder), console)
        sheet(sorted(Path(folder).glob("*.mp4")), HERE / "clips.jpg")
    svg = FONTS.sub("", console.export_svg(title=COMMAND))  # a reader would ask the web for them
    (HERE / "run.svg").write_text(svg.replace("Fira Code", "monospace") + "\n", "utf-8")


if __name__ == "__main__":
    main()

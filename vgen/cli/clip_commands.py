"""The commands that make, inspect and choose clips, declared for cyclopts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from vgen.cli.generate_options import GenerateOptions, PlanOptions
from vgen.cli.options import CLIPS, Flag, Job, JobFolder, Ledger, PromptsPath, Storage
from vgen.cli.prompts_source import PromptsSource

PLAIN, PLAIN_GENERATE = PlanOptions(), GenerateOptions()


def generate(
    prompts: PromptsPath,
    /,
    *,
    options: Annotated[GenerateOptions, Parameter(name="*")] = PLAIN_GENERATE,
) -> int:
    """Make the clips of a prompts file.

    Run the same command again to finish a job: it makes the clips that are missing,
    or whose prompt was edited, and keeps the others. The clips are OUT/clip_000.mp4
    and so on; OUT/clips.json describes them.
    """
    from vgen.cli import generate as command  # noqa: PLC0415 (not needed for help)

    return command.generate(PromptsSource(prompts), options)


def plan(
    prompts: PromptsPath,
    /,
    *,
    options: Annotated[PlanOptions, Parameter(name="*")] = PLAIN,
    json: Annotated[Flag, Parameter(help="Print only the plan, as JSON, on standard output.")] = (
        False
    ),
) -> int:
    """Show what `vgen generate` would do, cost and take; nothing is sent or written.

    No account is needed. What is wrong is refused as by `vgen generate`. For a job that
    has no budget yet, and is given none, the plan says which would do.
    """
    from vgen.cli import plan as command  # noqa: PLC0415 (not needed for help)

    return command.plan(PromptsSource(prompts), options, json=json)


def probe(
    files: Annotated[
        tuple[Path, ...],
        Parameter(json_list=False, help="MP4, QuickTime, Matroska, WebM or AVI files."),
    ],
    /,
    *,
    strict: Annotated[Flag, Parameter(help="Exit with 1 if a file has any fault.")] = False,
    json: Annotated[Flag, Parameter(help="Print only what was found, as JSON.")] = False,
) -> int:
    """Inspect video files, and report what is wrong with them.

    Exits with 1 if a file is useless.
    """
    from vgen.cli import probe as command  # noqa: PLC0415 (not needed for help)

    return command.probe(files, strict=strict, json=json)


def backends() -> int:
    """List the installed backends: what each can do, and what it costs."""
    from vgen.cli import backends as command  # noqa: PLC0415 (not needed for help)

    return command.backends()


def cancel(
    job: Job, /, *, ledger: Ledger = None, storage: Storage = None, out: JobFolder = CLIPS
) -> int:
    """Stop a job, in whichever process it runs, and cancel its unsettled attempts.

    The clips that it has made are kept; `vgen generate` finishes the job.
    """
    from vgen.cli import unsettled as command  # noqa: PLC0415 (not needed for help)

    return command.cancel(ledger, storage, out, job)


def takes(
    job: Annotated[
        str,
        Parameter(
            name="JOB",
            show_default=False,
            help="The job's id, or the start of it. [default: the newest]",
        ),
    ] = "",
    /,
    *,
    ledger: Ledger = None,
    storage: Storage = None,
    out: JobFolder = CLIPS,
) -> int:
    """List the takes of each clip: all that were stored, and which of them is the clip."""
    from vgen.cli import takes as command  # noqa: PLC0415 (not needed for help)

    return command.takes(ledger, storage, out, job)


def choose(
    job: Job,
    clip_index: Annotated[int, Parameter(help="The clip's index.")],
    take: Annotated[int, Parameter(help="The take's number, from `vgen takes`.")],
    /,
    *,
    ledger: Ledger = None,
    storage: Storage = None,
    out: JobFolder = CLIPS,
) -> int:
    """Make another take the clip: its file takes the place of the clip's."""
    from vgen.cli import takes as command  # noqa: PLC0415 (not needed for help)

    return command.choose(ledger, storage, out, job, clip_index, take)

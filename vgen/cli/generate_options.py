"""The options of `vgen generate`, as cyclopts makes them of the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from uuid import UUID

from attrs import frozen
from cyclopts import Parameter

from vgen.cli.arguments import check_purses, to_names
from vgen.cli.options import CLIPS, Dollars, Flag, Ledger, Several, Storage
from vgen.records.fallback import ANY_REASON, FallBackReason
from vgen.records.job import REROLLS


@frozen(kw_only=True)
class PlanOptions:
    """What clips are made with and where to; `budget` is in US dollars.

    Without backends or a budget, the job goes on with its own.
    """

    out: Annotated[Path, Parameter(help="Directory for the clips; it holds one job.")] = CLIPS
    backends: Annotated[
        tuple[str, ...],
        Several,
        Parameter(
            name="--backend",
            metavar="NAME",
            help="Backend that makes the clips; repeat it to name fallbacks, in order.\n"
            "[default: those of the job's last run, for a new job animatic]",
        ),
    ] = ()
    lengths_of: Annotated[
        tuple[str, ...],
        Several,
        Parameter(
            name="--as",
            metavar="NAMES",
            converter=to_names,
            help="Backends that the clips will be made on later, in order, such as svd,cogvideox: "
            "previews are drawn in the lengths that they would make.",
        ),
    ] = ()
    budget: Annotated[
        Dollars,
        Parameter(
            help="The most that the job may spend, in US dollars; with 0, only free backends can "
            "be used.\n[default: that of the job's last run, for a new job 0]"
        ),
    ] = None
    purses: Annotated[
        tuple[str, ...],
        Several,
        Parameter(
            name="--purse",
            metavar="NAME=USD",
            converter=check_purses,
            help="Limit that the job shares with all that name the same purse; repeat it for more."
            "\n[default: those of the job's last run]",
        ),
    ] = ()
    min_clips: Annotated[
        int, Parameter(metavar="N", help="How many clips must be made for the job to succeed.")
    ] = 3
    every: Annotated[
        Flag, Parameter(name="--all", help="All clips must be made, instead of --min-clips.")
    ] = False
    concurrency: Annotated[
        int | None,
        Parameter(
            metavar="N",
            help="How many clips are made at once. [default: from the environment, else 3]",
        ),
    ] = None
    ledger: Ledger = None
    storage: Storage = None
    job_id: Annotated[
        UUID | None,
        Parameter(
            help="The job's id, if the file has none.\n"
            "[default: that of the job in OUT, or a new one]"
        ),
    ] = None
    redo: Annotated[
        tuple[int, ...],
        Several,
        Parameter(
            metavar="INDEX",
            help="Index of a clip to make again though it exists; repeat it for more.",
        ),
    ] = ()
    fall_back_on: Annotated[
        tuple[FallBackReason, ...],
        Several,
        Parameter(
            metavar="REASON",
            help="Reason to go on with the next backend; repeat it for more. "
            "[default: all of them]",
        ),
    ] = ANY_REASON
    rerolls: Annotated[
        int,
        Parameter(
            metavar="N",
            help="How often a clip is made anew that the provider's filter has refused.",
        ),
    ] = REROLLS


@frozen(kw_only=True)
class GenerateOptions(PlanOptions):
    """The options of `vgen generate`: those that a job is planned with, and some more."""

    strict: Annotated[
        Flag,
        Parameter(
            help="Count a clip with any fault as failed, and make it again, instead of only "
            "reporting it."
        ),
    ] = False
    adopt: Annotated[
        Flag,
        Parameter(
            help="Write the paid clips of OUT/clips.json that the ledger does not know down, and "
            "keep them."
        ),
    ] = False
    json: Annotated[
        Flag, Parameter(help="Print only the contents of OUT/clips.json on standard output.")
    ] = False

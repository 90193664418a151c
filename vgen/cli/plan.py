"""`vgen plan`: what `vgen generate` would do, cost and take."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import aclosing

import trio
from rich.console import Group
from rich.text import Text

from vgen import ClipFate, ClipPlan, JobPlan, to_json
from vgen.cli.console import print_message, print_raw, stdout_console
from vgen.cli.estimates import is_timed, may_cost, rounded, sources, spell_time, to_make
from vgen.cli.exit_codes import ExitCode
from vgen.cli.generate_options import PlanOptions
from vgen.cli.outcome import ignored_lines, missed
from vgen.cli.prepared_job import PreparedJob, check, plan_of, prepare
from vgen.cli.prompts_source import PromptsSource
from vgen.cli.tables import Table
from vgen.cli.text import dollars, safe_text

PERCENT = 100
STYLES = {ClipFate.KEEP: "dim", ClipFate.FINISH: "yellow", ClipFate.MAKE: ""}
IN_FLIGHT = "in flight: its money is held"


def plan(source: PromptsSource, options: PlanOptions, *, json: bool) -> ExitCode:
    """Show the plan of a job; nothing is sent or written.

    Raises:
        VgenError: what `vgen generate` would refuse, but for its budget.
    """
    job = prepare(source, options)
    found = trio.run(_plan, job)
    if json:
        print_raw(to_json(found, indent=2))
    else:
        stdout_console().print(plan_table(found, tolerance=job.settings.tolerance))
    if found.refusal:
        print_message(found.refusal)
        return ExitCode.OVER_BUDGET
    return ExitCode.DONE


async def _plan(job: PreparedJob) -> JobPlan:
    async with aclosing(job.ledger), aclosing(job.storage):
        return await plan_of(job, await check(job), job.options.budget)


def plan_table(plan: JobPlan, *, tolerance: float) -> Group:
    """Return a plan: a row for each clip, what is ignored, and what the job comes to."""
    table = Table(
        "Clip", "To do", "Route", "Seconds", "Cost", "At most", "Notes",
        right=("Clip", "Cost", "At most"),
    )  # fmt: skip
    for clip in plan.clips:
        table.add_row(*_cells(clip, tolerance))
    clips = to_make(plan)
    ignored = list(ignored_lines((clip.route[0], clip.ignored) for clip in clips))
    return Group(table, "", *ignored, *[""] * bool(ignored), _summary(plan, clips))


def _cells(clip: ClipPlan, tolerance: float) -> Iterator[str | Text]:
    yield Text(str(clip.clip_index), STYLES[clip.fate])
    yield Text(clip.fate, STYLES[clip.fate])
    if clip.fate is not ClipFate.MAKE:
        yield from ("", "", "", "", Text(IN_FLIGHT * (clip.fate is ClipFate.FINISH), "dim"))
        return
    difference = clip.duration - clip.target
    is_off = abs(difference) > tolerance
    yield ", ".join(clip.route)
    yield Text(f"{clip.duration:.2f} of {clip.target:.2f}", "yellow" * is_off)
    yield dollars(clip.estimate.cost.median) if clip.hold else "free"
    yield dollars(clip.hold) if clip.hold else ""
    yield safe_text("; ".join([*clip.notes, *[missed(difference)] * is_off]), "dim")


def _summary(plan: JobPlan, clips: Sequence[ClipPlan]) -> Table:
    """Return what the whole job comes to, a line for each thing to know."""
    table = Table("", "")
    for name, text in _lines(plan, clips):
        table.add_row(Text(name, "bold"), text)
    return table


def _lines(plan: JobPlan, clips: Sequence[ClipPlan]) -> Iterator[tuple[str, str]]:
    fates = [clip.fate for clip in plan.clips]
    numbers = [f"{fates.count(fate)} to {fate}" for fate in ClipFate if fate in fates]
    yield "Clips", ", ".join(reversed(numbers))
    if plan.worst:
        yield "One attempt each", f"{rounded(plan.expected)}, at most {rounded(plan.worst)}"
    if clips and not plan.refusal:
        yield "The whole run", _whole_run(plan, clips)
        yield "Success", _success(plan.forecast.success)
    if may_cost(plan) or plan.spent:
        yield "Budget", _budget(plan)
    if may_cost(plan) or (clips and is_timed(clips)):
        yield "Figures", sources(clips)


def _whole_run(plan: JobPlan, clips: Sequence[ClipPlan]) -> str:
    cost, seconds = plan.forecast.cost, plan.forecast.seconds
    paid, timed = may_cost(plan), is_timed(clips)
    if not paid and not timed:
        return "free; how long it takes is not known"
    amounts = [(rounded(cost.median), rounded(cost.high))] if paid else []
    times = [(spell_time(seconds.median), spell_time(seconds.high))] if timed else []
    usual, rare = (" and ".join(each) for each in zip(*amounts, *times, strict=True))
    return f"{usual}; in 95 of 100 cases at most {rare}"


def _success(share: float) -> str:
    return "in over 99 of 100 cases" if share == 1 else f"in {int(share * PERCENT)} of 100 cases"


def _budget(plan: JobPlan) -> str:
    said = "none yet" if plan.budget is None else dollars(plan.budget)
    spent = f", {dollars(plan.spent)} of it spent" if plan.spent else ""
    needed = f"; at least {rounded(plan.least)} needed, {dollars(plan.recommended)} recommended"
    return f"{said}{spent}{needed}"

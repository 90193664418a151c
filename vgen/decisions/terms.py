"""What a job keeps from one run to the next: its route, its budget, its paid clips."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal

from vgen.decisions.attempts import stored_attempt
from vgen.errors import InvalidPromptsError
from vgen.records.attempt import Attempt, Custody
from vgen.records.job import Job, Manifest, PlannedClip
from vgen.records.money import ZERO, Purse
from vgen.records.prompt import ClipPrompt


def budget_of(asked: Decimal | None, before: Manifest | None) -> Decimal:
    """Return what was asked for, else the budget of the run before, else zero US dollars."""
    if asked is not None:
        return asked
    return before.budget if before else ZERO


def purses_of(asked: Mapping[str, Decimal] | None, before: Manifest | None) -> tuple[Purse, ...]:
    """Return the purses that were asked for, else those of the run before.

    Raises:
        InvalidPromptsError: a name or a limit is wrong.
    """
    if asked is None:
        return before.purses if before else ()
    problems: list[str] = []
    purses: list[Purse] = []
    for name, limit in sorted(asked.items()):
        try:
            purses.append(Purse(name, limit))
        except InvalidPromptsError as error:
            problems += [f"purses: {name!r}: {problem}" for problem in error.problems]
    if problems:
        raise InvalidPromptsError(problems)
    return tuple(purses)


def changes(before: Manifest, *, route: Sequence[str], budget: Decimal) -> str:
    """Return how the terms differ from those of the run before; empty if they do not."""
    changed: list[str] = []
    if tuple(route) != before.route:
        changed.append(f"route {', '.join(route)} instead of {', '.join(before.route)}")
    if budget != before.budget:
        changed.append(f"budget ${budget} instead of ${before.budget}")
    return ", ".join(changed)


def replaces_paid(
    attempts: Sequence[Attempt], planned: PlannedClip, *, paid: Collection[str]
) -> bool:
    """Whether a clip that was paid for would be made anew without any `paid` backend."""
    stored = [attempt for attempt in attempts if attempt.custody is Custody.STORED]
    if not stored or not stored[-1].spent or stored_attempt(attempts, planned) is not None:
        return False
    return not set(planned.route) & set(paid)


def is_unrelated(prompts: Sequence[ClipPrompt], job: Job) -> bool:
    """Whether the job has clips, none of which the prompts' texts ask for, nor did it ever."""
    made = [a for a in job.attempts if a.sent and (a.is_open or a.custody is Custody.STORED)]
    asked = {planned.prompt.prompt for planned in job.manifest.clips}
    asked |= {attempt.request.prompt for attempt in made}
    return bool(made) and asked.isdisjoint(prompt.prompt for prompt in prompts)

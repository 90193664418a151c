"""Rule 1: a job is opened by what it will probably cost, and its money held when it is sent."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import permutations
from uuid import UUID

from attrs import evolve

from tests.records.samples import REQUEST
from vgen import ClipGivenUp, ClipPrompt, JobOpened
from vgen.abc import Custody, Quote
from vgen.errors import BudgetExceededError
from vgen.records.entry import Fetched, Line, Planned, Settled
from vgen.records.money import ZERO

from .money import excess_of, lines_of
from .neighbour import PURSE
from .played_plan import PlayedPlan, PlayedRun
from .stored_clips import kept_attempt

LEARNED = 8
"""From how many successes on, estimates follow them instead of what is declared."""


def purses_hold(played: PlayedPlan, run: PlayedRun) -> None:
    """At every line, the purse's spent + held + in doubt is within its limit, overruns aside."""
    limit = played.plan.purse
    if limit is None or run.fault_free:
        return
    every = {**played.attempts, **played.neighbours}
    billed, total = dict[UUID, Decimal](), ZERO
    for logged in played.call_log.entries[: run.last]:
        line = logged.what
        if isinstance(line, Line) and PURSE in every[line.attempt_id].purses:
            moved = line.movement
            total += moved.spent + moved.held + moved.in_doubt
            if isinstance(line.entry, Settled | Fetched):
                billed[line.attempt_id] = line.entry.billed
            excess = excess_of(billed, {key: a.hold for key, a in every.items()})
            assert total <= limit + excess, f"over the purse at {line}"
    assert all(a.purses == (PURSE,) for a in every.values()), "sent outside the purse"


def money_is_held_when_it_is_sent(played: PlayedPlan, run: PlayedRun) -> None:
    """Opening a job holds nothing; if it is refused, nothing is written."""
    for line in lines_of(played, run):
        assert not isinstance(line.entry, Planned), f"held before it was sent: {line}"
    for error in run.errors:
        if isinstance(error, BudgetExceededError) and not run.shared:
            assert not lines_of(played, run), "the job was refused, but something was written"
            assert error.least > error.limit
            limits = {played.plan.budget, played.plan.purse}
            assert error.limit in limits


def a_job_is_opened_if_it_is_expected_to_fit(played: PlayedPlan, run: PlayedRun) -> None:
    """A new job is opened exactly if each of its limits allows what it will probably need."""
    plan = played.plan
    if run is not played.runs[0] or run.shared or plan.ledger or run.fault_free:
        return
    opened = any(isinstance(logged.what, JobOpened) for logged in played.log_entries(run))
    refused = any(isinstance(error, BudgetExceededError) for error in run.errors)
    if not opened and not refused:
        return
    quotes = [_first_quote(played, prompt) for prompt in plan.clip_prompts(run.planned.edited)]
    need = max(sum((quote.expected for quote in quotes), ZERO), _peak(quotes, plan.min_clips))
    fits = plan.already_spent + need <= plan.budget
    fits_purse = plan.purse is None or need <= plan.purse
    assert opened is (not need or (fits and fits_purse)), f"${need} is needed"


def _peak(quotes: Sequence[Quote], clips: int) -> Decimal:
    """The least that must be left so that so many clips, and any one alone, can be sent."""
    orders = permutations(sorted(quotes, key=lambda quote: quote.hold)[:clips])
    peaks = [
        max(
            (
                sum((before.expected for before in order[:place]), ZERO) + quote.hold
                for place, quote in enumerate(order)
            ),
            default=ZERO,
        )
        for order in orders
    ]
    return max(min(peaks), max((quote.hold for quote in quotes), default=ZERO))


def what_is_expected_is_still_to_be_made(played: PlayedPlan, run: PlayedRun) -> None:
    """A job is opened for what its missing clips will probably cost, and for no others."""
    if run.shared or played.plan.ledger or played.plan.images:
        return
    attempts = run.before.attempts if run.before else ()
    if sum(attempt.custody is Custody.STORED for attempt in attempts) >= LEARNED:
        return
    left_open = {a.clip_index for a in attempts if a.is_open and a.sent}
    missing = [
        prompt
        for prompt in played.plan.clip_prompts(run.planned.edited)
        if prompt.clip_index not in left_open and kept_attempt(played, run, prompt) is None
    ]
    expected = sum((_first_quote(played, prompt).expected for prompt in missing), ZERO)
    for logged in played.log_entries(run):
        if isinstance(logged.what, JobOpened):
            assert logged.what.expected == expected, f"${expected} is expected: {logged}"


def _first_quote(played: PlayedPlan, prompt: ClipPrompt) -> Quote:
    """What the first backend that can make a clip asks for it; free where none can."""
    image = prompt.scene_reference_url is not None
    able = [fake for fake in played.backends if fake.capabilities.text or image]
    request = evolve(REQUEST, prompt=prompt.prompt, duration=float(prompt.duration))
    return able[0].quote(request) if able else Quote(request.duration)


def money_that_comes_free_is_waited_for(played: PlayedPlan, run: PlayedRun) -> None:
    """A clip is given up for want of money only when none can come free any more in its run."""
    if run.shared or played.plan.ledger or run.cancelled:
        return
    attempts, held = played.attempts, dict[UUID, Decimal]()
    waited: list[set[UUID]] = []
    for logged in played.call_log.entries[run.first : run.last]:
        what = logged.what
        if isinstance(what, ClipGivenUp):
            if what.failure.reason.startswith("over purse"):
                waited.append(set(held))
            elif what.failure.reason.startswith("over budget"):
                waited.append(set(held) & attempts.keys())
        elif isinstance(what, Line) and what.movement.held > 0:
            held[what.attempt_id] = what.movement.held
        elif isinstance(what, Line) and what.movement.held < 0:
            given_up = [each for each in waited if what.attempt_id in each]
            assert not given_up, f"given up too early: {what} frees money"
            held.pop(what.attempt_id, None)

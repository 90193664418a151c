"""Hypothesis strategies for whole jobs: prompts, scripts, plans.

Needs hypothesis, which `vgen.testing` itself does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter
from typing import Any, TypeVar

from attrs import evolve
from hypothesis import strategies as st

from vgen.errors import (
    AccountError,
    GenerationError,
    ModelUnavailableError,
    OutputRefusedError,
)
from vgen.records.fallback import FallBackReason
from vgen.records.prompt import MAX_SEED, ClipPrompt
from vgen.testing.behaviours import (
    Behaviour,
    Fail,
    Hang,
    LoseAnswer,
    RateLimit,
    Refuse,
    Spoil,
    Succeed,
)
from vgen.testing.faults import Break, Delay, Fault, Outage
from vgen.testing.plan import Model, Plan, Run

R = TypeVar("R", Model, Plan, Run)
Change = tuple[str, Any]
"""The name of a record's field, and a value for it that is not the default."""

LETTERS = "abcde"

BEHAVIOURS: Sequence[Behaviour] = (
    Succeed(),
    Fail(),
    Fail(billed="0.05"),
    Fail(after=40, billed="0.03"),
    Refuse(),
    RateLimit(),
    Hang(),
    Succeed(after=0),
    Succeed(after=45),
    Succeed(after=70),
    Succeed(seconds=1.0),
    Succeed(seconds=3.0),
    Succeed(container="matroska"),
    Succeed(container="webm"),
    Succeed(billed="0.02"),
    Succeed(billed="0.50"),
    Succeed(truncated_downloads=1),
    Succeed(truncated_downloads=2),
    Succeed(truncated_downloads=9),
    Succeed(expires_after=0),
    Spoil(),
    Spoil("black"),
    Spoil("still"),
    Spoil("truncated", after=1),
    LoseAnswer(),
    LoseAnswer(Succeed()),
    LoseAnswer(Fail()),
    LoseAnswer(Hang()),
    LoseAnswer(raises=True),
    LoseAnswer(Succeed(after=60), raises=True),
    LoseAnswer(findable_after=50),
    LoseAnswer(Succeed(), findable_after=50),
    LoseAnswer(Succeed(), findable_after=500),
    Fail(error=ModelUnavailableError("gone")),
    Refuse(AccountError("no credit")),
    Refuse(GenerationError("content policy")),
    Fail(error=OutputRefusedError("filtered"), billed="0.04"),
)
"""How an attempt may end, the simple before the rare: Hypothesis shrinks towards the first."""

DOWN = Refuse(ModelUnavailableError("down"))
PLAIN = (Succeed(), Fail(), Fail(after=1, billed="0.05"), Succeed(after=30))
WEIGHTED: Sequence[Behaviour] = (*PLAIN * 7, *(DOWN,) * 3, *BEHAVIOURS)
"""Mostly simple ones: with rare ones only, a job would end before it has begun."""

MODEL_CHANGES: Sequence[Change] = (
    ("default", Succeed(after=3)),
    ("default", Fail()),
    ("default", DOWN),
    ("base", "0.30"),
    ("base", "0"),
    ("hold", "0.25"),
    ("hold", "0.40"),
    ("cancel_fee", "0.07"),
    ("latency", 0.7),
    ("latency", 4.0),
    ("max_concurrent", 1),
    ("max_concurrent", 2),
    ("text", False),
    ("can_find", False),
    ("can_cancel", False),
    ("faults", (Outage(),)),
    ("faults", (Outage(begins=8, ends=60),)),
    ("faults", (Outage(begins=20, ends=300),)),
    ("faults", (Break("status", times=3),)),
    ("faults", (Break("fetch"),)),
    ("faults", (Break("cancel"),)),
    ("faults", (Break("find", times=2),)),
    ("faults", (Break("prepare"),)),
    ("faults", (Break("submit", nth=2),)),
    ("faults", (Delay("fetch", seconds=30, times=9),)),
    ("faults", (Delay("prepare", seconds=20, times=9),)),
    ("faults", (Delay("status", seconds=15, times=3),)),
    ("faults", (Delay("cancel", seconds=30),)),
)
RUN_CHANGES: Sequence[Change] = (
    *(("cancel", seconds) for seconds in (0.0, 0.5, 4.0, 10.5, 33.0, 150.0)),
    ("runners", 2),
    ("edited", "b"),
    ("edited", "ac"),
    ("observer_raises", True),
    ("redo", "b"),
    ("redo", "ab"),
    *(("cancelled_elsewhere", seconds) for seconds in (0.5, 5.0, 12.0, 40.0, 150.0)),
)
PLAN_CHANGES: Sequence[Change] = (
    *(("prompts", letters) for letters in ("abcd", "cab", "ebdac", "abcde", "ab")),
    *(("budget", dollars) for dollars in ("0.36", "0.50", "0.80", "1.20", "0")),
    *(("purse", dollars) for dollars in ("0.36", "0.60", "1.50")),
    *(("min_clips", count) for count in (1, 2)),
    *(("concurrency", count) for count in (1, 2, 5)),
    *(("images", letters) for letters in ("a", LETTERS)),
    *(("fall_back_on", (reason,)) for reason in (FallBackReason.ATTEMPTS, FallBackReason.ACCOUNT)),
    ("already_spent", "0.05"),
    ("fetches", 1),
    ("storage", (Break("write"),)),
    ("storage", (Break("write", times=7),)),
    ("storage", (Break("write", after_call=True),)),
    ("storage", (Break("stat"),)),
    ("storage", (Break("remove"),)),
    ("storage", (Break("remove", times=9),)),
    ("storage", (Break("url"),)),
    ("storage", (Break("url", nth=3, times=9),)),
    ("storage", (Break("read", times=2),)),
    ("storage", (Break("read", times=9),)),
    ("storage", (Outage(begins=10, ends=90),)),
    ("storage", (Outage(begins=5, ends=900),)),
    ("storage", (Break("write", times=24),)),
    *(("spool", True),) * 3,
    ("storage", (Delay("write", seconds=20, times=9),)),
)

LEDGER_METHODS = ("open_job", "job", "attempts", "claim", "renew", "release", "reserve", "conclude")


def prompts(*, count: int | None = None) -> st.SearchStrategy[list[ClipPrompt]]:
    """Return clip prompts that any backend which works from text can make, each index once."""
    one = st.builds(
        ClipPrompt,
        clip_index=st.integers(0, 99),
        prompt=st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1).filter(
            str.strip
        ),
        duration=st.sampled_from([2.0, 0.5, 4.0, 6.1]),
        metadata=st.dictionaries(st.just("seed"), st.integers(0, MAX_SEED), max_size=1),
    )
    least, most = (3, 6) if count is None else (count, count)
    return st.lists(one, min_size=least, max_size=most, unique_by=lambda p: p.clip_index)


def behaviours() -> st.SearchStrategy[Behaviour]:
    """Return a behaviour for one attempt, mostly a simple one."""
    return st.sampled_from(WEIGHTED)


def scripts(letters: str = LETTERS) -> st.SearchStrategy[dict[str, list[Behaviour]]]:
    """Return a script for a fake backend: behaviours for the attempts of some of the prompts."""
    lines = st.lists(st.tuples(st.sampled_from(letters), behaviours()), max_size=2 * len(letters))
    return lines.map(_by_prompt)


def _by_prompt(lines: Sequence[tuple[str, Behaviour]]) -> dict[str, list[Behaviour]]:
    script: dict[str, list[Behaviour]] = {}
    for prompt, behaviour in sorted(lines, key=itemgetter(0)):
        script.setdefault(prompt, []).append(behaviour)
    return script


def ledger_faults() -> st.SearchStrategy[Fault]:
    """Return a fault of a ledger's calls."""
    methods = st.sampled_from(LEDGER_METHODS) | st.just("advance")
    numbers = st.integers(1, 12)
    return st.one_of(
        st.builds(Break, methods, numbers, after_call=st.booleans()),
        st.builds(
            Delay, methods, st.sampled_from([5.0, 25.0, 90.0]), numbers, after_call=st.booleans()
        ),
    )


def models() -> st.SearchStrategy[Model]:
    """Return a backend of a plan's route."""
    return st.builds(_changed, st.builds(Model, script=scripts()), _changes(MODEL_CHANGES, most=3))


def runs() -> st.SearchStrategy[Run]:
    """Return one run of a job."""
    return st.builds(_changed, st.just(Run()), _changes(RUN_CHANGES, most=3))


def plans(*, sound_ledger: bool = True) -> st.SearchStrategy[Plan]:
    """Return the plan of a job: its prompts, backends, faults and runs.

    Without `sound_ledger`, one or two of the ledger's calls fail or are delayed as well.
    """
    once = st.lists(runs(), min_size=1, max_size=1)
    broken = st.lists(ledger_faults(), min_size=1, max_size=2)
    plan = st.builds(
        Plan,
        one=models(),
        two=st.none() | models().map(_more_expensive),
        runs=once | once | st.lists(runs(), min_size=2, max_size=3),
        ledger=st.just([]) if sound_ledger else broken,
    )
    return st.builds(_changed, plan, _changes(PLAN_CHANGES, most=6))


def _more_expensive(model: Model) -> Model:
    return evolve(model, per_second="0.05")


def _changes(changes: Sequence[Change], *, most: int) -> st.SearchStrategy[list[Change]]:
    return st.lists(st.sampled_from(changes), max_size=most)


def _changed(record: R, changes: Sequence[Change]) -> R:
    return evolve(record, **dict(changes)) if changes else record

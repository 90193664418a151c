"""The ten rules that never break, over whole random jobs in virtual time."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, example, given, settings

from vgen.testing import Fail, Model, Plan, Run
from vgen.testing.strategies import plans

from .play import played
from .rules import hold

JOBS = int(os.environ.get("VGEN_RANDOM_JOBS", "2000"))

many = settings(
    max_examples=JOBS // 2,
    deadline=None,
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow],
)


TWO_THAT_WAIT = Plan(
    one=Model(script={"b": [Fail(billed="0.05")], "c": [Fail()]}, base="0"),
    two=Model(per_second="0.05"),
    runs=(Run(runners=2),),
)
"""Nothing more may be spent, and each runner has a clip that the other one wants."""


@many
@given(plans())
@example(TWO_THAT_WAIT)
def test_no_random_job_breaks_a_rule(plan: Plan) -> None:
    """Whatever goes wrong, and whenever the job is cancelled and run again, the rules hold."""
    played(plan, hold)


@many
@given(plans(sound_ledger=False))
def test_no_failing_ledger_breaks_a_rule(plan: Plan) -> None:
    """A ledger that fails or dawdles ends the job, and what is left keeps every rule."""
    played(plan, hold)

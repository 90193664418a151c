"""The ten rules that never break, over whole random jobs in virtual time."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, given, settings

from vgen.testing import Plan
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


@many
@given(plans())
def test_no_random_job_breaks_a_rule(plan: Plan) -> None:
    """Whatever goes wrong, and whenever the job is cancelled and run again, the rules hold."""
    played(plan, hold)


@many
@given(plans(sound_ledger=False))
def test_no_failing_ledger_breaks_a_rule(plan: Plan) -> None:
    """A ledger that fails or dawdles ends the job, and what is left keeps every rule."""
    played(plan, hold)

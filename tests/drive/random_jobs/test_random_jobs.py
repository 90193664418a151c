"""The ten rules that never break, over whole random jobs in virtual time."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, example, given, settings

from vgen.testing import Break, Fail, LoseAnswer, Model, Outage, Plan, Run, Succeed
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


EDITED_WHILE_SPOOLED = Plan(
    runs=(Run(), Run(edited="b")), storage=(Outage(begins=5, ends=900),), spool=True
)
"""What lies in the spool is not asked for any more when the storage comes back."""


CALLED_OFF_WHILE_WAITING = Plan(
    one=Model(script={"a": [LoseAnswer(then=Succeed(), listed_after=500)]}),
    runs=(Run(runners=2, called_off=150.0),),
)
"""A runner waits for a clip whose doubt the one that calls the job off is looking into."""


TAKEN_BACK_AFTER_A_REDO = Plan(runs=(Run(), Run(redo="b"), Run(cancel=0.5, edited="b")))
"""The second take is stored when the edited prompt, which was never made, is taken back."""


REDONE_WHILE_IT_RUNS = Plan(
    one=Model(faults=(Outage(begins=8, ends=60),)), runs=(Run(cancel=10.5), Run(redo="b"))
)
"""The clip that is to be made anew was never seen: its first take still runs."""


TWO_THAT_REDO = Plan(runs=(Run(), Run(redo="b", runners=2)))
"""Both runners ask for the second take: it is made once, unless one asks after it was stored."""


@many
@given(plans())
@example(TWO_THAT_REDO)
@example(REDONE_WHILE_IT_RUNS)
@example(TAKEN_BACK_AFTER_A_REDO)
@example(CALLED_OFF_WHILE_WAITING)
@example(TWO_THAT_WAIT)
@example(EDITED_WHILE_SPOOLED)
def test_no_random_job_breaks_a_rule(plan: Plan) -> None:
    """Whatever goes wrong, and whenever the job is cancelled and run again, the rules hold."""
    played(plan, hold)


SPOOLED_UNNOTED = Plan(
    ledger=(Break("advance", nth=10),), storage=(Outage(begins=5, ends=900),), spool=True
)
"""A file lies in the spool, and the ledger does not say so."""


REDO_WITHOUT_AN_ANSWER = Plan(
    runs=(Run(), Run(redo="b")), ledger=(Break(call="open_job", nth=2, done=True),)
)
"""The ledger holds that a clip is to be made anew, and nobody was told so."""


@many
@given(plans(sound_ledger=False))
@example(REDO_WITHOUT_AN_ANSWER)
@example(SPOOLED_UNNOTED)
def test_no_failing_ledger_breaks_a_rule(plan: Plan) -> None:
    """A ledger that fails or dawdles ends the job, and what is left keeps every rule."""
    played(plan, hold)

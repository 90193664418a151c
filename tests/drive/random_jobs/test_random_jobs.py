"""The rules that never break, over whole random jobs in virtual time."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, example, given, settings

from vgen.testing import Break, Fail, LoseAnswer, Model, Outage, Plan, Run, Succeed
from vgen.testing.strategies import plans

from .play import play
from .rules import check_rules

JOBS = int(os.environ.get("VGEN_RANDOM_JOBS", "2000"))

many = settings(
    max_examples=JOBS // 2,
    deadline=None,
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow],
)


TWO_WAIT_FOR_EACH_OTHER = Plan(
    one=Model(script={"b": [Fail(billed="0.05")], "c": [Fail()]}, base="0"),
    two=Model(per_second="0.05"),
    runs=(Run(runners=2),),
)
"""Each of two runners has claimed a clip that the other one waits for."""


EDITED_WHILE_SPOOLED = Plan(
    runs=(Run(), Run(edited="b")), storage=(Outage(begins=5, ends=900),), spool=True
)
"""A clip is in the spool when its prompt changes."""


CANCELLED_WHILE_WAITING = Plan(
    one=Model(script={"a": [LoseAnswer(then=Succeed(), findable_after=500)]}),
    runs=(Run(runners=2, cancelled_elsewhere=150.0),),
)
"""A runner waits for a clip in doubt, which the runner that cancels the job has claimed."""


EDIT_UNDONE_AFTER_A_REDO = Plan(runs=(Run(), Run(redo="b"), Run(cancel=0.5, edited="b")))
"""The second take is stored when an edit, whose clip was never generated, is undone."""


REDONE_WHILE_IT_RUNS = Plan(
    one=Model(faults=(Outage(begins=8, ends=60),)), runs=(Run(cancel=10.5), Run(redo="b"))
)
"""The redo begins while the clip's first take still runs."""


TWO_THAT_REDO = Plan(runs=(Run(), Run(redo="b", runners=2)))
"""Two runners redo a clip: it is generated once, unless one begins after it was stored."""


@many
@given(plans())
@example(TWO_THAT_REDO)
@example(REDONE_WHILE_IT_RUNS)
@example(EDIT_UNDONE_AFTER_A_REDO)
@example(CANCELLED_WHILE_WAITING)
@example(TWO_WAIT_FOR_EACH_OTHER)
@example(EDITED_WHILE_SPOOLED)
def test_no_random_job_breaks_a_rule(plan: Plan) -> None:
    """Whatever fails, and whenever the job is cancelled and run again, the rules hold."""
    play(plan, check_rules)


SPOOLED_BUT_NOT_RECORDED = Plan(
    ledger=(Break("advance", nth=10),), storage=(Outage(begins=5, ends=900),), spool=True
)
"""A file is in the spool, and the ledger does not say so."""


REDO_WITHOUT_AN_ANSWER = Plan(
    runs=(Run(), Run(redo="b")), ledger=(Break(call="open_job", nth=2, after_call=True),)
)
"""The ledger has recorded a redo, and the answer to that call was lost."""


@many
@given(plans(sound_ledger=False))
@example(REDO_WITHOUT_AN_ANSWER)
@example(SPOOLED_BUT_NOT_RECORDED)
def test_no_failing_ledger_breaks_a_rule(plan: Plan) -> None:
    """A ledger that fails or is slow may end the job, and the rules hold."""
    play(plan, check_rules)

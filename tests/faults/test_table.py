"""The table of deliberate faults stays true to the code that it breaks."""

from __future__ import annotations

import ast

import pytest

from .scratch import ROOT
from .table import FAULTS, Planted

RULES = range(1, 13)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_can_be_planted(fault: Planted) -> None:
    """What a fault replaces stands in its file exactly once, and what comes of it is Python."""
    source = (ROOT / fault.path).read_text("utf-8")
    assert source.count(fault.old) == 1
    ast.parse(source.replace(fault.old, fault.new))


def test_every_rule_has_its_faults() -> None:
    """Each of the rules can be broken in two ways at least, and no way stands twice."""
    rules = [fault.rule for fault in FAULTS]
    assert all(rules.count(rule) >= 2 for rule in RULES)
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)

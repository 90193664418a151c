"""Fakes that stand in for the ports in tests: on Trio's clock, without threads or network.

The contracts of the ports are in `vgen.testing.contracts`, which needs pytest and Hypothesis.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vgen.testing.acts import Act, Fail, Hang, LoseAnswer, RateLimit, Refuse, Spoil, Succeed
    from vgen.testing.backend import CAPABILITIES, FakeBackend, image_only
    from vgen.testing.clips import tiny_clip
    from vgen.testing.faults import Break, Delay, Fault, Outage
    from vgen.testing.inline import inline_inspector
    from vgen.testing.ledger import MemoryLedger
    from vgen.testing.orders import Charge
    from vgen.testing.plan import Model, Plan, Run
    from vgen.testing.standing_in import stand_in
    from vgen.testing.storage import MemoryStorage
    from vgen.testing.tape import Call, Note, Tape

__all__ = [
    "CAPABILITIES",
    "Act",
    "Break",
    "Call",
    "Charge",
    "Delay",
    "Fail",
    "FakeBackend",
    "Fault",
    "Hang",
    "LoseAnswer",
    "MemoryLedger",
    "MemoryStorage",
    "Model",
    "Note",
    "Outage",
    "Plan",
    "RateLimit",
    "Refuse",
    "Run",
    "Spoil",
    "Succeed",
    "Tape",
    "image_only",
    "inline_inspector",
    "stand_in",
    "tiny_clip",
]

_HOMES = {
    "Act": "vgen.testing.acts",
    "Fail": "vgen.testing.acts",
    "Hang": "vgen.testing.acts",
    "LoseAnswer": "vgen.testing.acts",
    "RateLimit": "vgen.testing.acts",
    "Refuse": "vgen.testing.acts",
    "Spoil": "vgen.testing.acts",
    "Succeed": "vgen.testing.acts",
    "CAPABILITIES": "vgen.testing.backend",
    "FakeBackend": "vgen.testing.backend",
    "image_only": "vgen.testing.backend",
    "tiny_clip": "vgen.testing.clips",
    "Break": "vgen.testing.faults",
    "Delay": "vgen.testing.faults",
    "Fault": "vgen.testing.faults",
    "Outage": "vgen.testing.faults",
    "inline_inspector": "vgen.testing.inline",
    "MemoryLedger": "vgen.testing.ledger",
    "Charge": "vgen.testing.orders",
    "Model": "vgen.testing.plan",
    "Plan": "vgen.testing.plan",
    "Run": "vgen.testing.plan",
    "stand_in": "vgen.testing.standing_in",
    "MemoryStorage": "vgen.testing.storage",
    "Call": "vgen.testing.tape",
    "Note": "vgen.testing.tape",
    "Tape": "vgen.testing.tape",
}

if not TYPE_CHECKING:  # checkers would take it for a promise of every name

    def __getattr__(name: str) -> object:
        """Import a name when it is first asked for: pytest loads this package for its plug-in."""
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(_HOMES[name]), name)

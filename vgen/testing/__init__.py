"""Fakes that stand in for the ports in tests: on Trio's clock, without threads or network.

The contracts of the ports are in `vgen.testing.contracts`, which needs pytest and Hypothesis.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vgen.testing.accepted import Charge
    from vgen.testing.backend import CAPABILITIES, FakeBackend, image_only
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
    from vgen.testing.call_log import Call, CallLog, LogEntry
    from vgen.testing.clips import tiny_clip
    from vgen.testing.faults import Break, Delay, Fault, Outage
    from vgen.testing.http_wire import HttpWire
    from vgen.testing.inline import inline_inspector
    from vgen.testing.ledger import MemoryLedger
    from vgen.testing.plan import Model, Plan, Run
    from vgen.testing.stand_ins import stand_in
    from vgen.testing.storage import MemoryStorage
    from vgen.testing.virtual_time import virtual_clock
    from vgen.testing.webhooks import webhook_headers
    from vgen.testing.wire import Breakage, Wire

__all__ = [
    "CAPABILITIES",
    "Behaviour",
    "Break",
    "Breakage",
    "Call",
    "CallLog",
    "Charge",
    "Delay",
    "Fail",
    "FakeBackend",
    "Fault",
    "Hang",
    "HttpWire",
    "LogEntry",
    "LoseAnswer",
    "MemoryLedger",
    "MemoryStorage",
    "Model",
    "Outage",
    "Plan",
    "RateLimit",
    "Refuse",
    "Run",
    "Spoil",
    "Succeed",
    "Wire",
    "image_only",
    "inline_inspector",
    "stand_in",
    "tiny_clip",
    "virtual_clock",
    "webhook_headers",
]

_MODULES = {
    "Behaviour": "vgen.testing.behaviours",
    "Fail": "vgen.testing.behaviours",
    "Hang": "vgen.testing.behaviours",
    "LoseAnswer": "vgen.testing.behaviours",
    "RateLimit": "vgen.testing.behaviours",
    "Refuse": "vgen.testing.behaviours",
    "Spoil": "vgen.testing.behaviours",
    "Succeed": "vgen.testing.behaviours",
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
    "Charge": "vgen.testing.accepted",
    "Model": "vgen.testing.plan",
    "Plan": "vgen.testing.plan",
    "Run": "vgen.testing.plan",
    "stand_in": "vgen.testing.stand_ins",
    "MemoryStorage": "vgen.testing.storage",
    "Call": "vgen.testing.call_log",
    "LogEntry": "vgen.testing.call_log",
    "CallLog": "vgen.testing.call_log",
    "HttpWire": "vgen.testing.http_wire",
    "virtual_clock": "vgen.testing.virtual_time",
    "webhook_headers": "vgen.testing.webhooks",
    "Breakage": "vgen.testing.wire",
    "Wire": "vgen.testing.wire",
}

if not TYPE_CHECKING:  # checkers would take it for a promise of every name

    def __getattr__(name: str) -> object:
        """Import a name when it is first used: pytest loads this package for its plug-in."""
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(_MODULES[name]), name)

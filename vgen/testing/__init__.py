"""Fakes that stand in for the ports in tests: on Trio's clock, without threads or network."""

from vgen.testing.acts import Act, Fail, Hang, LoseAnswer, Refuse, Spoil, Succeed
from vgen.testing.backend import CAPABILITIES, Charge, FakeBackend, image_only
from vgen.testing.clips import tiny_clip
from vgen.testing.inline import inline_inspector
from vgen.testing.ledger import MemoryLedger
from vgen.testing.storage import MemoryStorage

__all__ = [
    "CAPABILITIES",
    "Act",
    "Charge",
    "Fail",
    "FakeBackend",
    "Hang",
    "LoseAnswer",
    "MemoryLedger",
    "MemoryStorage",
    "Refuse",
    "Spoil",
    "Succeed",
    "image_only",
    "inline_inspector",
    "tiny_clip",
]

"""The ports, and the records that cross them: what a plug-in needs."""

from vgen.builtin.render import Render, RenderBackend
from vgen.ports.backend import TellingBackend, VideoBackend
from vgen.records.attempt import Attempt, Custody, Money
from vgen.records.money import Price
from vgen.records.request import Capabilities, ClipRequest, Generator, Image, Prepared, Quote
from vgen.records.status import Absent, Finding, State, Status, Ticket, Unknown

__all__ = [
    "Absent",
    "Attempt",
    "Capabilities",
    "ClipRequest",
    "Custody",
    "Finding",
    "Generator",
    "Image",
    "Money",
    "Prepared",
    "Price",
    "Quote",
    "Render",
    "RenderBackend",
    "State",
    "Status",
    "TellingBackend",
    "Ticket",
    "Unknown",
    "VideoBackend",
]

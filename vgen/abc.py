"""The ports, and the records that cross them: what a plug-in needs."""

from vgen.builtin.render import Render, RenderBackend
from vgen.ports.backend import VideoBackend, WaitableBackend
from vgen.ports.ledger import EVERY_JOB, NOTICES_KEPT, CostLedger, MigratedLedger
from vgen.ports.storage import Storage
from vgen.records.attempt import Attempt, Custody, Money
from vgen.records.clip import Choice, StoredFile
from vgen.records.container import media_type
from vgen.records.entry import (
    Chosen,
    Doubted,
    Entry,
    Fetched,
    Line,
    Lost,
    Movement,
    Planned,
    Released,
    Reserved,
    Settled,
    Spooled,
    Stored,
    Ticketed,
    WrittenOff,
)
from vgen.records.job import Claim, Job, JobClip, Manifest, PlannedClip
from vgen.records.jsonio import entry_from_json, entry_to_json
from vgen.records.money import Account, Need, Price, Purse
from vgen.records.notice import Notice
from vgen.records.observation import Observation
from vgen.records.request import (
    Capabilities,
    ClipRequest,
    Generator,
    Image,
    Prepared,
    Quote,
    Rates,
)
from vgen.records.status import Absent, Finding, State, Status, Ticket, Unknown

__all__ = [
    "EVERY_JOB",
    "NOTICES_KEPT",
    "Absent",
    "Account",
    "Attempt",
    "Capabilities",
    "Choice",
    "Chosen",
    "Claim",
    "ClipRequest",
    "CostLedger",
    "Custody",
    "Doubted",
    "Entry",
    "Fetched",
    "Finding",
    "Generator",
    "Image",
    "Job",
    "JobClip",
    "Line",
    "Lost",
    "Manifest",
    "MigratedLedger",
    "Money",
    "Movement",
    "Need",
    "Notice",
    "Observation",
    "Planned",
    "PlannedClip",
    "Prepared",
    "Price",
    "Purse",
    "Quote",
    "Rates",
    "Released",
    "Render",
    "RenderBackend",
    "Reserved",
    "Settled",
    "Spooled",
    "State",
    "Status",
    "Storage",
    "Stored",
    "StoredFile",
    "Ticket",
    "Ticketed",
    "Unknown",
    "VideoBackend",
    "WaitableBackend",
    "WrittenOff",
    "entry_from_json",
    "entry_to_json",
    "media_type",
]

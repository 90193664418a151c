"""The plan of a job: its prompts, its backends, their faults, and its runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from attrs import evolve, field, frozen
from attrs.converters import optional

from vgen.records.fallback import ANY_REASON, FallBackReason
from vgen.records.money import ZERO, Price
from vgen.records.prompt import ClipPrompt
from vgen.records.settings import Settings
from vgen.testing.backend import CAPABILITIES, FakeBackend
from vgen.testing.behaviours import Behaviour, Succeed
from vgen.testing.call_log import CallLog
from vgen.testing.clips import tiny_picture
from vgen.testing.faults import Fault
from vgen.testing.ledger import MemoryLedger
from vgen.testing.short_repr import ShortRepr
from vgen.testing.storage import MemoryStorage

IMAGE = "scene.png"
"""The reference of the image that clips of `Plan.images` start from."""

POLL_INTERVAL = 8.0
QUEUE_LIMIT = 20.0
RUN_LIMIT = 60.0
"""Limits of a plan's fakes, in seconds: short, since every poll takes test time."""


@frozen(repr=False)
class Model(ShortRepr):
    """One backend of a plan's route.

    `script` has, for each prompt, the behaviours for its attempts in order; further attempts get
    `default`. A clip costs `base` plus `per_second`, and at least `hold` is held for it, in US
    dollars. Without `text` it needs an
    image. For the rest, see `FakeBackend` and `Capabilities`.
    """

    script: Mapping[str, Sequence[Behaviour]] = field(factory=dict[str, Sequence[Behaviour]])
    default: Behaviour = Succeed()
    base: Decimal = field(default=Decimal("0.10"), converter=Decimal)
    per_second: Decimal = field(default=Decimal("0.01"), converter=Decimal)
    hold: Decimal = field(default=ZERO, converter=Decimal)
    cancel_fee: Decimal = field(default=ZERO, converter=Decimal)
    latency: float = 0.0
    max_concurrent: int | None = None
    text: bool = True
    can_find: bool = True
    can_cancel: bool = True
    faults: Sequence[Fault] = field(default=(), converter=tuple[Fault, ...])

    def backend(self, name: str, call_log: CallLog) -> FakeBackend:
        """Return the fake."""
        return FakeBackend(
            name,
            self.script,
            default=self.default,
            price=Price(self.base, self.per_second),
            hold=self.hold,
            capabilities=evolve(
                CAPABILITIES,
                text=self.text,
                can_find=self.can_find,
                can_cancel=self.can_cancel,
                max_concurrent=self.max_concurrent,
                queue_limit=QUEUE_LIMIT,
                run_limit=RUN_LIMIT,
            ),
            latency=self.latency,
            cancel_fee=self.cancel_fee,
            faults=self.faults,
            call_log=call_log,
        )


@frozen(repr=False)
class Run(ShortRepr):
    """One run of the job, by `runners` runners at once.

    The caller cancels it after `cancel` seconds, another runner after `cancelled_elsewhere`
    seconds (`None`: never). The prompts of the letters in `edited` are in capitals in this run,
    the clips of those in `redo` are generated again. With `observer_raises`, the observer raises
    on every event.
    """

    cancel: float | None = None
    runners: int = 1
    edited: str = ""
    observer_raises: bool = False
    redo: str = ""
    cancelled_elsewhere: float | None = None

    @property
    def indexes_to_redo(self) -> tuple[int, ...]:
        """The indexes of the clips to generate again."""
        return tuple(ord(letter) - ord("a") for letter in self.redo)


@frozen(repr=False)
class Plan(ShortRepr):
    """The plan of a job: a clip for each letter of `prompts`, in that order, "a" having index 0.

    The clips of the letters in `images` start from an image. Amounts are in US dollars, times in
    seconds. The `runs` follow one another; with a `spool`, they share one. With a `purse`, the job
    shares that limit with a neighbour: another job that holds some of it for a while in each run.
    """

    prompts: str = "abc"
    one: Model = Model()
    two: Model | None = None
    runs: Sequence[Run] = field(default=(Run(),), converter=tuple[Run, ...])
    budget: Decimal = field(default=Decimal(100), converter=Decimal)
    purse: Decimal | None = field(default=None, converter=optional(Decimal))
    already_spent: Decimal = field(default=ZERO, converter=Decimal)
    min_clips: int = 3
    concurrency: int = 3
    fetches: int = 4
    images: str = ""
    fall_back_on: Sequence[FallBackReason] = ANY_REASON
    ledger: Sequence[Fault] = field(default=(), converter=tuple[Fault, ...])
    storage: Sequence[Fault] = field(default=(), converter=tuple[Fault, ...])
    spool: bool = False

    @property
    def settings(self) -> Settings:
        """The settings of its runners."""
        return Settings(
            concurrency=self.concurrency, fetches=self.fetches, poll_interval=POLL_INTERVAL
        )

    def clip_prompts(self, edited: str = "") -> list[ClipPrompt]:
        """Return the prompts, with the `edited` prompts in capitals."""
        return [
            ClipPrompt(
                ord(letter) - ord("a"),
                letter.upper() if letter in edited else letter,
                2.0,
                scene_reference_url=IMAGE if letter in self.images else None,
            )
            for letter in self.prompts
        ]

    def backends(self, call_log: CallLog) -> list[FakeBackend]:
        """Return the fakes of its route."""
        models = {"one": self.one, "two": self.two}
        return [model.backend(name, call_log) for name, model in models.items() if model]

    def fake_ledger(self, call_log: CallLog) -> MemoryLedger:
        """Return its ledger."""
        return MemoryLedger(self.ledger, call_log=call_log)

    def fake_storage(self, call_log: CallLog) -> MemoryStorage:
        """Return its storage, which has the image."""
        return MemoryStorage({IMAGE: tiny_picture()}, faults=self.storage, call_log=call_log)

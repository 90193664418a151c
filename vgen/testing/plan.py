"""A whole job, decided beforehand: what is asked for, what happens, and when it is run again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from attrs import evolve, field, frozen

from vgen.records.money import ZERO, Price
from vgen.records.prompt import ClipPrompt
from vgen.records.settings import Settings
from vgen.testing.acts import Act, Succeed
from vgen.testing.backend import CAPABILITIES, FakeBackend
from vgen.testing.clips import tiny_picture
from vgen.testing.faults import Fault
from vgen.testing.ledger import MemoryLedger
from vgen.testing.storage import MemoryStorage
from vgen.testing.tape import Tape
from vgen.testing.terse import Terse

IMAGE = "scene.png"
"""What the clips with an image start from."""

POLL_INTERVAL = 8.0
QUEUE_LIMIT = 20.0
RUN_LIMIT = 60.0
"""What the fakes of a plan are given, in seconds: short, since every poll costs a test time."""


@frozen(repr=False)
class Model(Terse):
    """One backend of a plan's route.

    `script` says, for each prompt, what becomes of its attempts in their order, `default` what
    becomes of all further ones. A clip costs `base` plus `per_second`, in US dollars. `at_once`
    limits the attempts in flight. Without `text` it needs an image. For the rest, see
    `FakeBackend` and `Capabilities`.
    """

    script: Mapping[str, Sequence[Act]] = field(factory=dict[str, Sequence[Act]])
    default: Act = Succeed()
    base: Decimal = field(default=Decimal("0.10"), converter=Decimal)
    per_second: Decimal = field(default=Decimal("0.01"), converter=Decimal)
    cancel_fee: Decimal = field(default=ZERO, converter=Decimal)
    latency: float = 0.0
    at_once: int | None = None
    text: bool = True
    can_find: bool = True
    can_cancel: bool = True
    faults: Sequence[Fault] = field(default=(), converter=tuple[Fault, ...])

    def backend(self, name: str, tape: Tape) -> FakeBackend:
        """Give the fake that plays it."""
        return FakeBackend(
            name,
            self.script,
            default=self.default,
            price=Price(self.base, self.per_second),
            capabilities=evolve(
                CAPABILITIES,
                text=self.text,
                can_find=self.can_find,
                can_cancel=self.can_cancel,
                max_concurrent=self.at_once,
                queue_limit=QUEUE_LIMIT,
                run_limit=RUN_LIMIT,
            ),
            latency=self.latency,
            cancel_fee=self.cancel_fee,
            faults=self.faults,
            tape=tape,
        )


@frozen(repr=False)
class Run(Terse):
    """One run of the job, by so many `runners` at once.

    The caller cancels it after `cancel` seconds, another runner calls the job off after
    `called_off` (`None`: never). The prompts named in `edited` are asked for in capitals in this
    run, those of the letters in `redo` are to be made anew. With `heckled`, an observer raises on
    every event.
    """

    cancel: float | None = None
    runners: int = 1
    edited: str = ""
    heckled: bool = False
    redo: str = ""
    called_off: float | None = None

    @property
    def indexes_to_redo(self) -> tuple[int, ...]:
        """The clips that are to be made anew."""
        return tuple(ord(letter) - ord("a") for letter in self.redo)


@frozen(repr=False)
class Plan(Terse):
    """A whole job: a clip for each letter of `prompts`, in that order, "a" having index 0.

    The clips of the letters in `images` start from an image. Amounts are in US dollars, times in
    seconds. The `runs` follow one another; with a `spool`, they share one.
    """

    prompts: str = "abc"
    one: Model = Model()
    two: Model | None = None
    runs: Sequence[Run] = field(default=(Run(),), converter=tuple[Run, ...])
    budget: Decimal = field(default=Decimal(100), converter=Decimal)
    already_spent: Decimal = field(default=ZERO, converter=Decimal)
    min_clips: int = 3
    concurrency: int = 3
    fetches: int = 4
    images: str = ""
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
        """Give what is asked for, with the `edited` prompts in capitals."""
        return [
            ClipPrompt(
                ord(letter) - ord("a"),
                letter.upper() if letter in edited else letter,
                2.0,
                scene_reference_url=IMAGE if letter in self.images else None,
            )
            for letter in self.prompts
        ]

    def backends(self, tape: Tape) -> list[FakeBackend]:
        """Give the fakes of its route."""
        models = {"one": self.one, "two": self.two}
        return [model.backend(name, tape) for name, model in models.items() if model]

    def fake_ledger(self, tape: Tape) -> MemoryLedger:
        """Give its ledger."""
        return MemoryLedger(self.ledger, tape=tape)

    def fake_storage(self, tape: Tape) -> MemoryStorage:
        """Give its storage, which has the image."""
        return MemoryStorage({IMAGE: tiny_picture()}, faults=self.storage, tape=tape)

"""The contract finds what is wrong with a backend: faults planted in copies of the example."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from functools import partial
from pathlib import Path
from types import ModuleType

import pytest
from attrs import frozen

import vgen_example.backend
from vgen.abc import Price, VideoBackend
from vgen.testing import stand_in
from vgen.testing.contracts import BackendContract

PRICE = Price(Decimal("0.05"), Decimal("0.01"))
SOURCE = inspect.getsource(vgen_example.backend)


@frozen
class Planted:
    """A change of the example's source, and the promise that it breaks."""

    before: str
    after: str
    breaks: str


FAULTS = {
    "the hold is too small": Planted(
        "hold=cost,", "hold=cost / 2,", "test_the_bill_is_within_the_hold"
    ),
    "the quote gets dearer each time": Planted(
        "cost = self._price.cost(duration)",
        "self._price = evolve(self._price, base=self._price.base + 1)\n"
        "        cost = self._price.cost(duration)",
        "test_a_quote_is_always_the_same",
    ),
    "the quote is for the longest": Planted(
        "self.capabilities.nearest_duration(request.duration)",
        "max(CAPABILITIES.durations)",
        "test_a_quote_is_for_the_nearest_length",
    ),
    "the ticket is not JSON-safe": Planted(
        "return Ticket(self.name, str(attempt_id))",
        "return Ticket(self.name, attempt_id)",
        "test_a_ticket_survives_json",
    ),
    "tickets are said to outlive the process": Planted(
        "    can_find=True,",
        "    can_find=True, durable_tickets=True,",
        "test_a_ticket_outlives_its_process",
    ),
    "one unknown ticket spoils the answer": Planted(
        "for ticket in tickets if ticket.provider_id in self._jobs",
        "for ticket in tickets",
        "test_an_unknown_ticket_is_nobodys_success",
    ),
    "only one ticket is answered for": Planted(
        "for ticket in known}", "for ticket in known[:1]}", "test_many_are_asked_after_at_once"
    ),
    "the verdict is forgotten once told": Planted(
        "return {ticket: self._status(self._job(ticket)) for ticket in known}",
        "told = {ticket: self._status(self._job(ticket)) for ticket in known}\n"
        "        for ticket in known:\n"
        "            if told[ticket].is_verdict:\n"
        "                del self._jobs[ticket.provider_id]\n"
        "        return told",
        "test_a_verdict_stays",
    ),
    "the clip is half as long": Planted(
        "range(round(duration * request.fps))",
        "range(round(duration * request.fps / 2))",
        "test_the_file_is_the_clip_that_was_quoted",
    ),
    "a cancelled clip is handed over": Planted(
        "if self._status(job).state is not State.SUCCEEDED:",
        "if self._status(job).state is State.RUNNING:",
        "test_what_is_not_there_is_not_written",
    ),
    "a failed fetch leaves half a file": Planted(
        'raise GenerationError("there is no clip")',
        'path.write_bytes(b"half"); raise GenerationError("there is no clip")',
        "test_what_is_not_there_is_not_written",
    ),
    "a fetch cut short leaves half a file": Planted(
        "        try:\n            duration =",
        '        path.write_bytes(b"half"); await trio.sleep(0)\n'
        "        try:\n            duration =",
        "test_a_fetch_cut_short_leaves_no_half_file",
    ),
    "an error of the system gets out": Planted(
        "except OSError as error:",
        "except KeyError as error:",
        "test_a_fetch_that_cannot_write_fails",
    ),
    "a success can be cancelled": Planted(
        "if not self._status(job).is_verdict:", "if True:", "test_a_success_cannot_be_cancelled"
    ),
    "what was accepted is called absent": Planted(
        "found = str(attempt.attempt_id) in self._jobs",
        "found = False",
        "test_an_accepted_attempt_is_found",
    ),
    "what was never sent is called accepted": Planted(
        "found = str(attempt.attempt_id) in self._jobs",
        "found = True",
        "test_an_attempt_never_sent_is_absent",
    ),
    "it cannot be closed twice": Planted(
        "self._jobs.clear()", "del self._jobs", "test_closing_may_be_repeated"
    ),
    "a field that is ignored does not exist": Planted(
        '"motion", ', '"movement", ', "test_what_is_ignored_are_fields"
    ),
    "a submit leaves a task behind": Planted(
        "        await trio.lowlevel.checkpoint()\n        self._jobs[str(attempt_id)]",
        "        trio.lowlevel.spawn_system_task(trio.sleep, 60)\n"
        "        await trio.lowlevel.checkpoint()\n        self._jobs[str(attempt_id)]",
        "test_a_submit_cut_short_can_be_found",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_found(name: str, tmp_path: Path) -> None:
    """The promise that the fault breaks fails, and holds in a copy without it."""
    fault = FAULTS[name]
    assert SOURCE.count(fault.before) == 1, "the example has changed: plant the fault anew"
    with suppress(pytest.skip.Exception):
        promise(SOURCE, fault.breaks, folder(tmp_path, "sound"))()
    with pytest.raises((Exception, pytest.fail.Exception, pytest.skip.Exception)) as caught:
        promise(SOURCE.replace(fault.before, fault.after), fault.breaks, folder(tmp_path, "b"))()
    assert not isinstance(caught.value, pytest.skip.Exception)


def promise(source: str, test: str, tmp_path: Path) -> Callable[[], None]:
    """Give one test of the contract, ready to be run on the backend that the source makes."""
    module = ModuleType("vgen_planted")
    sys.modules[module.__name__] = module  # attrs looks its classes' modules up
    exec(compile(source, "planted", "exec"), vars(module))  # noqa: S102 - our own source

    class Proof(BackendContract):
        def make(self) -> VideoBackend:
            backend: VideoBackend = module.Example(price=PRICE)
            return stand_in(backend)

    method: Callable[..., None] = getattr(Proof(), test)
    wants_folder = "tmp_path" in inspect.signature(method).parameters
    return partial(method, tmp_path) if wants_folder else method


def folder(parent: Path, name: str) -> Path:
    """Make a folder for one run."""
    made = parent / name
    made.mkdir()
    return made

"""The contract finds faults that are planted in copies of the example backend."""

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
    """A change of the example's source, and the contract test that must fail."""

    before: str
    after: str
    fails: str


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
    "the quote is for the longest clip": Planted(
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
    "one unknown ticket makes status fail": Planted(
        "for ticket in tickets if ticket.provider_id in self._jobs",
        "for ticket in tickets",
        "test_an_unknown_ticket_has_no_success",
    ),
    "only one ticket is answered for": Planted(
        "for ticket in known}",
        "for ticket in known[:1]}",
        "test_one_status_call_answers_for_many_tickets",
    ),
    "the verdict is forgotten once reported": Planted(
        "return {ticket: self._status(self._job(ticket)) for ticket in known}",
        "statuses = {ticket: self._status(self._job(ticket)) for ticket in known}\n"
        "        for ticket in known:\n"
        "            if statuses[ticket].is_final:\n"
        "                del self._jobs[ticket.provider_id]\n"
        "        return statuses",
        "test_a_verdict_never_changes",
    ),
    "the clip is half as long": Planted(
        "range(round(duration * request.fps))",
        "range(round(duration * request.fps / 2))",
        "test_the_file_is_the_clip_that_was_quoted",
    ),
    "a cancelled clip can be fetched": Planted(
        "if self._status(job).state is not State.SUCCEEDED:",
        "if self._status(job).state is State.RUNNING:",
        "test_without_a_clip_no_file_is_written",
    ),
    "a failed fetch leaves a partial file": Planted(
        'raise GenerationError("there is no clip")',
        'path.write_bytes(b"half"); raise GenerationError("there is no clip")',
        "test_without_a_clip_no_file_is_written",
    ),
    "a cancelled fetch leaves a partial file": Planted(
        "        try:\n            duration =",
        '        path.write_bytes(b"half"); await trio.sleep(0)\n'
        "        try:\n            duration =",
        "test_a_cancelled_fetch_leaves_no_partial_file",
    ),
    "an OSError is not translated": Planted(
        "except OSError as error:  # your HTTP library's errors, in this one place",
        "except KeyError as error:",
        "test_a_fetch_that_cannot_write_fails",
    ),
    "a success can be cancelled": Planted(
        "if not self._status(job).is_final:", "if True:", "test_a_success_cannot_be_cancelled"
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
    "closing twice fails": Planted(
        "self._jobs.clear()", "del self._jobs", "test_closing_may_be_repeated"
    ),
    "a field that is ignored does not exist": Planted(
        '"motion", ', '"movement", ', "test_ignored_fields_exist"
    ),
    "a submit leaves a task behind": Planted(
        "        await trio.lowlevel.checkpoint()\n        self._jobs[attempt_id]",
        "        trio.lowlevel.spawn_system_task(trio.sleep, 60)\n"
        "        await trio.lowlevel.checkpoint()\n        self._jobs[attempt_id]",
        "test_a_cancelled_submit_can_be_found",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_found(name: str, tmp_path: Path) -> None:
    """The test for the broken promise fails, and passes on the unchanged example."""
    fault = FAULTS[name]
    assert SOURCE.count(fault.before) == 1, "the example has changed: adapt the fault"
    with suppress(pytest.skip.Exception):
        contract_test(SOURCE, fault.fails, folder(tmp_path, "sound"))()
    with pytest.raises((Exception, pytest.fail.Exception, pytest.skip.Exception)) as caught:
        contract_test(
            SOURCE.replace(fault.before, fault.after), fault.fails, folder(tmp_path, "b")
        )()
    assert not isinstance(caught.value, pytest.skip.Exception)


def contract_test(source: str, test: str, tmp_path: Path) -> Callable[[], None]:
    """Return one test of the contract, bound to a backend from this source."""
    module = ModuleType("vgen_planted")
    sys.modules[module.__name__] = module  # attrs looks its classes' modules up
    exec(compile(source, "planted", "exec"), vars(module))  # noqa: S102 - our own source

    class PlantedContract(BackendContract):
        def make(self) -> VideoBackend:
            backend: VideoBackend = module.Example(price=PRICE)
            return stand_in(backend)

    method: Callable[..., None] = getattr(PlantedContract(), test)
    wants_folder = "tmp_path" in inspect.signature(method).parameters
    return partial(method, tmp_path) if wants_folder else method


def folder(parent: Path, name: str) -> Path:
    """Make a folder for one run."""
    made = parent / name
    made.mkdir()
    return made

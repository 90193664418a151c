"""Looking a submit up at its provider after its answer was lost."""

from __future__ import annotations

import logging
from itertools import count
from math import inf

import trio

from vgen.drive.attempt.last_word import LastWord
from vgen.drive.attempt.run import AttemptRun
from vgen.errors import RetryableError
from vgen.records.entry import Released, WrittenOff
from vgen.records.status import Absent, Ticket

logger = logging.getLogger("vgen")

LOOKS, LONGEST_DOUBLING = 8, 4
"""How often a submit in doubt is looked up in one run, and how often the pause between doubles: for
two minutes in all, with the default backoff, or for as long as a provider that gives no answer is
waited for."""


async def look_up(run: AttemptRun, *, under_way_until: float = -inf) -> bool:
    """Look an attempt in doubt up; return whether the doubt is cleared.

    Cleared means that the ledger has its ticket, or that it is released or written off. Before
    `under_way_until`, on Trio's clock, the submit may still arrive: its absence proves nothing.
    What cannot be cleared yet stays in doubt, for a later run or a person.
    """
    pause = run.context.settings.backoff
    run.word = LastWord()
    for look in count():
        waits = run.word.error is not None and trio.current_time() < run.patience_ends_at
        if look >= LOOKS and not waits:
            break
        if look:
            await trio.sleep(pause * 2 ** min(look - 1, LONGEST_DOUBLING))
        try:
            async with run.call("find"):
                finding = await run.backend.find(run.attempt)
        except RetryableError as error:
            logger.info("could not look for attempt %s: %s", run.attempt.attempt_id, error)
            run.not_heard(error)
            continue
        run.heard(None)
        if isinstance(finding, Ticket):
            await run.write_ticket(finding)
            return True
        if isinstance(finding, Absent):
            if trio.current_time() < under_way_until:
                continue
            await run.write(Released("it never arrived"))
            return True
        if finding.for_good:
            await write_off(run, f"{run.backend.name} can no longer tell whether it arrived")
            return True
        if not run.backend.capabilities.can_find:
            break
    return False


async def write_off(run: AttemptRun, reason: str) -> None:
    """Book a doubt that can no longer be proved as spent, and free the clip for other attempts."""
    await run.write(WrittenOff(reason))

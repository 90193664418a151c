"""What the provider made and billed, by its own books, against what the ledger says."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from pathlib import Path
from uuid import UUID

from attrs import define, field

from vgen import SQLiteLedger
from vgen.abc import Custody, Job
from vgen.decisions.attempts import stored_attempt
from vgen_replicate.simulator import Simulator

PRIVATE = {"seed", "image", "input_image"}
"""What differs from one prediction to the next for one and the same request."""


@define
class Books:
    """The predictions of one job, the only one of its simulator.

    `requests` has what each of them was asked for, noted before the provider forgets it. `allowed`
    counts, for a prompt or a picture, the predictions that a person asked for beyond the first.
    `destroyed` are digests of files that the person has destroyed, `unknown` predictions of which
    the ledger was lost.
    """

    simulator: Simulator
    requests: dict[str, str] = field(factory=dict[str, str])
    subjects: dict[str, str] = field(factory=dict[str, str])
    allowed: Counter[str] = field(factory=Counter[str])
    destroyed: set[str] = field(factory=set[str])
    unknown: set[str] = field(factory=set[str])

    @property
    def made(self) -> set[str]:
        """The ids of the predictions that have succeeded: paid for, whoever asked for them."""
        return {p.id for p in self.simulator.predictions.values() if p.status == "succeeded"}

    def note(self) -> None:
        """Note what the predictions were asked for, while the provider knows it."""
        for made in self.simulator.predictions.values():
            if made.id in self.requests or not made.input or made.shot is None:
                continue
            picture = hashlib.sha256(made.picture).hexdigest() if made.picture else ""
            asked = {k: v for k, v in made.input.items() if k not in PRIVATE}
            self.requests[made.id] = json.dumps([made.model.path, asked, picture], sort_keys=True)
            self.subjects[made.id] = picture or str(made.input.get("prompt", ""))

    def check_paid_once(self) -> None:
        """Check that nothing was made more often than it was asked for."""
        subjects = {self.requests[each]: self.subjects[each] for each in self.made}
        for request, times in Counter(self.requests[each] for each in self.made).items():
            allowed = 1 + self.allowed[subjects[request]]
            assert times <= allowed, f"made {times} times, asked for {allowed} times: {request}"

    def check_job(self, job: Job, out: Path) -> None:
        """Check a job that has ended: everything closed, in place, and as it was billed."""
        assert not self.simulator.running(), "something is still running"
        assert not [a for a in job.attempts if a.is_open], "an attempt is still open"
        assert not job.account.held
        assert not job.account.in_doubt
        for planned in job.manifest.clips:
            chosen = stored_attempt(job.of_clip(planned.clip_index), planned)
            assert chosen is not None, f"clip {planned.clip_index} is missing"
            assert chosen.clip is not None
            assert digest(out / chosen.clip.reference) == chosen.clip.sha256
        self._check_takes(job, out)
        if not self.unknown:
            assert job.account.spent == self.simulator.billed

    def _check_takes(self, job: Job, out: Path) -> None:
        takes = [a for a in job.attempts if a.custody is Custody.STORED]
        for attempt in takes:
            assert attempt.clip is not None
            file = attempt.clip.take
            assert file is not None
            if attempt.clip.sha256 not in self.destroyed:
                assert digest(out / file.reference) == attempt.clip.sha256, f"{file} is lost"
        kept = {a.ticket.provider_id for a in takes if a.ticket}
        assert self.made - self.unknown <= kept, "a paid take is not in the ledger"
        asked = Counter((a.clip_index, a.fingerprint, a.request.image_sha256) for a in takes)
        assert self.unknown or self.destroyed or max(asked.values(), default=0) <= 1


def digest(path: Path) -> str:
    """Return a file's SHA-256; empty if it is missing."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""


async def job_in(ledger_file: Path, job_id: UUID) -> Job:
    """Return a job as its ledger has it."""
    ledger = SQLiteLedger(ledger_file)
    try:
        job = await ledger.job(job_id)
    finally:
        await ledger.aclose()
    assert job is not None
    return job

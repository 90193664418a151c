"""A job that is to be made: what is asked for and what there is of it, checked and planned."""

from __future__ import annotations

import os
from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

import trio
from attrs import frozen

from vgen import JobPlan, PromptsFile, Settings, read_prompts
from vgen.cli import plugins
from vgen.cli.arguments import purses_of
from vgen.cli.clips_file import check_place
from vgen.cli.folder import Folder, check_folder, read_folder
from vgen.cli.generate_options import PlanOptions
from vgen.cli.job_id import check_related
from vgen.cli.ledger_option import make_ledger
from vgen.cli.prompts_source import PromptsSource
from vgen.cli.storage_option import ClipStorage
from vgen.cli.terms import Terms, choose_terms
from vgen.drive.job.draft import DraftTools
from vgen.drive.job.options import JobKeywords, JobOptions
from vgen.drive.job.plan import plan
from vgen.drive.job.validation import check_prompts
from vgen.drive.media.images import Images
from vgen.drive.media.inspector import Inspector
from vgen.errors import InvalidPromptsError
from vgen.ports.backend import VideoBackend
from vgen.ports.ledger import CostLedger


@frozen
class PreparedJob:
    """A job that is to be made; nothing of it is sent or written yet.

    `folder` is what there is of it, `terms` are its route and its budget, `lengths_of` the backends
    that its previews are drawn for, and `problems` those of its backends that cannot be used.
    """

    source: PromptsSource
    options: PlanOptions
    folder: Folder
    file: PromptsFile
    terms: Terms
    backends: tuple[VideoBackend, ...]
    lengths_of: tuple[VideoBackend, ...]
    problems: tuple[str, ...]
    storage: ClipStorage
    ledger: CostLedger
    settings: Settings

    @property
    def job_id(self) -> UUID:
        """The job's id."""
        return self.folder.job_id

    @property
    def min_clips(self) -> int:
        """How many clips must be made for the job to succeed."""
        return max(1, self.file.count) if self.options.every else self.options.min_clips

    def keywords(self, budget: Decimal | None) -> JobKeywords:
        """Return what the job is made with: the keywords of `Runner.process`."""
        options = self.options
        return JobKeywords(
            budget=budget,
            min_clips=self.min_clips,
            redo=options.redo,
            fall_back_on=options.fall_back_on,
            rerolls=options.rerolls,
            lengths_of=self.lengths_of,
            purses=purses_of(options.purses) or None,
            name=self.source.name,
            folder=str(options.out.resolve()),
        )


def prepare(source: PromptsSource, options: PlanOptions, *, strict: bool = False) -> PreparedJob:
    """Read what is asked for, and what there is of it. Blocks: a signal ends the process at once.

    Raises:
        VgenError: the prompts file, an option or the ledger cannot be read.
    """
    settings = Settings.from_environment(os.environ, concurrency=options.concurrency, strict=strict)
    storage = ClipStorage(options.storage, options.out, images=[source.folder])
    ledger = make_ledger(options.ledger, options.out)
    file = _read_prompts(source, options.backends)
    folder = trio.run(read_folder, options, file.job_id)
    terms = choose_terms(options, folder.job.manifest if folder.job else None)
    backends, problems = plugins.make_route(terms.route)
    others, unknown = plugins.make_route(options.lengths_of, option="--as")
    return PreparedJob(
        source,
        options,
        folder,
        file,
        terms,
        tuple(backends),
        tuple(others),
        (*problems, *unknown),
        storage,
        ledger,
        settings,
    )


def _read_prompts(source: PromptsSource, route: Sequence[str]) -> PromptsFile:
    try:
        return read_prompts(source.read(), source=str(source))
    except InvalidPromptsError as error:
        _, problems = plugins.make_route(route)
        raise InvalidPromptsError([*error.problems, *problems]) from error


async def check(job: PreparedJob, *, adopt: bool = False) -> Images:
    """Check everything that can be without a write; return the images, which are read for it.

    Raises:
        VgenError: the job is refused.
    """
    images = Images(job.storage, Inspector(), backoff=0)
    options, file, before = job.options, job.file, job.folder.job
    wrong = await check_prompts(
        file,
        backends=job.backends,
        images=images,
        min_clips=job.min_clips,
        is_new=before is None,
    )
    if wrong or job.problems:
        raise InvalidPromptsError([*wrong, *job.problems])
    await check_folder(job.folder, file.readable, job.storage, options, adopt=adopt)
    if before is not None and options.job_id is None and file.job_id is None:
        check_related(file.readable, before, options.out)
    await check_place(options.out)
    return images


async def plan_of(job: PreparedJob, images: Images, budget: Decimal | None) -> JobPlan:
    """Plan a job that was checked, with the images that were read for that.

    Raises:
        VgenError: the job is refused, for another reason than its budget or a purse.
    """
    tools = DraftTools(
        {backend.name: backend for backend in job.backends},
        job.ledger,
        job.settings,
        job.storage,
        images,
        job.storage.key,
    )
    keywords = job.keywords(budget)
    return await plan(tools, job.job_id, job.file.prompts(), JobOptions(**keywords))

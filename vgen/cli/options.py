"""The options that several commands have, each with its help."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from vgen.cli.arguments import check_no_option, to_dollars

CLIPS = Path("clips")
"""The directory for the clips, if none is named."""

Flag = Annotated[bool, Parameter(negative="", show_default=False)]
Several = Parameter(negative="", show_default=False)
"""An option that may be repeated."""

PromptsPath = Annotated[
    str,
    Parameter(
        name="PROMPTS",
        allow_leading_hyphen=True,
        validator=check_no_option,
        help="JSON with clip_prompts, each with clip_index, prompt and duration; "
        "- reads standard input.",
    ),
]
Dollars = Annotated[Decimal | None, Parameter(converter=to_dollars, metavar="USD")]
Job = Annotated[str, Parameter(name="JOB", help="The job's id, or the start of it.")]

Ledger = Annotated[
    str | None,
    Parameter(
        name="--ledger",
        metavar="URL",
        help="Ledger of jobs and money: a path, sqlite:PATH, or a plug-in's URL.\n"
        "[default: OUT/vgen.db]",
    ),
]
Storage = Annotated[
    str | None,
    Parameter(
        name="--storage",
        metavar="URL",
        help="Storage for the clips: a plug-in's URL, such as supabase://BUCKET.\n[default: OUT]",
    ),
]
LedgerFolder = Annotated[
    Path, Parameter(name="--out", help="Directory of the ledger, if --ledger is not given.")
]
JobFolder = Annotated[
    Path,
    Parameter(
        name="--out",
        help="Directory of the ledger and the clips, if --ledger or --storage is not given.",
    ),
]

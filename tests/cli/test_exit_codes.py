"""The exit code and the lines of each kind of error."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest

from vgen import ClipFailure, Clips
from vgen.cli.app import run
from vgen.cli.exit_codes import error_lines, exit_code_for
from vgen.errors import (
    AccountRefusedError,
    BudgetExceededError,
    InsufficientClipsError,
    InvalidPromptsError,
    JobReopenedError,
    JobStoppedError,
    LedgerError,
    NotFoundError,
    VgenError,
)

from .helpers import lines, write_three_prompts

NOTHING, ONE, TWO = Decimal(0), Decimal(1), Decimal(2)
NO_CLIPS = Clips.of(UUID(int=1), [ClipFailure(0, "no")], total_cost=Decimal(0), seconds=0.0)
OVER = (
    "over budget: of $1, $0 is spent and $0 held; $2.50 more is $1.50 too much, and $2.50 would be "
    "enough"
)


@pytest.mark.parametrize(
    ("error", "code", "expected"),
    [
        (
            InvalidPromptsError(["a: missing", "b: wrong"]),
            2,
            ["a: missing", "b: wrong"],
        ),
        (NotFoundError("the ledger has no job 7"), 2, ["the ledger has no job 7"]),
        (LedgerError("the ledger is locked"), 2, ["the ledger is locked"]),
        (FileNotFoundError(2, "No such file", "a.json"), 2, ["a.json: No such file"]),
        (InsufficientClipsError(NO_CLIPS, required=1), 1, ["0 of 1 clips made, 1 required"]),
        (AccountRefusedError(NO_CLIPS, required=1, reason="no credit"), 1, ["no credit"]),
        (
            BudgetExceededError(
                limit=Decimal(1), spent=Decimal(0), held=Decimal(0), asked=Decimal("2.5000")
            ),
            3,
            [OVER],
        ),
        (JobStoppedError("job 7 was stopped"), 130, ["job 7 was stopped"]),
        (JobReopenedError("job 7 was opened anew"), 130, ["job 7 was opened anew"]),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_errors(error: VgenError | OSError, code: int, expected: list[str]) -> None:
    """Each kind of error has its exit code, and one line for each problem."""
    assert exit_code_for(error) == code
    assert list(error_lines(error)) == expected


def test_an_unknown_attempt(workdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`resolve` of an attempt that the ledger does not have exits with 2 and one line."""
    write_three_prompts(workdir / "prompts.json")
    assert run(["generate", "prompts.json", "--backend", "toy"]) == 0
    capsys.readouterr()
    assert run(["ledger", "resolve", str(UUID(int=9)), "--paid"]) == 2
    assert lines(capsys.readouterr().err) == [f"the ledger has no attempt {UUID(int=9)}"]

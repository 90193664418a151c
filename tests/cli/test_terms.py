"""A job remembers its route and its budget."""

from __future__ import annotations

from pathlib import Path

import pytest

from vgen.cli.app import run

from .helpers import lines, record, write_three_prompts


@pytest.fixture
def paid_job(workdir: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """The folder of a job of three clips that were paid for."""
    write_three_prompts(workdir / "prompts.json")
    assert run(["generate", "prompts.json", "--backend", "paid", "--budget", "1"]) == 0
    capsys.readouterr()
    return workdir / "clips"


def test_a_rerun_goes_on_with_its_route_and_budget(
    paid_job: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without `--backend` and `--budget` an edited clip is paid for on the job's own."""
    write_three_prompts(Path("prompts.json"), "bars", "other bars")
    assert run(["generate", "prompts.json"]) == 0
    errors = lines(capsys.readouterr().err)
    assert errors[0] == "the job goes on with paid, budget $1.00"
    assert [clip["backend"] for clip in record(paid_job)["clips"]] == ["paid"] * 3
    assert run(["generate", "prompts.json", "--redo", "2"]) == 0
    assert [clip["backend"] for clip in record(paid_job)["clips"]] == ["paid"] * 3
    capsys.readouterr()
    assert run(["ledger", record(paid_job)["job_id"]]) == 0
    assert "limit $1.00" in capsys.readouterr().out


def test_other_terms_are_named(paid_job: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Another route or budget is used, kept from then on, and said in one line."""
    assert run(["generate", "prompts.json", "--backend", "toy", "--budget", "2"]) == 0
    assert lines(capsys.readouterr().err)[0] == (
        "this run changes the job: route toy instead of paid, budget $2 instead of $1"
    )
    assert [clip["backend"] for clip in record(paid_job)["clips"]] == ["paid"] * 3
    assert run(["generate", "prompts.json"]) == 0
    assert lines(capsys.readouterr().err)[0] == "the job goes on with toy, budget $2.00"
    assert run(["generate", "prompts.json", "--backend", "toy", "--budget", "2"]) == 0
    assert "the job" not in capsys.readouterr().err


def test_a_paid_clip_is_not_replaced_for_free(
    paid_job: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An edited clip that was paid for is not made anew on a free route; the line says what is."""
    before = (paid_job / "clip_001.mp4").read_bytes()
    write_three_prompts(Path("prompts.json"), "bars", "other bars")
    assert run(["generate", "prompts.json", "--backend", "toy"]) == 2
    (line,) = lines(capsys.readouterr().err)
    assert line.startswith("clip 1 was paid for, and toy would replace it for free: name a paid ")
    assert (paid_job / "clip_001.mp4").read_bytes() == before


def test_a_new_job_says_nothing(workdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A preview is drawn without any options, again and again, without a line about terms."""
    write_three_prompts(workdir / "prompts.json", "the sea", "mountains", "the sea at night")
    for _ in range(2):
        assert run(["generate", "prompts.json"]) == 0
        assert "the job" not in capsys.readouterr().err

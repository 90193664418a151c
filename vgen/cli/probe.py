"""`vgen probe`: inspect video files and report their faults."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

from attrs import frozen
from rich.text import Text

from vgen import to_json
from vgen.cli.console import print_message, print_raw, stdout_console
from vgen.cli.exit_codes import ExitCode
from vgen.cli.tables import Table
from vgen.cli.text import safe_text
from vgen.errors import VideoError
from vgen.records.video import Inspection
from vgen.video import inspect


@frozen
class ProbedFile:
    """A file's inspection; without one, `error` says why it is no usable video."""

    file: str
    found: Inspection | None = None
    error: str = ""


def probe(files: Sequence[Path], *, strict: bool, json: bool) -> ExitCode:
    """Inspect each file; returns `TOO_FEW_CLIPS` if one is useless, or if `strict` faulty."""
    probed = [_probe(path) for path in files]
    if json:
        print_raw(to_json(probed, indent=2))
    else:
        _show(probed)
    refused = any(_is_refused(each.found, strict=strict) for each in probed)
    return ExitCode.TOO_FEW_CLIPS if refused else ExitCode.DONE


def _probe(path: Path) -> ProbedFile:
    try:
        return ProbedFile(str(path), inspect(path))
    except VideoError as error:
        return ProbedFile(str(path), error=str(error))


def _show(probed: Sequence[ProbedFile]) -> None:
    numbers = ("Frames", "Fps", "Seconds", "Bytes")
    table = Table("Codec", "Size", *numbers, "Faults", "File", right=numbers)
    for each in probed:
        if each.found is not None:
            table.add_row(*_cells(each.found), safe_text(each.file, "bold"))
    if table:
        stdout_console().print(table)
    for line in (line for each in probed for line in _explanations(each)):
        print_message(line)


def _cells(found: Inspection) -> Iterator[str | Text]:
    info, judgement = found.info, found.judgement
    yield info.codec
    yield f"{info.width}x{info.height}"
    yield str(info.frames)
    yield _number(info.fps)
    yield _number(info.duration)
    yield str(info.size_bytes)
    style = "red" if judgement.useless else "yellow"
    yield Text(", ".join(judgement.faults), style) if judgement.faults else Text("none", "green")


def _number(exact: Fraction) -> str:
    """Format as a decimal if that is exact, else as the rounded value and the fraction."""
    rounded = f"{float(exact):.6f}".rstrip("0").rstrip(".")
    return rounded if Fraction(rounded) == exact else f"{float(exact):.3f} ({exact})"


def _explanations(probed: ProbedFile) -> Iterator[str]:
    if probed.found is None:
        yield f"{probed.file}: {probed.error}"
        return
    judgement = probed.found.judgement
    for fault, explanation in zip(judgement.faults, judgement.explanations, strict=True):
        yield f"{probed.file}: {fault}: {explanation}"


def _is_refused(found: Inspection | None, *, strict: bool) -> bool:
    return found is None or found.judgement.useless or (strict and bool(found.judgement.faults))

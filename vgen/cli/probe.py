"""`vgen probe`: inspect video files and report their faults."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

from attrs import frozen
from rich.text import Text

from vgen.cli.console import print_message, stdout_console
from vgen.cli.exit_codes import ExitCode
from vgen.cli.tables import Table
from vgen.cli.text import safe_text
from vgen.errors import VideoError
from vgen.records.video import Inspection
from vgen.video import inspect


@frozen
class ProbeResult:
    """The inspection of a file, or why it is no usable video."""

    path: Path
    found: Inspection | VideoError


def probe(files: Sequence[Path], *, strict: bool) -> ExitCode:
    """Inspect each file; returns `TOO_FEW_CLIPS` if one is useless, or if `strict` faulty."""
    results = [_probe(path) for path in files]
    numbers = ("Frames", "Fps", "Seconds", "Bytes")
    table = Table("Codec", "Size", *numbers, "Faults", "File", right=numbers)
    for result in results:
        if isinstance(result.found, Inspection):
            table.add_row(*_cells(result.found), safe_text(str(result.path), "bold"))
    if table:
        stdout_console().print(table)
    for line in (line for result in results for line in _explanations(result)):
        print_message(line)
    refused = any(_is_refused(result.found, strict=strict) for result in results)
    return ExitCode.TOO_FEW_CLIPS if refused else ExitCode.DONE


def _probe(path: Path) -> ProbeResult:
    try:
        return ProbeResult(path, inspect(path))
    except VideoError as error:
        return ProbeResult(path, error)


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


def _explanations(result: ProbeResult) -> Iterator[str]:
    if isinstance(result.found, VideoError):
        yield f"{result.path}: {result.found}"
        return
    judgement = result.found.judgement
    for fault, explanation in zip(judgement.faults, judgement.explanations, strict=True):
        yield f"{result.path}: {fault}: {explanation}"


def _is_refused(found: Inspection | VideoError, *, strict: bool) -> bool:
    if isinstance(found, VideoError):
        return True
    return found.judgement.useless or (strict and bool(found.judgement.faults))

"""`vgen probe`: what a clip really is, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

from attrs import frozen
from rich.text import Text

from vgen.cli.exits import Exit
from vgen.cli.screen import complain, on_stdout
from vgen.cli.tables import table
from vgen.cli.text import shown
from vgen.errors import VideoError
from vgen.records.video import Inspection
from vgen.video import inspect


@frozen
class Look:
    """One file: what was found, or why it is no video."""

    path: Path
    found: Inspection | VideoError


def probe(files: Sequence[Path]) -> Exit:
    """Show what each file is; `TOO_FEW_CLIPS` where one of them is worth nothing."""
    looks = [_look(path) for path in files]
    rows = table(
        "File",
        "Codec",
        "Size",
        "Frames",
        "Fps",
        "Seconds",
        "Bytes",
        "Faults",
        right=("Frames", "Fps", "Seconds", "Bytes"),
    )
    for look in looks:
        if isinstance(look.found, Inspection):
            rows.add_row(shown(str(look.path)), *_cells(look.found))
    if rows.row_count:
        on_stdout().print(rows)
    for line in (line for look in looks for line in _explanations(look)):
        complain(line)
    return Exit.TOO_FEW_CLIPS if any(map(_is_useless, looks)) else Exit.DONE


def _look(path: Path) -> Look:
    try:
        return Look(path, inspect(path))
    except VideoError as error:
        return Look(path, error)


def _cells(found: Inspection) -> Iterator[Text]:
    info, judgement = found.info, found.judgement
    yield shown(info.codec)
    yield Text(f"{info.width}x{info.height}")
    yield Text(str(info.frames))
    yield Text(_number(info.fps))
    yield Text(_number(info.duration))
    yield Text(str(info.size_bytes))
    style = "red" if judgement.useless else "yellow"
    yield Text(", ".join(judgement.faults), style) if judgement.faults else Text("none", "green")


def _number(exact: Fraction) -> str:
    """Spell a fraction as a decimal where that is exact, else beside its rounded value."""
    rounded = f"{float(exact):.6f}".rstrip("0").rstrip(".")
    return rounded if Fraction(rounded) == exact else f"{float(exact):.3f} ({exact})"


def _explanations(look: Look) -> Iterator[str]:
    if isinstance(look.found, VideoError):
        yield f"{look.path}: {look.found}"
        return
    judgement = look.found.judgement
    for fault, explanation in zip(judgement.faults, judgement.explanations, strict=True):
        yield f"{look.path}: {fault}: {explanation}"


def _is_useless(look: Look) -> bool:
    return isinstance(look.found, VideoError) or look.found.judgement.useless

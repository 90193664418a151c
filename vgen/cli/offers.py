"""`vgen backends`: what is installed, what each backend can do and what it costs."""

from __future__ import annotations

import os
from collections.abc import Iterator

from rich.text import Text

from vgen import ClipPrompt, Settings
from vgen.cli import plugins
from vgen.cli.exits import Exit
from vgen.cli.screen import on_stdout
from vgen.cli.tables import table
from vgen.cli.text import dollars, shown
from vgen.drive.job.planning import request_for
from vgen.errors import ConfigurationError
from vgen.ports.backend import VideoBackend
from vgen.records.money import Price
from vgen.records.request import Capabilities, Generator

MOST_LISTED = 5
"""A backend of more lengths is shown by its shortest and its longest."""


def backends() -> Exit:
    """List the backends; those that cannot be used are listed with the reason."""
    rows = table("Backend", "From", "Seconds", "Up to", "Pictures by", "Cost")
    broken: list[Text] = []
    settings = Settings.from_environment(os.environ)
    points = plugins.installed()
    for name, point in points.items():
        try:
            backend = plugins.make(point)
            rows.add_row(shown(name, "bold"), *_cells(backend, settings))
        except ConfigurationError as error:
            broken.append(
                Text.assemble(shown(name, "bold"), " cannot be used: ", shown(str(error)))
            )
    screen = on_stdout()
    if rows.row_count:
        screen.print(rows)
    for line in broken if points else [Text("no backend is installed")]:
        screen.print(line, soft_wrap=True)
    return Exit.DONE


def _cells(backend: VideoBackend, settings: Settings) -> Iterator[str]:
    can = backend.capabilities
    yield ", ".join(word for word, able in (("text", can.text), ("image", can.image)) if able)
    yield _durations(can)
    yield f"{can.max_size[0]}x{can.max_size[1]}"
    yield "model" if can.generator is Generator.MODEL else "procedure"
    yield _cost(backend, settings) if can.paid else "free"


def _durations(can: Capabilities) -> str:
    if can.any_duration or len(can.durations) > MOST_LISTED:
        return f"{min(can.durations):.3g} to {max(can.durations):.3g}"
    return ", ".join(f"{seconds:g}" for seconds in sorted(can.durations))


def _cost(backend: VideoBackend, settings: Settings) -> str:
    """Give the price of a clip of the longest duration that the settings ask for."""
    prompt = ClipPrompt(0, "anything", settings.generation.max_duration)
    try:
        quote = backend.quote(request_for(prompt, settings.generation, None))
    except Exception as error:
        raise ConfigurationError(f"its quote fails: {type(error).__name__}: {error}") from error
    most = f"at most {dollars(quote.hold)} for {quote.duration:g} s"
    if quote.price == Price():
        return most
    return f"{dollars(quote.price.base)} + {dollars(quote.price.per_second)}/s, {most}"

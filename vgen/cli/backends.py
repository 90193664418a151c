"""`vgen backends`: what is installed, what each backend can do and what it costs."""

from __future__ import annotations

import os
from collections.abc import Iterator

from rich.text import Text

from vgen import ClipPrompt, Settings
from vgen.cli import plugins
from vgen.cli.console import stdout_console
from vgen.cli.exit_codes import ExitCode
from vgen.cli.tables import Table
from vgen.cli.text import dollars, safe_text
from vgen.drive.job.planning import request_for
from vgen.errors import ConfigurationError
from vgen.ports.backend import VideoBackend
from vgen.records.money import Price
from vgen.records.request import Capabilities, Generator

MOST_LISTED = 5
"""Of a backend with more durations, only the shortest and the longest are listed."""


def backends() -> ExitCode:
    """List the installed backends; for those that cannot be used, print the reason."""
    table = Table("Backend", "From", "Seconds", "Up to", "Pictures by", "Cost")
    broken: list[Text] = []
    settings = Settings.from_environment(os.environ)
    points = plugins.installed()
    for name, point in points.items():
        try:
            backend = plugins.make_backend(point)
            table.add_row(safe_text(name, "bold"), *_cells(backend, settings))
        except ConfigurationError as error:
            broken.append(
                Text.assemble(safe_text(name, "bold"), " cannot be used: ", safe_text(str(error)))
            )
    console = stdout_console()
    if table:
        console.print(table)
    for line in broken if points else [Text("no backend is installed")]:
        console.print(line, soft_wrap=True)
    return ExitCode.DONE


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
    """Return the price of a clip of the longest duration that the settings allow."""
    prompt = ClipPrompt(0, "anything", settings.generation.max_duration)
    try:
        quote = backend.quote(request_for(prompt, settings.generation, None))
    except Exception as error:
        raise ConfigurationError(f"its quote fails: {type(error).__name__}: {error}") from error
    amounts = [f"at most {dollars(quote.hold)} for {quote.duration:.3g} s"]
    if quote.price != Price():
        amounts.insert(0, f"{dollars(quote.price.base)} + {dollars(quote.price.per_second)}/s")
    elif quote.expected != quote.hold:
        amounts.insert(0, f"about {dollars(quote.expected)}")
    return ", ".join(amounts)

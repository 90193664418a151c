"""What is installed for vgen, found through entry points: backends, ledgers, storages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import get_close_matches
from importlib.metadata import EntryPoint, entry_points

from vgen.errors import ConfigurationError
from vgen.ports.backend import VideoBackend

SCHEME = re.compile(r"([a-z][a-z0-9+.-]+):(.*)", re.IGNORECASE | re.DOTALL)


def installed(kind: str = "backend") -> dict[str, EntryPoint]:
    """Give the entry points of one kind by their names, in order, without loading any."""
    return {point.name: point for point in sorted(entry_points(group=f"vgen.{kind}s"))}


def by_scheme(kind: str, url: str, *, besides: str = "") -> object:
    """Have the plug-in for a URL's scheme make what it has for it; `besides` is built in.

    Raises:
        ConfigurationError: there is none, or it cannot be made. The URL, which may hold a
            password, is not shown.
    """
    points = installed(kind)
    found = SCHEME.fullmatch(url)
    scheme = found[1].lower() if found else ""
    if scheme not in points:
        known = ", ".join([*([besides] if besides else []), *(f"{name}:" for name in points)])
        named = f"{scheme}:" if scheme else "this"
        raise ConfigurationError(
            f"--{kind}: no plug-in for {named} is installed; there are: {known or 'none'}"
        )
    try:
        return points[scheme].load()(url)
    except (ConfigurationError, ImportError) as error:
        raise ConfigurationError(f"--{kind} {scheme}: {error}") from error
    except Exception as error:
        raise ConfigurationError(f"--{kind} {scheme}: {type(error).__name__}") from error


def make(point: EntryPoint) -> VideoBackend:
    """Import a plug-in and make its backend as its own settings have it.

    Raises:
        ConfigurationError: it cannot be imported or made; says why.
    """
    try:
        backend = point.load()()
    except ConfigurationError:
        raise
    except Exception as error:
        raise ConfigurationError(f"{type(error).__name__}: {error}") from error
    if not isinstance(backend, VideoBackend):
        raise ConfigurationError(f"{point.value} makes no VideoBackend")
    return backend


def route(names: Sequence[str]) -> tuple[list[VideoBackend], list[str]]:
    """Make the backends that can be had, and give a line for each name that is wrong."""
    points = installed()
    backends: list[VideoBackend] = []
    problems: list[str] = []
    for place, name in enumerate(names):
        if name in names[:place]:
            problems.append(f"--backend {name}: stands in the route already")
        elif name not in points:
            problems.append(f"--backend {name}: {_unknown(name, list(points))}")
        else:
            try:
                backends.append(make(points[name]))
            except ConfigurationError as error:
                problems.append(f"--backend {name}: {error}")
    return backends, problems


def _unknown(name: str, known: Sequence[str]) -> str:
    close = get_close_matches(name, known, n=1, cutoff=0.5)
    if close:
        return f"no such backend is installed; did you mean {close[0]}?"
    return f"no such backend is installed; there are: {', '.join(known) or 'none'}"

"""Installed plug-ins, found through entry points: backends, ledgers and storages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import get_close_matches
from importlib.metadata import EntryPoint, entry_points

from vgen.errors import ConfigurationError
from vgen.ports.backend import VideoBackend

SCHEME = re.compile(r"([a-z][a-z0-9+.-]+):(.*)", re.IGNORECASE | re.DOTALL)


def installed(kind: str = "backend") -> dict[str, EntryPoint]:
    """Return the entry points of one kind by name, sorted, without loading any."""
    return {point.name: point for point in sorted(entry_points(group=f"vgen.{kind}s"))}


def by_scheme(kind: str, url: str, *, builtin: str = "") -> object:
    """Make the ledger or storage of a URL with the plug-in for its scheme.

    `builtin` names, for the error message, the URLs that need no plug-in.

    Raises:
        ConfigurationError: there is no such plug-in, or it failed. The URL, which may hold a
            password, is not in the message.
    """
    points = installed(kind)
    found = SCHEME.fullmatch(url)
    scheme = found[1].lower() if found else ""
    if scheme not in points:
        known = ", ".join([*([builtin] if builtin else []), *(f"{name}:" for name in points)])
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


def make_backend(point: EntryPoint) -> VideoBackend:
    """Import a plug-in and make its backend, which reads its own settings.

    Raises:
        ConfigurationError: it cannot be imported or made, with the reason.
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


def make_route(
    names: Sequence[str], *, option: str = "--backend"
) -> tuple[list[VideoBackend], list[str]]:
    """Make the backends that an option names; return those that work, and a line for each other."""
    points = installed()
    backends: list[VideoBackend] = []
    problems: list[str] = []
    for index, name in enumerate(names):
        if name in names[:index]:
            problems.append(f"{option} {name}: is given twice")
        elif name not in points:
            problems.append(f"{option} {name}: {_unknown(name, list(points))}")
        else:
            try:
                backends.append(make_backend(points[name]))
            except ConfigurationError as error:
                problems.append(f"{option} {name}: {error}")
    return backends, problems


def _unknown(name: str, known: Sequence[str]) -> str:
    close = get_close_matches(name, known, n=1, cutoff=0.5)
    if close:
        return f"no such backend is installed; did you mean {close[0]}?"
    return f"no such backend is installed; there are: {', '.join(known) or 'none'}"

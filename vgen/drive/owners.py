"""Who holds a claim, and whether the operating system knows that it has died."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from uuid import uuid4

PROC = Path("/proc")
STATE, STARTED = 0, 19
"""Fields of /proc/PID/stat, counted from behind the program's name: see proc_pid_stat(5)."""

ZOMBIE = "Z"


def this_process() -> str:
    """Name this process: host, number and chance, and on Linux what tells it from all others.

    That is the boot and the PID namespace, within which its number and its start are unique.
    """
    pid = os.getpid()
    name = f"{socket.gethostname()}:{pid}:{uuid4().hex[:8]}"
    place, stat = _place(), _stat(pid)
    return name if not place or not stat else f"{name}@{place}/{pid}/{stat[STARTED]}"


def has_died(owner: str) -> bool:
    """Whether a process is certainly no more; nothing is certain of another machine's."""
    _, _, known = owner.partition("@")
    place, _, process = known.partition("/")
    pid, _, started = process.partition("/")
    if not place or place != _place() or not pid.isdecimal():
        return False
    stat = _stat(int(pid))
    return stat is None or stat[STATE] == ZOMBIE or stat[STARTED] != started


def _place() -> str:
    """Name this boot of this machine and the PID namespace; nothing where that cannot be told."""
    try:
        boot = (PROC / "sys/kernel/random/boot_id").read_text("ascii").strip()
        return f"{boot}:{(PROC / 'self/ns/pid').stat().st_ino}"
    except OSError:
        return ""


def _stat(pid: int) -> list[str] | None:
    """Give a process's fields; `None` where there is no such process."""
    try:
        text = (PROC / str(pid) / "stat").read_text("utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    return text.rpartition(")")[2].split()

"""The process that holds a claim: its name, and whether it is certain to have died."""

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
    """Return a name for this process: host, PID, a random part, and on Linux a unique identity.

    That is the boot and the PID namespace, within which PID and start time are unique.
    """
    pid = os.getpid()
    name = f"{socket.gethostname()}:{pid}:{uuid4().hex[:8]}"
    boot, stat = _boot(), _stat(pid)
    return name if not boot or not stat else f"{name}@{boot}/{pid}/{stat[STARTED]}"


def has_died(owner: str) -> bool:
    """Return whether a process is certain to have ended; never certain for another machine."""
    _, _, known = owner.partition("@")
    boot, _, process = known.partition("/")
    pid, _, started = process.partition("/")
    if not boot or boot != _boot() or not pid.isdecimal():
        return False
    stat = _stat(int(pid))
    return stat is None or stat[STATE] == ZOMBIE or stat[STARTED] != started


def _boot() -> str:
    """Return this boot and PID namespace, as text; empty where the system does not tell."""
    try:
        boot_id = (PROC / "sys/kernel/random/boot_id").read_text("ascii").strip()
        return f"{boot_id}:{(PROC / 'self/ns/pid').stat().st_ino}"
    except OSError:
        return ""


def _stat(pid: int) -> list[str] | None:
    """Return the fields of /proc/PID/stat; `None` if there is no such process."""
    try:
        text = (PROC / str(pid) / "stat").read_text("utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    return text.rpartition(")")[2].split()

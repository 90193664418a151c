"""Upload one file as a clip, and print the peak memory of the process in bytes."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import trio

from vgen_supabase import SupabaseStorage


async def write(*arguments: str) -> None:
    """Upload the file."""
    url, secret, bucket, key, path = arguments
    storage = SupabaseStorage(bucket, url=url, key=secret)
    await storage.write(key, Path(path))
    await storage.aclose()


def peak() -> int:
    """Return the peak memory. `getrusage` may report that of the parent process instead."""
    status = Path("/proc/self/status").read_text("utf-8")
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) * 2**10


if __name__ == "__main__":
    trio.run(write, *sys.argv[1:])
    sys.stdout.write(str(peak()))

"""Write one file as a clip, and say how many bytes of memory the process had at its peak."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import trio

from vgen_supabase import SupabaseStorage


async def write(*arguments: str) -> None:
    """Write the file."""
    url, secret, bucket, key, path = arguments
    storage = SupabaseStorage(bucket, url=url, key=secret)
    await storage.write(key, Path(path))
    await storage.aclose()


def peak() -> int:
    """Give the peak. That of `getrusage` may be the peak of whoever started this process."""
    status = Path("/proc/self/status").read_text("utf-8")
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) * 2**10


if __name__ == "__main__":
    trio.run(write, *sys.argv[1:])
    sys.stdout.write(str(peak()))

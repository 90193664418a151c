"""`python -m vgen_replicate.simulator` is the command `vgen-replicate-simulator`."""

from __future__ import annotations

from vgen_replicate.simulator.command import main

main()

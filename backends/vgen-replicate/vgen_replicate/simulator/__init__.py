"""A simulator of Replicate: an HTTP server that accepts, runs, fails and bills as the service."""

from __future__ import annotations

from vgen_replicate.simulator.catalogue import MODELS
from vgen_replicate.simulator.command import main
from vgen_replicate.simulator.faults import Faults
from vgen_replicate.simulator.limits import Limits
from vgen_replicate.simulator.model import Field, Hardware, Model, Shot
from vgen_replicate.simulator.prediction import Bill, Prediction
from vgen_replicate.simulator.simulator import Simulator

__all__ = [
    "MODELS",
    "Bill",
    "Faults",
    "Field",
    "Hardware",
    "Limits",
    "Model",
    "Prediction",
    "Shot",
    "Simulator",
    "main",
]

"""Models on Replicate, as backends for vgen."""

from vgen_replicate.backend import ReplicateBackend
from vgen_replicate.cogvideox import CogVideoX
from vgen_replicate.declaration import Declaration, Variant
from vgen_replicate.model import ReplicateModel
from vgen_replicate.svd import StableVideoDiffusion

__all__ = [
    "CogVideoX",
    "Declaration",
    "ReplicateBackend",
    "ReplicateModel",
    "StableVideoDiffusion",
    "Variant",
]

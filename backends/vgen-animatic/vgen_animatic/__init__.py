"""Moving storyboards for vgen: free, local, deterministic previews of a job's clips."""

from vgen_animatic.backend import Animatic

__all__ = ["Animatic"]

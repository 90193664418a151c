"""The HTTP side of the simulated service."""

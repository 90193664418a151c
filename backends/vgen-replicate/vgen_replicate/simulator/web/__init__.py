"""The HTTP server of the simulated service."""

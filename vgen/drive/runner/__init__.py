"""The runner: opened by a service, it makes the clips of many jobs on shared limits."""

"""Floor 4: what drives jobs, from the runner down to one attempt."""

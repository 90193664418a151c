"""One clip of a job: claimed, resumed, and attempted until one attempt succeeds."""

"""What can be observed of the work: log context, spans and metrics, events, progress."""

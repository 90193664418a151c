"""What bounds the work: concurrency, rate limits, money that is not free yet, stops."""

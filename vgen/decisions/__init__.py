"""Floor 3: pure decisions over records, without await, I/O, clock or randomness."""

"""Floor 2: the ports to backends, storage, ledger and observers."""

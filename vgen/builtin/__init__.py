"""The parts that work out of the box: storage, ledger and the render adapter."""

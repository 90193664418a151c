"""One job: validated, planned, opened in the ledger, its clips made, its result counted."""

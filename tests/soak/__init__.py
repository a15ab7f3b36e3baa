"""The soak: the whole application for minutes under faults, and whether anything was lost, doubled or oversold."""

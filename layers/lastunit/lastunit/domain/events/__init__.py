"""What the tables' streams say, and what follows from it: ledger entries and business events."""

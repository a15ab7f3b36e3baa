"""Quantities out: pushes, full coverage, reconciliation, rehearsals."""

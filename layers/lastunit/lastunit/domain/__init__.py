"""Pure decisions: standard library only, no clock, no network, no storage."""

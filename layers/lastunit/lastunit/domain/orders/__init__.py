"""What becomes of an order: one decision per input, from its snapshot to its returns."""

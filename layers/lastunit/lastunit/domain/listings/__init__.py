"""What each channel may show, what it was pushed, and what it may still sell."""

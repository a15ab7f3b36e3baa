"""Stock that is promised once: orders in, reservations, and what every channel is told."""

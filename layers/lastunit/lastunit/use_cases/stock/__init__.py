"""Stock adjusted and shown."""

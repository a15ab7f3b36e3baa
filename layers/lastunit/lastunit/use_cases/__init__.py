"""What the hub does, one file per use case: domain and ports, never AWS."""

"""One module per channel kind: verify, parse, fetch, push. Nothing channel-specific lives elsewhere."""

"""One package per kind of channel, listed in `registry`. Nothing that concerns one kind only lives elsewhere."""

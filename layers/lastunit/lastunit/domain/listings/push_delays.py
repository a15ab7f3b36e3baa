"""How long channels wait for the push of a change of stock, in buckets, each up to twice as long as the last."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import timedelta
from math import ceil

DAYS = 7  # Of which delays are shown.
LONGEST_SECONDS = 2**20  # About twelve days; a message lives no longer than fourteen.

Delays = Mapping[int, int]
"""Upper bound in seconds (1, 2, 4 …) → pushes acknowledged within it, but not within the bound before."""


def counted(delays: Iterable[timedelta]) -> Counter[int]:
    return Counter(_bound(delay / timedelta(seconds=1)) for delay in delays)


def quantile(delays: Delays, part: float) -> int | None:
    """Within so many seconds that part of the pushes were acknowledged; at most twice too long. None: no push."""
    wanted, seen = ceil(part * sum(delays.values())), 0
    for bound in sorted(delays):
        seen += delays[bound]
        if seen >= wanted:
            return bound
    return None


def _bound(seconds: float) -> int:
    """Clocks differ, and a stream's are whole seconds: less than nothing is a second too."""
    bound = 1
    while bound < min(seconds, LONGEST_SECONDS):
        bound *= 2
    return bound

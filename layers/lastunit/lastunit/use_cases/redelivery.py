"""How long a message that could not be settled stays away before its queue delivers it again."""

import math
from collections.abc import Callable

from lastunit.domain.errors import Throttled

PAUSE_MAX_SECONDS = 900
WEBHOOK_PAUSE_MAX_SECONDS = 3 * 3600


def pause_seconds(
    received: int,
    wish_seconds: float | None,
    randint: Callable[[int, int], int],
    wish_max_seconds: int = PAUSE_MAX_SECONDS,
) -> int:
    """The channel's own wish; else doubling with every receipt, with full jitter, so that no stampede follows."""
    if wish_seconds is not None:
        return max(1, min(wish_max_seconds, math.ceil(wish_seconds)))
    return randint(1, min(PAUSE_MAX_SECONDS, 2**received))


def webhook_pause_seconds(received: int, wish_seconds: int | None, chance: Callable[[], float]) -> int:
    """Before the next attempt: 5 s, doubling up to 3 hours, so that 20 attempts take about a day.

    A quarter of jitter keeps what failed together from coming back together. A receiver may ask for longer.
    """
    usual = min(WEBHOOK_PAUSE_MAX_SECONDS, 5 << min(received - 1, 20))
    return max(wish_seconds or 0, round(usual * (1 - chance() / 4)))


def wish_seconds(error: object) -> float | None:
    """The pause that the channel asks for, if that is what went wrong."""
    return error.retry_after_seconds if isinstance(error, Throttled) else None

"""Waiting for a channel's next turn: pushes, polls and readings share what it allows."""

from collections.abc import Callable

from lastunit.domain.errors import Throttled
from lastunit.domain.listings.push_protocol import Limits
from lastunit.ports.listings import RateLimit


def await_slot(
    rate_limit: RateLimit,
    channel: str,
    limits: Limits,
    sleep: Callable[[float], None],
    most_seconds: float,
    *,
    high_priority: bool,
) -> None:
    """Raises Throttled when the turn is further away than one may wait here."""
    while seconds := rate_limit.ask(channel, limits, high_priority=high_priority):
        if seconds > most_seconds:
            raise Throttled(seconds)
        sleep(seconds)
        most_seconds -= seconds

"""Waiting for a channel's next turn: pushes, polls and readings share what it allows."""

from collections.abc import Callable

from lastunit.domain.errors import Throttled
from lastunit.domain.pushes import Limits
from lastunit.sync_ports import Pace


def await_turn(
    pace: Pace, channel: str, limits: Limits, sleep: Callable[[float], None], most_seconds: float, *, urgent: bool
) -> None:
    """Raises Throttled when the turn is further away than one may wait here."""
    while seconds := pace.ask(channel, limits, urgent=urgent):
        if seconds > most_seconds:
            raise Throttled(seconds)
        sleep(seconds)
        most_seconds -= seconds

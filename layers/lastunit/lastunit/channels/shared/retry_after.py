"""How long a channel asks us to wait, as its Retry-After header says it."""

import math
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

PAUSE_DEFAULT_SECONDS = 1.0
PAUSE_MAX_SECONDS = 900.0  # SQS could hold a message longer, but a wish for more is likelier a mistake.

SECONDS = re.compile(r"[0-9]+(\.[0-9]+)?")


def pause_seconds(header: str | None, now: datetime) -> float:
    """Seconds or an HTTP date; the default for anything else."""
    if header is None:
        return PAUSE_DEFAULT_SECONDS
    return bounded(float(header)) if SECONDS.fullmatch(header) else _seconds_until(header, now)


def bounded(seconds: float) -> float:
    return PAUSE_DEFAULT_SECONDS if math.isnan(seconds) else min(max(seconds, 0.0), PAUSE_MAX_SECONDS)


def _seconds_until(http_date: str, now: datetime) -> float:
    try:
        until = parsedate_to_datetime(http_date)
    except (ValueError, OverflowError):
        return PAUSE_DEFAULT_SECONDS
    # A date with the zone "-0000" comes back without a zone, and HTTP dates are UTC anyway.
    return bounded(((until if until.tzinfo else until.replace(tzinfo=UTC)) - now).total_seconds())

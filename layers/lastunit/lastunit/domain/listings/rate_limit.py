"""How fast one channel may be called: a token bucket with a reserve, its own pauses, and a circuit breaker."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from lastunit.domain.listings.push_protocol import Limits

RESERVE = 0.3  # Of the bucket, for what is high_priority: a nightly run never starves live pushes.
CONSECUTIVE_FAILURES_MAX = 5  # Calls in a row without an answer that open the breaker.
OPEN_FIRST = timedelta(seconds=15)
OPEN_MOST = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimitState:
    """How fast one channel may be called just now."""

    tokens: float
    """Calls that may go at once, as of `at`."""
    at: datetime
    not_before: datetime | None = None
    """No call may go before."""
    consecutive_failures: int = 0
    """Calls in a row that the channel did not answer."""

    def asked(self, limits: Limits, now: datetime, *, high_priority: bool) -> "tuple[RateLimitState, float]":
        """After a call that may go (0 seconds), or unchanged with the seconds to wait."""
        if self.not_before and self.not_before > now:
            return self, (self.not_before - now) / timedelta(seconds=1)
        now = max(now, self.at)  # Workers' clocks differ; time never runs backwards here.
        earned = limits.calls_per_second * ((now - self.at) / timedelta(seconds=1))
        refilled = min(float(limits.burst), self.tokens + earned)
        needed = 1.0 if high_priority else 1.0 + RESERVE * (limits.burst - 1)
        if refilled < needed:
            return self, (needed - refilled) / limits.calls_per_second
        probing = self._probing(now) if self.consecutive_failures >= CONSECUTIVE_FAILURES_MAX else self.not_before
        return replace(self, tokens=refilled - 1, at=now, not_before=probing), 0.0

    def paused(self, seconds: float, now: datetime) -> "RateLimitState":
        """As the channel wishes; a longer pause that is running stays."""
        until = now + timedelta(seconds=seconds)
        return replace(self, not_before=max(until, self.not_before or until))

    def reported(self, now: datetime, *, answers: bool) -> "RateLimitState":
        """An answer closes the breaker; the next silence opens it for longer."""
        if answers:
            return replace(
                self,
                consecutive_failures=0,
                not_before=None if self.consecutive_failures >= CONSECUTIVE_FAILURES_MAX else self.not_before,
            )
        silent = replace(self, consecutive_failures=self.consecutive_failures + 1)
        return (
            replace(silent, not_before=silent._probing(now))
            if silent.consecutive_failures >= CONSECUTIVE_FAILURES_MAX
            else silent
        )

    def _probing(self, now: datetime) -> datetime:
        """While it is open, one call in a while finds out whether the channel answers again."""
        doubled = OPEN_FIRST * float(2 ** min(10, self.consecutive_failures - CONSECUTIVE_FAILURES_MAX))
        return now + min(OPEN_MOST, doubled)


def fresh(limits: Limits, now: datetime) -> RateLimitState:
    return RateLimitState(tokens=float(limits.burst), at=now)

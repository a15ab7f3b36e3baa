"""How fast one channel may be called: a token bucket with a reserve, its own pauses, and a circuit breaker."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from lastunit.domain.pushes import Limits

RESERVE = 0.3  # Of the bucket, for what is urgent: a nightly run never starves live pushes.
SILENCES_MAX = 5  # Calls in a row without an answer that open the breaker.
OPEN_FIRST = timedelta(seconds=15)
OPEN_MOST = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Pacing:
    """`tokens` calls may go at once, as of `at`. Nothing goes before `not_before`. `silences`: calls in a row that
    the channel did not answer.
    """

    tokens: float
    at: datetime
    not_before: datetime | None = None
    silences: int = 0

    def asked(self, limits: Limits, now: datetime, *, urgent: bool) -> "tuple[Pacing, float]":
        """After a call that may go (0 seconds), or unchanged with the seconds to wait."""
        if self.not_before and self.not_before > now:
            return self, (self.not_before - now) / timedelta(seconds=1)
        now = max(now, self.at)  # Workers' clocks differ; time never runs backwards here.
        earned = limits.calls_per_second * ((now - self.at) / timedelta(seconds=1))
        refilled = min(float(limits.burst), self.tokens + earned)
        needed = 1.0 if urgent else 1.0 + RESERVE * (limits.burst - 1)
        if refilled < needed:
            return self, (needed - refilled) / limits.calls_per_second
        probing = self._probing(now) if self.silences >= SILENCES_MAX else self.not_before
        return replace(self, tokens=refilled - 1, at=now, not_before=probing), 0.0

    def paused(self, seconds: float, now: datetime) -> "Pacing":
        """As the channel wishes; a longer pause that is running stays."""
        until = now + timedelta(seconds=seconds)
        return replace(self, not_before=max(until, self.not_before or until))

    def reported(self, now: datetime, *, answers: bool) -> "Pacing":
        """An answer closes the breaker; the next silence opens it for longer."""
        if answers:
            return replace(self, silences=0, not_before=None if self.silences >= SILENCES_MAX else self.not_before)
        silent = replace(self, silences=self.silences + 1)
        return replace(silent, not_before=silent._probing(now)) if silent.silences >= SILENCES_MAX else silent

    def _probing(self, now: datetime) -> datetime:
        """While it is open, one call in a while finds out whether the channel answers again."""
        doubled = OPEN_FIRST * float(2 ** min(10, self.silences - SILENCES_MAX))
        return now + min(OPEN_MOST, doubled)


def fresh(limits: Limits, now: datetime) -> Pacing:
    return Pacing(float(limits.burst), now)

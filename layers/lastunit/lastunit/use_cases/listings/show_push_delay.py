"""Use case: how late pushes are acknowledged."""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

from lastunit.domain.listings.push_delays import DAYS, Delays, quantile
from lastunit.ports.listings import DelayCounts
from lastunit.ports.settings import Settings
from lastunit.ports.system import Clock
from lastunit.use_cases.lookup import get_channel

LATE = 0.95  # The part of the pushes whose delay the simulation of modes takes for that of all.


@dataclass(frozen=True, slots=True, kw_only=True)
class Delay:
    """Of so many `pushes` in the last days; None where there were none."""

    pushes: int
    median_seconds: int | None
    percentile_95_seconds: int | None
    days: int = DAYS


@dataclass(frozen=True, slots=True)
class ShowPushDelay:
    """How long after a change of stock a channel has acknowledged it."""

    counts: DelayCounts
    settings: Settings
    clock: Clock

    def of(self, channel: str) -> Delay:
        get_channel(self.settings, channel)
        return _delay(self._since(channel))

    def of_all(self) -> Delay:
        together = Counter[int]()
        for channel in self.settings.channels():
            together.update(self._since(channel))
        return _delay(together)

    def _since(self, channel: str) -> Delays:
        first = self.clock.now().date() - timedelta(days=DAYS - 1)
        return self.counts.since(channel, first)


def _delay(delays: Delays) -> Delay:
    return Delay(
        pushes=sum(delays.values()),
        median_seconds=quantile(delays, 0.5),
        percentile_95_seconds=quantile(delays, LATE),
    )

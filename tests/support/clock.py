"""Clocks of the tests: one that stands until it is moved, and the real one."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@dataclass(slots=True)
class FakeClock:
    time: datetime = NOON

    def now(self) -> datetime:
        return self.time

    def pass_minutes(self, minutes: int) -> None:
        self.time += timedelta(minutes=minutes)

    def advance(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

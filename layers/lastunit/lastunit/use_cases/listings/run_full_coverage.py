"""Use case: every listing of a channel is overwritten with its number, at the channel's hour or when a person asks.

A run is begun once and goes through the queue segment by segment. Doubled schedules, doubled messages and killed
workers repeat work at worst: what was pushed to a listing since the run began is not pushed again.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from lastunit.domain.channel import Channel
from lastunit.domain.errors import Conflict, LastunitError
from lastunit.domain.listings.full_coverage import RUNS_MAX, CoverageRun, CoverageSchedule, due, timing
from lastunit.ports.listings import Coverages
from lastunit.ports.settings import Settings
from lastunit.ports.system import Clock, Queue, ReportError
from lastunit.use_cases.messages import CoverSegmentMessage
from lastunit.use_cases.orders.poll_channels import Polled
from lastunit.use_cases.unexpected import contained

BEGIN_SECONDS = 90  # Longer than the function may run (60 s), so that only a dead one is taken over from.
POLLS_MAX = 2  # The second one after that of every minute, which it has met.


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFullCoverage:
    """`poll` imports what a channel has sold, so that the overwrite does not offer it again."""

    coverages: Coverages
    settings: Settings
    poll: Callable[[str], Polled]
    queue: Queue
    clock: Clock
    report_error: ReportError

    def run(self) -> dict[str, list[CoverageRun] | LastunitError]:
        """By channel the runs that were begun, or what kept it from them until the schedule comes again. One in
        trouble keeps no other from its run."""
        return {name: self._attempt(name) for name in self.settings.channels()}

    def _attempt(self, name: str) -> list[CoverageRun] | LastunitError:
        try:
            channel = self.settings.channel(name)
            return list(self._begin(channel)) if channel else []
        except Exception as error:
            return contained(error, self.report_error)

    def _begin(self, channel: Channel) -> Iterator[CoverageRun]:
        now = self.clock.now()
        runs = self.coverages.runs(channel.name, RUNS_MAX)
        if latest := self._due(channel, runs, now):
            runs.insert(0, CoverageRun(channel=channel.name, slot=latest.isoformat(), started_at=now))
            self.coverages.start(runs[0])
        for run in runs:
            if not run.begun and self.coverages.take(run, now, now + timedelta(seconds=BEGIN_SECONDS)):
                yield self._send_first(run)

    def _due(self, channel: Channel, runs: Sequence[CoverageRun], now: datetime) -> datetime | None:
        kept = self.coverages.schedule(channel.name) or CoverageSchedule(None, now)
        if kept.timing != timing(channel):
            # What was set just now takes effect at the next slot (rule 1.5-13).
            self.coverages.put_schedule(channel.name, CoverageSchedule(timing(channel), now))
            return None
        if kept.timing is None:
            return None
        return due(channel, kept.since, datetime.fromisoformat(runs[0].slot) if runs else None, now)

    def _send_first(self, run: CoverageRun) -> CoverageRun:
        polled = self._poll(run.channel)
        self.queue.send([CoverSegmentMessage(channel=run.channel, run=run.slot)])
        self.coverages.begin(run, polled=polled)
        return replace(run, begun=True, polled=polled)

    def _poll(self, channel: str) -> bool:
        """A channel without an order list, or one that fails now, is overwritten all the same: every push looks for
        unimported sales itself."""
        for _ in range(POLLS_MAX):
            try:
                return self.poll(channel).ended
            except Conflict:
                continue
            except LastunitError:
                return False
        return False

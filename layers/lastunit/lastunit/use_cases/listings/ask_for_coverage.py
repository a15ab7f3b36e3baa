"""Use case: a person has every listing of a channel overwritten, and watches how far that is."""

from dataclasses import dataclass
from datetime import timedelta

from lastunit.domain.errors import Conflict
from lastunit.domain.listings.full_coverage import (
    RUNS_MAX,
    CoverageReport,
    CoverageRun,
    may_be_overwritten,
    progress,
    report,
)
from lastunit.ports.listings import Coverages, Segments
from lastunit.ports.settings import Settings
from lastunit.ports.system import Clock
from lastunit.use_cases.lookup import get_channel

RUN_MINUTES = 60  # A run that takes longer keeps nobody from starting another by hand.


@dataclass(frozen=True, slots=True, kw_only=True)
class AskForCoverage:
    """A person starts and watches runs."""

    coverages: Coverages
    segments: Segments
    settings: Settings
    clock: Clock

    def start(self, name: str) -> CoverageRun:
        """It is begun within a minute. Raises NotFound, or Conflict where it must not be or one is under way."""
        if not may_be_overwritten(get_channel(self.settings, name)):
            raise Conflict("nothing may be pushed to the channel", remedy="turn outbound on, and sync not off")
        now = self.clock.now()
        oldest = now - timedelta(minutes=RUN_MINUTES)
        for run in self.coverages.runs(name, RUNS_MAX):
            if run.report is None and run.started_at > oldest:
                raise Conflict("a run is under way", run=run.slot, remedy="wait for its report")
        run = CoverageRun(channel=name, slot=now.isoformat(), started_at=now)
        self.coverages.start(run)
        return run

    def runs(self, name: str) -> list[tuple[CoverageRun, CoverageReport]]:
        """Newest first, each with its report: the last one, or what it has come to so far."""
        get_channel(self.settings, name)
        return [(run, run.report or self._so_far(run)) for run in self.coverages.runs(name, RUNS_MAX)]

    def _so_far(self, run: CoverageRun) -> CoverageReport:
        return report(run, progress(self.segments.segments(run)), self.clock.now())

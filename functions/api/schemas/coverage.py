"""Runs of full coverage: every listing of a channel is overwritten."""

from typing import Literal

from functions.api.schemas.common import Answer, DateTime
from lastunit.domain.listings.full_coverage import CoverageReport, CoverageRun

RunState = Literal["running", "finished"]


class CoverageStartedOut(Answer):
    """A run that begins within a minute."""

    channel: str
    run: str
    state: RunState

    @classmethod
    def of(cls, run: CoverageRun) -> "CoverageStartedOut":
        return cls(channel=run.channel, run=run.slot, state=_state(run))


class CoverageRunOut(Answer):
    """What a run has come to, in the end or so far.

    `polled`: the channel's orders were read before it. Of its `listings` so many were `changed`, were `unchanged`,
    were `skipped` because a newer number was pushed meanwhile, or `failed`.
    """

    run: str
    state: RunState
    started_at: DateTime
    polled: bool
    seconds: int
    segments: int
    listings: int
    changed: int
    unchanged: int
    skipped: int
    failed: int

    @classmethod
    def of(cls, run: CoverageRun, report: CoverageReport) -> "CoverageRunOut":
        return cls(
            run=run.slot,
            state=_state(run),
            started_at=run.started_at,
            polled=run.polled,
            seconds=report.seconds,
            segments=report.segments,
            listings=report.counts.listings,
            changed=report.counts.changed,
            unchanged=report.counts.unchanged,
            skipped=report.counts.skipped,
            failed=report.counts.failed,
        )


def _state(run: CoverageRun) -> RunState:
    return "finished" if run.report else "running"

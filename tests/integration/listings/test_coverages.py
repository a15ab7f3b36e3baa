"""Runs of full coverage and their segments in DynamoDB: once, whoever is doubled or dies."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from lastunit.adapters.dynamodb.coverages import DynamoCoverages
from lastunit.domain.listings.full_coverage import (
    CoverageCounts,
    CoverageReport,
    CoverageRun,
    CoverageSchedule,
    CoverageSegment,
)
from tests.support.aws.dynamo import HubStore
from tests.support.clock import NOON

RUN = CoverageRun(channel="web", slot=NOON.isoformat(), started_at=NOON)
LEASE = timedelta(seconds=90)
REPORT = CoverageReport(65, 2, CoverageCounts(listings=700, changed=690, unchanged=5, skipped=3, failed=2))


@pytest.fixture
def coverages(store: HubStore) -> DynamoCoverages:
    return DynamoCoverages(store.client, store.tables.settings)


def named(slot: str) -> CoverageRun:
    return replace(RUN, slot=slot)


@pytest.mark.parametrize("timing", ["03:30 Europe/Berlin", None])
def test_a_schedule_is_kept(coverages: DynamoCoverages, timing: str | None) -> None:
    before = coverages.schedule("web")

    coverages.put_schedule("web", CoverageSchedule(timing, NOON))

    assert (None, CoverageSchedule(timing, NOON)) == (before, coverages.schedule("web"))


def test_a_run_started_twice_stays_the_first_one(coverages: DynamoCoverages) -> None:
    coverages.start(RUN)
    coverages.begin(RUN, polled=True)

    coverages.start(replace(RUN, started_at=NOON + timedelta(hours=1)))

    assert replace(RUN, begun=True, polled=True) == coverages.run("web", RUN.slot)


def test_a_run_that_was_never_started_is_none(coverages: DynamoCoverages) -> None:
    assert (None, []) == (coverages.run("web", RUN.slot), coverages.runs("web", 10))


def test_the_last_runs_of_a_channel_come_newest_first(coverages: DynamoCoverages) -> None:
    for slot in ("2026-11-19", "2026-11-21", "2026-11-20"):
        coverages.start(named(slot))
    coverages.start(replace(RUN, channel="web-2"))

    assert [named("2026-11-21"), named("2026-11-20")] == coverages.runs("web", 2)


def test_one_of_two_begins_a_run(coverages: DynamoCoverages) -> None:
    coverages.start(RUN)

    taken = [coverages.take(RUN, NOON, NOON + LEASE) for _ in range(2)]

    assert [True, False] == taken


def test_whoever_took_a_run_and_died_is_followed_by_another(coverages: DynamoCoverages) -> None:
    coverages.start(RUN)
    coverages.take(RUN, NOON, NOON + LEASE)

    later = [NOON + LEASE, NOON + LEASE + timedelta(seconds=1)]

    assert [False, True] == [coverages.take(RUN, now, now + LEASE) for now in later]


def test_a_run_that_is_begun_is_not_begun_again(coverages: DynamoCoverages) -> None:
    coverages.start(RUN)
    coverages.begin(RUN, polled=False)

    assert not coverages.take(RUN, NOON + 2 * LEASE, NOON + 3 * LEASE)


def test_a_run_that_does_not_exist_is_neither_taken_nor_begun_nor_finished(coverages: DynamoCoverages) -> None:
    coverages.begin(RUN, polled=True)

    assert (False, False) == (coverages.take(RUN, NOON, NOON + LEASE), coverages.finish(RUN, REPORT))
    assert [] == coverages.runs("web", 10)


SEGMENTS = [
    CoverageSegment(after=None, next="hat#2"),
    CoverageSegment(after="hat#2", next="tie", pushed_before=7),
    CoverageSegment(after="tie", next=None, counts=CoverageCounts(listings=3, changed=2, unchanged=1)),
]


def test_segments_are_kept_as_they_are(coverages: DynamoCoverages) -> None:
    for segment in SEGMENTS:
        coverages.keep(RUN, segment)
    coverages.keep(named("another"), CoverageSegment(after=None, next=None))

    assert SEGMENTS == coverages.segments(RUN)
    assert [*SEGMENTS, None] == [coverages.segment(RUN, after) for after in (None, "hat#2", "tie", "zebra")]


def test_a_segment_keeps_its_first_tally(coverages: DynamoCoverages) -> None:
    """The second worker on a doubled message finds everything told already."""
    counted = CoverageSegment(after=None, next="m", counts=CoverageCounts(listings=3, changed=3))
    coverages.keep(RUN, CoverageSegment(after=None, next="m", pushed_before=1))
    coverages.keep(RUN, counted)

    coverages.keep(
        RUN,
        CoverageSegment(after=None, next="m", counts=CoverageCounts(listings=3, changed=0, unchanged=0, skipped=3)),
    )

    assert counted == coverages.segment(RUN, None)


def test_a_report_is_written_once(coverages: DynamoCoverages) -> None:
    coverages.start(RUN)

    written = [coverages.finish(RUN, report) for report in (REPORT, replace(REPORT, seconds=66))]

    assert ([True, False], replace(RUN, report=REPORT)) == (written, coverages.run("web", RUN.slot))


def test_more_segments_than_one_answer_holds_are_all_found(store: HubStore, coverages: DynamoCoverages) -> None:
    def two_at_most(params: dict[str, Any], **_: object) -> None:
        params["Limit"] = 2

    for after, following in pairwise([None, *"abcdefg"]):
        coverages.keep(RUN, CoverageSegment(after=after, next=following))
    store.client.meta.events.register("provide-client-params.dynamodb.Query", two_at_most)

    assert [None, *"abcdef"] == [segment.after for segment in coverages.segments(RUN)]

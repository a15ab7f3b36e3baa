"""A run of full coverage goes through the queue segment by segment, whatever is doubled, throttled or killed."""

from dataclasses import replace

import pytest

from lastunit.domain.channel import Sync
from lastunit.domain.errors import StoreUnavailable, Throttled
from lastunit.domain.listings.full_coverage import CoverageCounts, CoverageReport
from lastunit.use_cases.listings.cover_listings import WAIT_MAX_SECONDS
from lastunit.use_cases.listings.push.tasks import Finished, PushResult, RetryLater
from lastunit.use_cases.messages import CoverSegmentMessage
from tests.support.clock import FakeClock
from tests.support.killed import WorkerKilled
from tests.support.listings.covering import ALL, DAILY, EVENING, CoverageQueue, CoverageShop, PushFailure, killed
from tests.support.messages import push


@pytest.fixture
def shop() -> CoverageShop:
    return CoverageShop(DAILY, FakeClock(EVENING))


def test_every_listing_is_overwritten_unless_it_was_pushed_since_the_run_began(shop: CoverageShop) -> None:
    """Rule 1.5-4: what was told after the start is newer."""
    run = shop.start()

    covered = shop.work_off()

    assert [(name, True, run.started_at) for name in ALL] == [
        (task.key[2], task.overwrite, task.not_since) for task in shop.push.asked
    ]
    assert [
        CoverageCounts(listings=3, changed=3),
        CoverageCounts(listings=3, changed=3),
        CoverageCounts(listings=2, changed=2),
    ] == [one.counts for one in covered]


def test_the_last_segment_writes_the_report_once(shop: CoverageShop) -> None:
    run = shop.start()
    shop.clock.pass_minutes(3)

    reports = [one.report for one in shop.work_off()]

    report = CoverageReport(180, 3, CoverageCounts(listings=8, changed=8))
    assert [None, None, report] == reports
    assert [(replace(run, report=report), report)] == shop.ask.runs("web")


def test_progress_is_shown_while_it_runs(shop: CoverageShop) -> None:
    shop.start()
    shop.clock.pass_minutes(1)
    shop.work(shop.queue.take()[0])

    [(run, so_far)] = shop.ask.runs("web")

    assert (None, CoverageReport(60, 1, CoverageCounts(listings=3, changed=3))) == (run.report, so_far)


def test_the_next_segment_is_sent_for_before_this_one_is_begun(shop: CoverageShop) -> None:
    shop.start()
    [first] = shop.queue.take()
    shop.push.crashes = [killed]

    with pytest.raises(WorkerKilled):
        shop.work(first)

    assert [replace(first, after="c")] == shop.queue.messages


def test_a_killed_worker_costs_nothing_but_time(shop: CoverageShop) -> None:
    shop.start()
    shop.push.crashes = [None, killed]
    messages, reports = shop.queue.take(), list[CoverageReport | None]()
    while messages:
        message = messages.pop(0)
        try:
            reports.append(shop.work(message).report)
        except WorkerKilled:
            messages.append(message)
        messages += shop.queue.take()

    # What the killed worker had told is skipped by the one that took over from it.
    assert (ALL, CoverageCounts(listings=8, changed=5, unchanged=0, skipped=3)) == (
        sorted(shop.push.pushed),
        reports[-1] and reports[-1].counts,
    )


def test_a_worker_killed_after_its_count_still_leads_to_the_report(shop: CoverageShop) -> None:
    shop.start()
    messages = list[CoverSegmentMessage]()
    while queued := shop.queue.take():
        messages += queued
        for message in queued:
            shop.work(message)
    slot = shop.coverages.runs("web", 1)[0].slot
    shop.coverages.rows["web", slot] = replace(shop.coverages.rows["web", slot], report=None)

    again = shop.work(messages[-1])

    assert (CoverageCounts(listings=8, changed=8), 8) == (
        again.report and again.report.counts,
        len(shop.push.asked),
    )


def test_a_doubled_message_doubles_neither_the_chain_nor_the_count(shop: CoverageShop) -> None:
    shop.start()
    sent = 0
    while messages := shop.queue.take():
        sent += len(messages)
        for message in messages:
            shop.work(message)
            shop.work(message)

    assert (3, [CoverageCounts(listings=8, changed=8)], 8) == (
        sent,
        [report.counts for _, report in shop.ask.runs("web")],
        len(shop.push.asked),
    )


def test_a_message_that_comes_after_the_report_changes_nothing(shop: CoverageShop) -> None:
    shop.start()
    first = shop.queue.messages[0]
    shop.work_off()

    assert (CoverageCounts(), None) == (shop.work(first).counts, shop.work(first).report)
    assert [] == shop.queue.messages


def test_a_listing_added_meanwhile_pushes_no_other_one_out(shop: CoverageShop) -> None:
    shop.start()
    [first] = shop.queue.take()
    shop.push.crashes = [killed]
    with pytest.raises(WorkerKilled):
        shop.work(first)
    shop.push.pushed.clear()
    shop.listings.names |= {"aa", "ab"}

    shop.work(first)
    shop.work_off()

    assert sorted([*ALL, "aa", "ab"]) == sorted(shop.push.pushed)


def test_a_listing_removed_meanwhile_draws_in_none_of_the_next_segment(shop: CoverageShop) -> None:
    shop.start()
    [first] = shop.queue.take()
    shop.push.crashes = [killed]
    with pytest.raises(WorkerKilled):
        shop.work(first)
    shop.listings.names -= {"b"}

    assert [
        CoverageCounts(listings=2, changed=0, unchanged=0, skipped=2),
        CoverageCounts(listings=3, changed=3),
        CoverageCounts(listings=2, changed=2),
    ] == [covered.counts for covered in [shop.work(first), *shop.work_off()]]


def test_a_channel_switched_off_meanwhile_is_pushed_nothing_more(shop: CoverageShop) -> None:
    shop.start()
    shop.work(shop.queue.take()[0])
    shop.channel = replace(DAILY, sync=Sync.OFF)

    covered = shop.work(shop.queue.take()[0])

    assert (CoverageReport(0, 2, CoverageCounts(listings=3, changed=3)), list("abc")) == (
        covered.report,
        shop.push.pushed,
    )


# Listings that cannot be told


def only(name: str, result: PushResult) -> PushFailure:
    return lambda pushed: result if pushed == name else None


def test_a_listing_that_fails_is_put_back_and_fails_no_other(shop: CoverageShop) -> None:
    shop.push.failures = only("b", RetryLater())
    run = shop.start()

    report = shop.work_off()[-1].report

    assert CoverageCounts(listings=8, changed=7, unchanged=0, skipped=0, failed=1) == (report and report.counts)
    expected = push("b", overwrite=True, not_since=run.started_at.isoformat())
    assert [expected] == shop.pushes.messages


def test_a_listing_that_must_wait_for_hours_does_not_hold_up_the_others(shop: CoverageShop) -> None:
    shop.push.failures = only("b", RetryLater(WAIT_MAX_SECONDS + 1))
    shop.start()

    report = shop.work_off()[-1].report

    assert (CoverageCounts(listings=8, changed=7, unchanged=0, skipped=0, failed=1), 1) == (
        report and report.counts,
        len(shop.pushes.messages),
    )


def test_what_shows_its_number_already_is_unchanged(shop: CoverageShop) -> None:
    shop.push.failures = only("b", Finished())
    shop.start()

    report = shop.work_off()[-1].report

    assert CoverageCounts(listings=8, changed=7, unchanged=1) == (report and report.counts)


def test_a_throttled_segment_comes_again_as_the_channel_wishes_and_is_counted_whole(shop: CoverageShop) -> None:
    shop.push.failures = only("b", RetryLater(7))
    shop.start()
    [first] = shop.queue.take()

    with pytest.raises(Throttled) as throttled:
        shop.work(first)
    shop.push.failures = lambda name: None
    again = shop.work(first)

    assert (7, CoverageCounts(listings=3, changed=3), []) == (
        throttled.value.retry_after_seconds,
        again.counts,
        shop.pushes.messages,
    )
    assert [replace(first, after="c")] == shop.queue.messages


def test_a_listing_pushed_by_two_attempts_is_counted_once(shop: CoverageShop) -> None:
    shop.push.failures = only("b", RetryLater(7))
    shop.start()
    [first] = shop.queue.take()
    with pytest.raises(Throttled):
        shop.work(first)
    shop.push.failures = lambda name: None
    shop.push.pushed.clear()

    assert CoverageCounts(listings=3, changed=3) == shop.work(first).counts


def test_a_channel_that_throttles_for_ever_leaves_its_listings_to_the_ordinary_pushes(shop: CoverageShop) -> None:
    shop.push.failures = lambda name: RetryLater(7)
    shop.start()

    covered = shop.work(shop.queue.take()[0], patient=False)

    assert (CoverageCounts(listings=3, changed=0, unchanged=0, skipped=0, failed=3), 3) == (
        covered.counts,
        len(shop.pushes.messages),
    )


def test_a_queue_that_does_not_take_the_failed_listings_leaves_the_segment_undone(shop: CoverageShop) -> None:
    shop.push.failures = only("b", RetryLater())
    shop.start()
    [first] = shop.queue.take()
    shop.pushes = Refusing()

    with pytest.raises(StoreUnavailable):
        shop.work(first)
    shop.pushes = CoverageQueue()

    assert (CoverageCounts(listings=3, changed=0, unchanged=0, skipped=2, failed=1), 1) == (
        shop.work(first).counts,
        len(shop.pushes.messages),
    )


class Refusing(CoverageQueue):
    """It stores nothing."""

    def send(self, messages: object) -> None:
        raise StoreUnavailable("no answer")

"""A run of full coverage goes through the queue segment by segment, whatever is doubled, throttled or killed."""

from dataclasses import replace

import pytest

from lastunit.cover import WAIT_MAX_SECONDS
from lastunit.domain.channels import Sync
from lastunit.domain.coverage import Report, Tally
from lastunit.domain.errors import StoreUnavailable, Throttled
from lastunit.pushing import Done, Result, Retry
from tests.covering import ALL, DAILY, EVENING, Killed, Message, Night, Sent, Trouble, killed
from tests.fakes import FixedClock


@pytest.fixture
def night() -> Night:
    return Night(DAILY, FixedClock(EVENING))


def test_every_listing_is_overwritten_unless_it_was_told_since_the_run_began(night: Night) -> None:
    """Rule 1.5-4 and class 22: what was told after the start is newer."""
    run = night.start()

    covered = night.work_off()

    assert [(name, True, run.started_at) for name in ALL] == [
        (task.key[2], task.overwrite, task.not_since) for task in night.push.asked
    ]
    assert [Tally(3, 3), Tally(3, 3), Tally(2, 2)] == [one.tally for one in covered]


def test_the_last_segment_writes_the_report_once(night: Night) -> None:
    run = night.start()
    night.clock.pass_minutes(3)

    reports = [one.report for one in night.work_off()]

    report = Report(180, 3, Tally(8, 8))
    assert [None, None, report] == reports
    assert [(replace(run, report=report), report)] == night.ask.runs("web")


def test_progress_is_shown_while_it_runs(night: Night) -> None:
    night.start()
    night.clock.pass_minutes(1)
    night.work(night.queue.take()[0])

    [(run, so_far)] = night.ask.runs("web")

    assert (None, Report(60, 1, Tally(3, 3))) == (run.report, so_far)


def test_the_next_segment_is_sent_for_before_this_one_is_begun(night: Night) -> None:
    night.start()
    [first] = night.queue.take()
    night.push.crashes = [killed]

    with pytest.raises(Killed):
        night.work(first)

    assert [{**first, "after": "c"}] == night.queue.messages


def test_a_killed_worker_costs_nothing_but_time(night: Night) -> None:
    night.start()
    night.push.crashes = [None, killed]
    messages, reports = night.queue.take(), list[Report | None]()
    while messages:
        message = messages.pop(0)
        try:
            reports.append(night.work(message).report)
        except Killed:
            messages.append(message)
        messages += night.queue.take()

    # What the killed worker had told is skipped by the one that took over from it.
    assert (ALL, Tally(8, 5, 0, 3)) == (sorted(night.push.told), reports[-1] and reports[-1].tally)


def test_a_worker_killed_after_its_count_still_leads_to_the_report(night: Night) -> None:
    night.start()
    messages = list[Message]()
    while queued := night.queue.take():
        messages += queued
        for message in queued:
            night.work(message)
    slot = night.coverages.runs("web", 1)[0].slot
    night.coverages.rows["web", slot] = replace(night.coverages.rows["web", slot], report=None)

    again = night.work(messages[-1])

    assert (Tally(8, 8), 8) == (again.report and again.report.tally, len(night.push.asked))


def test_a_doubled_message_doubles_neither_the_chain_nor_the_count(night: Night) -> None:
    night.start()
    sent = 0
    while messages := night.queue.take():
        sent += len(messages)
        for message in messages:
            night.work(message)
            night.work(message)

    assert (3, [Tally(8, 8)], 8) == (
        sent,
        [report.tally for _, report in night.ask.runs("web")],
        len(night.push.asked),
    )


def test_a_message_that_comes_after_the_report_changes_nothing(night: Night) -> None:
    night.start()
    first = night.queue.messages[0]
    night.work_off()

    assert (Tally(), None) == (night.work(first).tally, night.work(first).report)
    assert [] == night.queue.messages


def test_a_listing_added_meanwhile_pushes_no_other_one_out(night: Night) -> None:
    night.start()
    [first] = night.queue.take()
    night.push.crashes = [killed]
    with pytest.raises(Killed):
        night.work(first)
    night.push.told.clear()
    night.listings.names |= {"aa", "ab"}

    night.work(first)
    night.work_off()

    assert sorted([*ALL, "aa", "ab"]) == sorted(night.push.told)


def test_a_listing_removed_meanwhile_draws_in_none_of_the_next_segment(night: Night) -> None:
    night.start()
    [first] = night.queue.take()
    night.push.crashes = [killed]
    with pytest.raises(Killed):
        night.work(first)
    night.listings.names -= {"b"}

    assert [Tally(2, 0, 0, 2), Tally(3, 3), Tally(2, 2)] == [
        covered.tally for covered in [night.work(first), *night.work_off()]
    ]


def test_a_channel_switched_off_meanwhile_is_told_nothing_more(night: Night) -> None:
    night.start()
    night.work(night.queue.take()[0])
    night.channel = replace(DAILY, sync=Sync.OFF)

    covered = night.work(night.queue.take()[0])

    assert (Report(0, 2, Tally(3, 3)), list("abc")) == (covered.report, night.push.told)


# Listings that cannot be told


def only(name: str, result: Result) -> Trouble:
    return lambda told: result if told == name else None


def test_a_listing_that_fails_is_put_back_and_fails_no_other(night: Night) -> None:
    night.push.trouble = only("b", Retry())
    run = night.start()

    report = night.work_off()[-1].report

    assert Tally(8, 7, 0, 0, 1) == (report and report.tally)
    expected = {"sku": "b", "channel": "web", "listing": "b", "overwrite": True, "not_since": run.started_at}
    assert [expected] == night.pushes.messages


def test_a_listing_that_must_wait_for_hours_does_not_hold_up_the_others(night: Night) -> None:
    night.push.trouble = only("b", Retry(WAIT_MAX_SECONDS + 1))
    night.start()

    report = night.work_off()[-1].report

    assert (Tally(8, 7, 0, 0, 1), 1) == (report and report.tally, len(night.pushes.messages))


def test_what_shows_its_number_already_is_unchanged(night: Night) -> None:
    night.push.trouble = only("b", Done())
    night.start()

    report = night.work_off()[-1].report

    assert Tally(8, 7, 1) == (report and report.tally)


def test_a_throttled_segment_comes_again_as_the_channel_wishes_and_is_counted_whole(night: Night) -> None:
    night.push.trouble = only("b", Retry(7))
    night.start()
    [first] = night.queue.take()

    with pytest.raises(Throttled) as throttled:
        night.work(first)
    night.push.trouble = lambda name: None
    again = night.work(first)

    assert (7, Tally(3, 3), []) == (throttled.value.retry_after_seconds, again.tally, night.pushes.messages)
    assert [{**first, "after": "c"}] == night.queue.messages


def test_a_listing_told_by_two_attempts_is_counted_once(night: Night) -> None:
    night.push.trouble = only("b", Retry(7))
    night.start()
    [first] = night.queue.take()
    with pytest.raises(Throttled):
        night.work(first)
    night.push.trouble = lambda name: None
    night.push.told.clear()

    assert Tally(3, 3) == night.work(first).tally


def test_a_channel_that_throttles_for_ever_leaves_its_listings_to_the_ordinary_pushes(night: Night) -> None:
    night.push.trouble = lambda name: Retry(7)
    night.start()

    covered = night.work(night.queue.take()[0], patient=False)

    assert (Tally(3, 0, 0, 0, 3), 3) == (covered.tally, len(night.pushes.messages))


def test_a_queue_that_does_not_take_the_failed_listings_leaves_the_segment_undone(night: Night) -> None:
    night.push.trouble = only("b", Retry())
    night.start()
    [first] = night.queue.take()
    night.pushes = Refusing()

    with pytest.raises(StoreUnavailable):
        night.work(first)
    night.pushes = Sent()

    assert (Tally(3, 0, 0, 2, 1), 1) == (night.work(first).tally, len(night.pushes.messages))


class Refusing(Sent):
    """It stores nothing."""

    def send(self, messages: object) -> None:
        raise StoreUnavailable("no answer")

"""Channels that are told only increases: what is sent, and that each is sent once."""

from dataclasses import replace
from datetime import timedelta

import pytest

from lastunit.domain.channel import Sync
from lastunit.domain.errors import LastunitError, NotSent, OutcomeUnknown, Throttled
from lastunit.domain.keys import LevelKey
from lastunit.domain.listings.push_protocol import Failure, Form
from lastunit.domain.listings.push_state import APPLIED_WITHIN
from lastunit.domain.stock.level_changed import LevelChanged
from lastunit.use_cases.listings.count_increments import CountIncrements
from lastunit.use_cases.listings.push.increment_push import KEY_LIVES
from lastunit.use_cases.listings.push.push_quantities import Finished, RetryLater
from tests.support.listings.pushing import APPLIED_WITHIN_SECONDS, AdjustingChannel, FakeChannel, PushHub
from tests.support.stock.levels import stocked

LOST = OutcomeUnknown("no answer")
ARRIVED = {"shirt": Finished(acknowledged=True)}
FORMS = ["adjust", "swap", "set"]
A_PERSON_IS_ASKED = KEY_LIVES / timedelta(seconds=1) + 1


def shop(form: str = "adjust", **settings: object) -> PushHub:
    """10 shirts, told and shown, on a channel that hears of increases only."""
    kind = AdjustingChannel if form == "adjust" else FakeChannel
    hub = PushHub(kind(Form.SET if form == "set" else Form.SWAP, versioned=form == "swap"))
    hub.add_listing("shirt", 10, acknowledged=10)
    hub.configure(sync=Sync.INCREMENTAL, **settings)
    return hub


def moves(hub: PushHub, *units: int, sku: str = "shirt", deliveries: int = 1) -> None:
    """Stock of the SKU changes by so many units, one after the other, and the stream tells of it."""
    events = []
    for delta in units:
        before = hub.listings.stock[LevelKey(sku, "M")]
        after = replace(before, available=before.available + delta, seq=before.seq + 1)
        hub.listings.stock[LevelKey(sku, "M")] = after
        events.append(LevelChanged(before, after, "now"))
    for _ in range(deliveries):
        rows = [row.listing for row in hub.listings.listed.values()]
        CountIncrements(hub.listings, hub.settings).count(events, rows, hub.settings.accounts)


@pytest.mark.parametrize("form", FORMS)
def test_an_increase_is_sent_as_what_it_adds_to_the_shelf(form: str) -> None:
    """Rules 1.5-2 and 1.5-9: adjustment +3 sends +3, whatever the shelf shows."""
    hub = shop(form)
    hub.channel.put("shirt", 4)
    moves(hub, 3)

    results = hub.push()

    assert (ARRIVED, {"shirt": 7}) == (results, hub.channel.shelves)


def test_a_decrease_sends_nothing() -> None:
    """Rules 1.5-3 and 1.5-9: −3 sends nothing."""
    hub = shop()
    moves(hub, -3)

    results = hub.push()

    assert ({"shirt": Finished()}, {"shirt": 10}, []) == (results, hub.channel.shelves, hub.channel.adjusted)


def test_up_and_down_again_leaves_the_store_too_high_until_an_overwrite() -> None:
    """Rule 1.5-9: +3 then −3 leaves it 3 too high, also when both come before anybody looked."""
    hub = shop()
    moves(hub, 3, -3)
    hub.push()
    before = dict(hub.channel.shelves)

    hub.push(overwrite=True)

    assert ({"shirt": 13}, {"shirt": 10}) == (before, hub.channel.shelves)


def test_a_sale_elsewhere_never_lowers_the_store() -> None:
    """Rule 1.5-11: an oversell by design where stock is shared."""
    hub = shop()
    moves(hub, -1)

    hub.push()

    assert {"shirt": 10} == hub.channel.shelves


def test_offline_sales_are_pushed_by_the_timed_overwrite_only() -> None:
    """Rule 1.5-8: incremental suits who sells online only, the timed one who sells at the counter."""
    hub = shop()
    moves(hub, -4, 2)
    hub.push()
    incremental = dict(hub.channel.shelves)
    hub.configure(sync=Sync.TIMED_FULL, full_at="03:00")

    hub.push(overwrite=True)

    assert ({"shirt": 12}, {"shirt": 8}) == (incremental, hub.channel.shelves)


def test_the_delta_is_what_the_rule_makes_of_the_increase() -> None:
    """Rule 1.5-14: half of 10 is 5, half of 13 is 6."""
    hub = shop(share_percent=50)
    moves(hub, 3)

    hub.push()

    assert [1] == [delta.units for delta in hub.channel.adjusted]


def test_rounding_neither_loses_nor_invents_a_unit_over_many_increases() -> None:
    """Rule 1.5-14: ten times one more, at half, are five more."""
    hub = shop(share_percent=50)
    for _ in range(10):
        moves(hub, 1)
        hub.push()

    assert {"shirt": 15} == hub.channel.shelves


def test_an_increase_reported_twice_by_the_stream_is_counted_once() -> None:
    hub = shop()
    moves(hub, 3, 2, deliveries=3)

    hub.push()

    assert {"shirt": 15} == hub.channel.shelves


@pytest.mark.parametrize("form", FORMS)
def test_an_increase_whose_answer_was_lost_is_not_sent_again(form: str) -> None:
    """Rule 1.5-10: a retried delta would double stock; it arrived, and is recognised."""
    hub = shop(form)
    moves(hub, 3)
    hub.channel.lost = [LOST]
    first = hub.push()
    hub.clock.advance(APPLIED_WITHIN_SECONDS)

    second = hub.push()

    assert ({"shirt": RetryLater()}, ARRIVED, {"shirt": 13}) == (first, second, hub.channel.shelves)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("failure", [NotSent("no route"), Throttled(3)])
def test_a_second_attempt_that_never_left_says_nothing_about_the_first(form: str, failure: LastunitError) -> None:
    """Rule 1.5-10: the first +3 arrived, its retry was throttled, and the next one is still the same +3."""
    hub = shop(form)
    moves(hub, 3)
    hub.channel.lost = [LOST]
    hub.push()
    hub.clock.advance(APPLIED_WITHIN_SECONDS)
    hub.channel.write_errors = hub.channel.read_errors = [failure]
    hub.push()

    third = hub.push()

    assert (ARRIVED, {"shirt": 13}) == (third, hub.channel.shelves)


@pytest.mark.parametrize("form", FORMS)
def test_an_increase_that_never_left_is_sent(form: str) -> None:
    hub = shop(form)
    moves(hub, 3)
    hub.channel.write_errors = [NotSent("no route")]
    hub.push()

    second = hub.push()

    assert (ARRIVED, {"shirt": 13}) == (second, hub.channel.shelves)


@pytest.mark.parametrize("form", FORMS)
def test_an_increase_that_was_lost_before_it_took_effect_is_sent_again(form: str) -> None:
    hub = shop(form)
    moves(hub, 3)
    hub.channel.write_errors = [LOST]
    hub.push()
    hub.clock.advance(APPLIED_WITHIN_SECONDS)

    second = hub.push()

    assert (ARRIVED, {"shirt": 13}) == (second, hub.channel.shelves)


@pytest.mark.parametrize("form", ["swap", "set"])
def test_an_increase_that_was_applied_late_is_not_sent_again(form: str) -> None:
    """Rule 1.5-10: that its number is refused when it is sent again does not tell that it had not arrived."""
    hub = shop(form)
    moves(hub, 3)
    hub.channel.write_errors = [LOST]
    hub.push()
    hub.channel.put("shirt", 13)
    hub.clock.advance(APPLIED_WITHIN_SECONDS)

    hub.push()
    hub.push()

    assert {"shirt": 13} == hub.channel.shelves


def hidden_by_sales(seconds: float) -> PushHub:
    """On a channel that only overwrites: is it 13 less 2 unseen sales, or 10 plus somebody's hand?"""
    hub = shop("set")
    moves(hub, 3)
    hub.channel.lost = [LOST]
    hub.push()
    hub.channel.sell("shirt", 2)
    hub.clock.advance(seconds)
    return hub


def test_sales_that_hide_whether_it_arrived_are_awaited() -> None:
    """Their import tells."""
    hub = hidden_by_sales(APPLIED_WITHIN_SECONDS)
    unclear = hub.push()
    hub.import_sale("shirt", 2)

    clear = hub.push()

    assert ({"shirt": RetryLater(A_PERSON_IS_ASKED - APPLIED_WITHIN_SECONDS)}, ARRIVED) == (unclear, clear)
    assert {"shirt": 11} == hub.channel.shelves


@pytest.mark.parametrize(
    ("seconds", "later"), [(5, APPLIED_WITHIN_SECONDS), (APPLIED_WITHIN_SECONDS, A_PERSON_IS_ASKED)]
)
def test_a_push_whose_outcome_is_hidden_is_read_only_as_often_as_time_may_show_it(
    seconds: float, later: float
) -> None:
    """Or its message would be among the dead letters long before."""
    hub = hidden_by_sales(seconds)

    unclear = hub.push()

    assert {"shirt": RetryLater(later - seconds)} == unclear


def test_what_came_meanwhile_is_another_increase() -> None:
    hub = shop()
    moves(hub, 3)
    hub.channel.lost = [LOST]
    hub.push()
    moves(hub, 2)

    hub.push()
    hub.push()

    assert {"shirt": 15} == hub.channel.shelves


def test_units_that_the_channel_put_back_itself_are_not_sent_to_it() -> None:
    """Its own order was cancelled and it restocked: our level rises by what its shelf shows already."""
    hub = shop()
    moves(hub, -2)
    hub.edit_listing("shirt", increments=replace(hub.listing("shirt").increments, deducted_restock=2))
    moves(hub, 2)

    results = hub.push()

    assert ({"shirt": Finished()}, {"shirt": 10}) == (results, hub.channel.shelves)


def test_an_overwrite_holds_every_increase_before_it() -> None:
    """Rules 1.5-4 and 1.5-7: the number is sent whole, and no increase on top of it."""
    hub = shop()
    moves(hub, 3)
    hub.push(overwrite=True)

    after = hub.push()

    assert ({"shirt": Finished()}, {"shirt": 13}) == (after, hub.channel.shelves)


def test_an_increase_that_the_stream_reports_after_the_overwrite_is_no_news() -> None:
    hub = shop()
    hub.push(overwrite=True)
    before = hub.listings.stock[LevelKey("shirt", "M")]
    after = replace(before, available=13, seq=before.seq + 1)
    hub.listings.stock[LevelKey("shirt", "M")] = after
    hub.push(overwrite=True)
    CountIncrements(hub.listings, hub.settings).count(
        [LevelChanged(before, after, "late")], [hub.listing("shirt")], hub.settings.accounts
    )

    hub.push()

    assert {"shirt": 13} == hub.channel.shelves


def test_an_overwrite_waits_while_an_increase_may_still_arrive() -> None:
    hub = shop()
    moves(hub, 3)
    hub.channel.write_errors = [LOST]
    hub.push()
    hub.clock.advance(20)

    results = hub.push(overwrite=True)

    assert {"shirt": RetryLater(APPLIED_WITHIN.total_seconds() - 20)} == results


def test_an_increase_nobody_knows_the_fate_of_is_given_to_a_person_after_a_day() -> None:
    """Channels forget the key by which they would recognise it."""
    hub = shop()
    moves(hub, 3)
    hub.channel.lost = [LOST]
    hub.push()
    hub.clock.advance((KEY_LIVES + timedelta(minutes=1)) / timedelta(seconds=1))

    results = hub.push()

    error = hub.listing("shirt").last_error
    assert ({"shirt": Finished(refused=True)}, Failure.INVALID) == (results, error.failure if error else None)


def test_a_channel_with_another_hour_hears_nothing_by_itself() -> None:
    """Rule 1.5-13: after the switch to timed, the increase waits for the slot."""
    hub = shop()
    moves(hub, 3)
    hub.configure(sync=Sync.TIMED_FULL, full_at="03:00")

    results = hub.push()

    assert ({"shirt": Finished()}, {"shirt": 10}) == (results, hub.channel.shelves)


def test_counting_begins_with_the_change_and_not_with_what_lay_there() -> None:
    hub = shop()
    hub.listings.stock[LevelKey("shirt", "L")] = stocked("shirt", "L", 7)

    moves(hub, 3)
    hub.push()

    assert {"shirt": 13} == hub.channel.shelves

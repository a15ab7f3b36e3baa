"""Reading channels back: differences are told apart, shown, and never fixed without a person or an overwrite."""

from dataclasses import replace
from datetime import timedelta

import pytest

from lastunit.channel_ports import ChannelApi
from lastunit.domain.channels import Channel
from lastunit.domain.drift import Decision, Kind
from lastunit.domain.errors import ChannelUnavailable, Conflict, NotFound, NotSent, Throttled
from lastunit.reconcile import SEGMENT_LISTINGS, Reconciled
from tests.pushing import FakeChannel, Hub
from tests.reconciling import Mirror, numbered


def showing(shows: int, *, told: int | None = 10) -> Mirror:
    mirror = Mirror()
    mirror.lists("shirt", told, shows=shows)
    return mirror


def test_a_channel_that_shows_what_it_was_told_leaves_nothing_behind() -> None:
    mirror = showing(10)

    found = mirror.reconcile()

    assert (Reconciled(1), {}, 0) == (found, mirror.kinds(), mirror.polls)


def test_a_listing_that_was_never_told_a_number_is_not_read() -> None:
    mirror = showing(10, told=None)

    assert (Reconciled(0), []) == (mirror.reconcile(), mirror.hub.market.reads)


def test_sales_whose_webhooks_were_lost_are_imported_and_are_no_drift() -> None:
    mirror = showing(7)
    mirror.late = [lambda: mirror.hub.imports("shirt", 3)]

    found = mirror.reconcile()

    assert ((), set()) == (found.drifts, mirror.frozen())


def test_a_number_edited_on_the_channel_is_found_and_freezes_that_listing_only() -> None:
    """Complaint 14."""
    mirror = showing(7)
    mirror.lists("hat", 4, shows=4)

    mirror.reconcile()

    assert ({"shirt": Kind.EDIT}, {"shirt"}, []) == (mirror.kinds(), mirror.frozen(), mirror.pushed())


def test_units_added_on_the_channel_count_as_what_it_may_sell() -> None:
    """`docs/escrow.md`: an edit on the channel is booked, and shown as risk."""
    mirror = showing(25)

    mirror.reconcile()

    assert 25 == mirror.hub.listing("shirt").exposure.units


def test_units_that_the_platform_put_back_are_told_from_an_edit() -> None:
    mirror = showing(10)
    mirror.hub.imports("shirt", 2)

    mirror.reconcile()

    assert ({"shirt": Kind.RESTOCK}, {"shirt"}) == (mirror.kinds(), mirror.frozen())


def test_while_orders_cannot_be_imported_nobody_is_accused_of_an_edit() -> None:
    mirror = showing(7)
    mirror.late = [NotSent("x")]

    mirror.reconcile()

    assert ({"shirt": Kind.LATE_ORDER}, set()) == (mirror.kinds(), mirror.frozen())


def test_a_late_order_resolves_by_itself() -> None:
    mirror = showing(7)
    mirror.late = [NotSent("x")]
    mirror.reconcile()
    mirror.hub.imports("shirt", 3)

    mirror.reconcile()

    assert {} == mirror.kinds()


def test_an_edit_stays_one_although_the_next_poll_fails() -> None:
    mirror = showing(7)
    mirror.late = [lambda: None, NotSent("x")]
    mirror.reconcile()

    mirror.reconcile()

    assert ({"shirt": Kind.EDIT}, {"shirt"}) == (mirror.kinds(), mirror.frozen())


def test_a_number_that_never_arrived_is_told_again() -> None:
    mirror = showing(10)
    row = mirror.hub.listings.listed["shirt", "web", "shirt"]
    sent_at = (mirror.hub.clock.now() - timedelta(minutes=5)).isoformat()
    row.listing = replace(row.listing, in_flight=3, sent_at=sent_at)

    mirror.reconcile()

    assert ({"shirt": Kind.LOST_PUSH}, set()) == (mirror.kinds(), mirror.frozen())
    assert [("shirt", True)] == mirror.pushed()


def test_a_drift_that_is_gone_frees_the_listing_and_what_changed_meanwhile_is_told() -> None:
    mirror = showing(7)
    mirror.reconcile()
    mirror.hub.market.put("shirt", 10)

    mirror.reconcile()

    assert ({}, set(), [("shirt", False)]) == (mirror.kinds(), mirror.frozen(), mirror.pushed())


def test_a_drift_lasts_since_it_was_first_seen() -> None:
    mirror = showing(7)
    mirror.reconcile()
    first = mirror.hub.clock.now().isoformat()
    mirror.hub.clock.advance(3600)
    mirror.hub.market.put("shirt", 6)

    mirror.reconcile()

    [drift] = mirror.drifts.of("web")
    assert (first, mirror.hub.clock.now().isoformat(), 6) == (drift.since, drift.seen_at, drift.shown)


def test_a_listing_told_another_number_meanwhile_is_left_to_the_next_time() -> None:
    mirror = showing(7)

    def told() -> None:
        row = mirror.hub.listings.listed["shirt", "web", "shirt"]
        row.listing = replace(row.listing, acknowledged=7)

    mirror.late = [told]

    mirror.reconcile()

    assert ({}, set()) == (mirror.kinds(), mirror.frozen())


def test_a_listing_that_is_being_told_a_number_is_not_frozen() -> None:
    mirror = showing(7)
    mirror.hub.listings.listed["shirt", "web", "shirt"].claim = "another"

    mirror.reconcile()

    assert ({}, set()) == (mirror.kinds(), mirror.frozen())


def test_a_frozen_listing_that_is_being_overwritten_is_left_to_the_next_time() -> None:
    mirror = showing(7)
    mirror.reconcile()
    row = mirror.hub.listings.listed["shirt", "web", "shirt"]
    row.listing = replace(row.listing, in_flight=12, sent_at=mirror.hub.clock.now().isoformat())
    mirror.hub.market.put("shirt", 12)

    mirror.reconcile()

    assert ({"shirt": Kind.EDIT}, {"shirt"}) == (mirror.kinds(), mirror.frozen())


def test_a_channel_is_read_in_as_few_calls_as_it_allows_one_segment_after_the_other() -> None:
    mirror = Mirror(Hub(FakeChannel(batch_max=25)))
    for name in numbered(SEGMENT_LISTINGS + 30):
        mirror.lists(name, 5, shows=5)
    first = mirror.reconcile()
    [message] = mirror.queue.sent

    last = mirror.reconcile(str(message["after"]))

    assert (SEGMENT_LISTINGS, 30, 1) == (first.read, last.read, len(mirror.queue.sent))
    assert [25, 25, 25, 25, 25, 5] == [len(names) for names in mirror.hub.market.reads]


def test_reading_back_waits_for_its_turn_and_leaves_room_for_pushes() -> None:
    mirror = showing(10)
    mirror.hub.pace.waits = [2.0]

    mirror.reconcile()

    assert ([2.0], [False, False]) == (mirror.slept, mirror.hub.pace.asked)


def test_a_channel_that_wants_a_long_pause_gets_it() -> None:
    mirror = showing(10)
    mirror.hub.pace.waits = [60.0]

    with pytest.raises(Throttled):
        mirror.reconcile()


def test_a_channel_that_lists_nothing_needs_no_secret() -> None:
    """Such as the till of a shop, whose orders come by the API. Its segment must not end in the dead letters."""
    mirror = Mirror()

    def without_secret(channel: Channel) -> ChannelApi:
        raise ChannelUnavailable(f"the secret of {channel.name} cannot be read")

    assert Reconciled() == replace(mirror.use_case, api=without_secret)("web", None)


def test_all_channels_are_asked_for_or_those_named() -> None:
    mirror = Mirror()
    mirror.hub.settings.accounts["shop"] = Channel("shop", "generic")

    mirror.use_case.start()
    mirror.use_case.start(["shop"])

    assert ["web", "shop", "shop"] == [message["channel"] for message in mirror.queue.sent]


def test_a_channel_that_does_not_exist_is_refused_and_one_that_is_gone_passed_over() -> None:
    mirror = Mirror()

    with pytest.raises(NotFound):
        mirror.use_case.start(["nowhere"])
    assert Reconciled() == mirror.use_case("nowhere", None)


def test_an_adopted_number_is_believed_from_then_on_and_the_stock_stays() -> None:
    mirror = showing(7)
    mirror.reconcile()
    available = mirror.hub.listings.stock["shirt", "M"].available

    decided = mirror.decide("shirt", Decision.ADOPT)

    assert ("ann", 7, set()) == (decided.decided_by, mirror.hub.listing("shirt").believed, mirror.frozen())
    assert available == mirror.hub.listings.stock["shirt", "M"].available
    assert [("shirt", False)] == mirror.pushed()


def test_a_number_adopted_agrees_the_next_time() -> None:
    mirror = showing(7)
    mirror.reconcile()
    mirror.decide("shirt", Decision.ADOPT)

    mirror.reconcile()

    assert {} == mirror.kinds()


def test_an_overwrite_tells_our_number_and_takes_nothing_off_it_for_unseen_sales() -> None:
    mirror = showing(7)
    mirror.reconcile()

    mirror.decide("shirt", Decision.OVERWRITE)

    listing = mirror.hub.listing("shirt")
    assert ([("shirt", True)], False, 0) == (mirror.pushed(), listing.frozen, listing.unseen(7))


def test_a_drift_is_decided_once() -> None:
    mirror = showing(7)
    mirror.reconcile()
    mirror.decide("shirt", Decision.OVERWRITE, "ann")

    with pytest.raises(Conflict) as refused:
        mirror.decide("shirt", Decision.ADOPT, "ben")

    assert {"by": "ann", "decision": "overwrite"} == refused.value.details
    assert [("shirt", True)] == mirror.pushed()


def test_a_number_that_was_told_since_is_not_adopted() -> None:
    mirror = showing(7)
    mirror.reconcile()
    row = mirror.hub.listings.listed["shirt", "web", "shirt"]
    row.listing = replace(row.listing, acknowledged=12)

    with pytest.raises(Conflict):
        mirror.decide("shirt", Decision.ADOPT)

    assert (12, None, []) == (mirror.hub.listing("shirt").believed, row.claim, mirror.pushed())


def test_a_listing_that_is_being_told_cannot_be_adopted_now() -> None:
    mirror = showing(7)
    mirror.reconcile()
    row = mirror.hub.listings.listed["shirt", "web", "shirt"]
    row.claim, row.until = "another", mirror.hub.clock.now() + timedelta(minutes=1)

    with pytest.raises(Conflict):
        mirror.decide("shirt", Decision.ADOPT)

    assert ("another", {"shirt"}) == (row.claim, mirror.frozen())


def test_where_nothing_drifted_there_is_nothing_to_decide() -> None:
    mirror = showing(10)

    for name in ("shirt", "unknown"):
        with pytest.raises(NotFound):
            mirror.decide(name, Decision.ADOPT)

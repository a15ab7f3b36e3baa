"""Reading channels back: differences are told apart, shown, and never fixed without a person or an overwrite."""

from dataclasses import replace
from datetime import timedelta

import pytest

from lastunit.domain.channel import Channel
from lastunit.domain.errors import ChannelUnavailable, Conflict, NotFound, NotSent, StoreUnavailable, Throttled
from lastunit.domain.keys import LevelKey, ListingKey
from lastunit.domain.listings.drift import DriftDecision, DriftKind
from lastunit.domain.listings.listing_parts import Acknowledged, InFlight
from lastunit.ports.channel import QuantityTarget
from lastunit.use_cases.listings.reconcile_listings import SEGMENT_LISTINGS, Reconciled
from tests.support.listings.pushing import FakeChannel, PushHub
from tests.support.listings.reconciling import ReconcileHub, numbered


def showing(shows: int, *, pushed: int | None = 10) -> ReconcileHub:
    hub = ReconcileHub()
    hub.add_listing("shirt", pushed, shows=shows)
    return hub


def test_a_channel_that_shows_what_was_pushed_leaves_nothing_behind() -> None:
    hub = showing(10)

    found = hub.reconcile()

    assert (Reconciled(1), {}, 0) == (found, hub.kinds(), hub.polls)


def test_a_listing_that_was_never_pushed_is_not_read() -> None:
    hub = showing(10, pushed=None)

    assert (Reconciled(0), []) == (hub.reconcile(), hub.hub.channel.reads)


def test_sales_whose_webhooks_were_lost_are_imported_and_are_no_drift() -> None:
    hub = showing(7)
    hub.late = [lambda: hub.hub.import_sale("shirt", 3)]

    found = hub.reconcile()

    assert ((), set()) == (found.drifts, hub.frozen())


def test_a_number_edited_on_the_channel_is_found_and_freezes_that_listing_only() -> None:
    """An edit on the channel is shown to a person, and never passes unnoticed."""
    hub = showing(7)
    hub.add_listing("hat", 4, shows=4)

    hub.reconcile()

    assert ({"shirt": DriftKind.EDIT}, {"shirt"}, []) == (hub.kinds(), hub.frozen(), hub.pushed())


def test_units_added_on_the_channel_count_as_what_it_may_sell() -> None:
    """`docs/escrow.md`: an edit on the channel is booked, and shown as risk."""
    hub = showing(25)

    hub.reconcile()

    assert 25 == hub.hub.listing("shirt").exposure.units


def test_units_that_the_platform_restocked_are_no_edit() -> None:
    hub = showing(10)
    hub.hub.import_sale("shirt", 2)

    hub.reconcile()

    assert ({"shirt": DriftKind.RESTOCK}, {"shirt"}) == (hub.kinds(), hub.frozen())


def test_while_orders_cannot_be_imported_nobody_is_accused_of_an_edit() -> None:
    hub = showing(7)
    hub.late = [NotSent("x")]

    hub.reconcile()

    assert ({"shirt": DriftKind.LATE_ORDER}, set()) == (hub.kinds(), hub.frozen())


def test_a_late_order_resolves_by_itself() -> None:
    hub = showing(7)
    hub.late = [NotSent("x")]
    hub.reconcile()
    hub.hub.import_sale("shirt", 3)

    hub.reconcile()

    assert {} == hub.kinds()


def test_an_edit_stays_one_although_the_next_poll_fails() -> None:
    hub = showing(7)
    hub.late = [lambda: None, NotSent("x")]
    hub.reconcile()

    hub.reconcile()

    assert ({"shirt": DriftKind.EDIT}, {"shirt"}) == (hub.kinds(), hub.frozen())


def test_a_number_that_never_arrived_is_pushed_again() -> None:
    hub = showing(10)
    row = hub.hub.listings.listed[ListingKey("shirt", "web", "shirt")]
    sent_at = hub.hub.clock.now() - timedelta(minutes=5)
    row.listing = replace(row.listing, in_flight=InFlight(quantity=3, sent_at=sent_at))

    hub.reconcile()

    assert ({"shirt": DriftKind.LOST_PUSH}, set()) == (hub.kinds(), hub.frozen())
    assert [("shirt", True)] == hub.pushed()


def test_a_drift_that_is_gone_frees_the_listing_and_what_changed_meanwhile_is_pushed() -> None:
    hub = showing(7)
    hub.reconcile()
    hub.hub.channel.put("shirt", 10)

    hub.reconcile()

    assert ({}, set(), [("shirt", False)]) == (hub.kinds(), hub.frozen(), hub.pushed())


def test_a_drift_lasts_since_it_was_first_seen() -> None:
    hub = showing(7)
    hub.reconcile()
    first = hub.hub.clock.now()
    hub.hub.clock.advance(3600)
    hub.hub.channel.put("shirt", 6)

    hub.reconcile()

    [drift] = hub.drifts.of("web")
    assert (first, hub.hub.clock.now(), 6) == (drift.since, drift.seen_at, drift.shown)


def test_a_listing_pushed_another_number_meanwhile_is_left_to_the_next_time() -> None:
    hub = showing(7)

    def pushed() -> None:
        row = hub.hub.listings.listed[ListingKey("shirt", "web", "shirt")]
        row.listing = replace(row.listing, acknowledged=Acknowledged(quantity=7))

    hub.late = [pushed]

    hub.reconcile()

    assert ({}, set()) == (hub.kinds(), hub.frozen())


def test_a_listing_whose_number_is_being_pushed_is_not_frozen() -> None:
    hub = showing(7)
    hub.hub.listings.listed[ListingKey("shirt", "web", "shirt")].claim = "another"

    hub.reconcile()

    assert ({}, set()) == (hub.kinds(), hub.frozen())


def test_a_frozen_listing_that_is_being_overwritten_is_left_to_the_next_time() -> None:
    hub = showing(7)
    hub.reconcile()
    row = hub.hub.listings.listed[ListingKey("shirt", "web", "shirt")]
    row.listing = replace(row.listing, in_flight=InFlight(quantity=12, sent_at=hub.hub.clock.now()))
    hub.hub.channel.put("shirt", 12)

    hub.reconcile()

    assert ({"shirt": DriftKind.EDIT}, {"shirt"}) == (hub.kinds(), hub.frozen())


def test_a_channel_is_read_in_as_few_calls_as_it_allows_one_segment_after_the_other() -> None:
    hub = ReconcileHub(PushHub(FakeChannel(batch_max=25)))
    for name in numbered(SEGMENT_LISTINGS + 30):
        hub.add_listing(name, 5, shows=5)
    first = hub.reconcile()
    [message] = hub.queue.sent

    last = hub.reconcile(message.after)

    assert (SEGMENT_LISTINGS, 30, 1) == (first.read, last.read, len(hub.queue.sent))
    assert [25, 25, 25, 25, 25, 5] == [len(names) for names in hub.hub.channel.reads]


def test_reading_back_waits_for_its_turn_and_leaves_room_for_pushes() -> None:
    hub = showing(10)
    hub.hub.rate_limit.waits = [2.0]

    hub.reconcile()

    assert ([2.0], [False, False]) == (hub.slept, hub.hub.rate_limit.asked)


def test_a_channel_that_wants_a_long_pause_gets_it() -> None:
    hub = showing(10)
    hub.hub.rate_limit.waits = [60.0]

    with pytest.raises(Throttled):
        hub.reconcile()


def test_a_channel_that_lists_nothing_needs_no_secret() -> None:
    """Such as the till of a shop, whose orders come by the API. Its segment must not end in the dead letters."""
    hub = ReconcileHub()

    def without_secret(channel: Channel) -> QuantityTarget:
        raise ChannelUnavailable(f"the secret of {channel.name} cannot be read")

    assert Reconciled() == replace(hub.use_case, api=without_secret).read_back("web", None)


def test_all_channels_are_asked_for_or_those_named() -> None:
    hub = ReconcileHub()
    hub.hub.settings.accounts["shop"] = Channel(name="shop", kind="generic")

    hub.use_case.start()
    hub.use_case.start(["shop"])

    assert ["web", "shop", "shop"] == [message.channel for message in hub.queue.sent]


def test_a_channel_that_does_not_exist_is_refused_and_one_that_is_gone_passed_over() -> None:
    hub = ReconcileHub()

    with pytest.raises(NotFound):
        hub.use_case.start(["nowhere"])
    assert Reconciled() == hub.use_case.read_back("nowhere", None)


def test_an_adopted_number_is_acknowledged_from_then_on_and_the_stock_stays() -> None:
    hub = showing(7)
    hub.reconcile()
    available = hub.hub.listings.stock[LevelKey("shirt", "M")].available

    decided = hub.decide("shirt", DriftDecision.ADOPT)

    assert ("ann", 7, set()) == (decided.decided_by, hub.hub.listing("shirt").expected_shown, hub.frozen())
    assert available == hub.hub.listings.stock[LevelKey("shirt", "M")].available
    assert [("shirt", False)] == hub.pushed()


def test_a_number_adopted_agrees_the_next_time() -> None:
    hub = showing(7)
    hub.reconcile()
    hub.decide("shirt", DriftDecision.ADOPT)

    hub.reconcile()

    assert {} == hub.kinds()


def test_an_overwrite_pushes_our_number_and_takes_nothing_off_it_for_unseen_sales() -> None:
    hub = showing(7)
    hub.reconcile()

    hub.decide("shirt", DriftDecision.OVERWRITE)

    listing = hub.hub.listing("shirt")
    assert ([("shirt", True)], False, 0) == (hub.pushed(), listing.frozen, listing.unimported_sales(7))


def test_a_drift_is_decided_once() -> None:
    hub = showing(7)
    hub.reconcile()
    hub.decide("shirt", DriftDecision.OVERWRITE, "ann")

    with pytest.raises(Conflict) as refused:
        hub.decide("shirt", DriftDecision.ADOPT, "ben")

    assert {"by": "ann", "decision": "overwrite"} == refused.value.details
    assert [("shirt", True)] == hub.pushed()


@pytest.mark.parametrize("decision", DriftDecision)
def test_a_decision_whose_push_was_lost_asks_for_it_again_when_it_is_repeated(decision: DriftDecision) -> None:
    hub = showing(7)
    hub.reconcile()
    hub.hub.queue.errors = [StoreUnavailable("the queue does not answer")]
    with pytest.raises(StoreUnavailable):
        hub.decide("shirt", decision)

    again = hub.decide("shirt", decision, "ben")

    assert ("ann", [("shirt", decision is DriftDecision.OVERWRITE)]) == (again.decided_by, hub.pushed())
    assert (7, False) == (hub.hub.listing("shirt").expected_shown, hub.hub.listing("shirt").frozen)


def test_a_number_that_was_pushed_since_is_not_adopted() -> None:
    hub = showing(7)
    hub.reconcile()
    row = hub.hub.listings.listed[ListingKey("shirt", "web", "shirt")]
    row.listing = replace(row.listing, acknowledged=Acknowledged(quantity=12))

    with pytest.raises(Conflict):
        hub.decide("shirt", DriftDecision.ADOPT)

    assert (12, None, []) == (hub.hub.listing("shirt").expected_shown, row.claim, hub.pushed())


def test_a_listing_that_is_being_pushed_cannot_be_adopted_now() -> None:
    hub = showing(7)
    hub.reconcile()
    row = hub.hub.listings.listed[ListingKey("shirt", "web", "shirt")]
    row.claim, row.until = "another", hub.hub.clock.now() + timedelta(minutes=1)

    with pytest.raises(Conflict):
        hub.decide("shirt", DriftDecision.ADOPT)

    assert ("another", {"shirt"}) == (row.claim, hub.frozen())


@pytest.mark.parametrize("shown", [12, 7])
def test_a_frozen_listing_is_lowered_with_the_stock_and_raised_by_a_decision_only(shown: int) -> None:
    hub = showing(shown)
    hub.reconcile()

    hub.hub.set_available("shirt", 3)
    hub.hub.push("shirt")
    lowered = hub.hub.channel.shelves["shirt"], hub.frozen()
    hub.hub.set_available("shirt", 9)
    hub.hub.push("shirt")

    assert ((3, {"shirt"}), 3) == (lowered, hub.hub.channel.shelves["shirt"])


def test_where_nothing_drifted_there_is_nothing_to_decide() -> None:
    hub = showing(10)

    for name in ("shirt", "unknown"):
        with pytest.raises(NotFound):
            hub.decide(name, DriftDecision.ADOPT)

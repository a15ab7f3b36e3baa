"""Escrow at the use case: what is told to whom, when room is free and when it is not."""

from dataclasses import replace

import pytest

from lastunit.domain.channel import Channel, Mode
from lastunit.domain.errors import OutcomeUnknown
from lastunit.domain.keys import LevelKey, ListingKey
from lastunit.domain.listings.listing import Listing
from lastunit.domain.listings.listing_parts import SalesRate
from lastunit.domain.listings.push_protocol import Form
from lastunit.domain.stock.catalogue import Location, Sku
from lastunit.use_cases.listings.push.push_quantities import (
    Finished,
    PushQuantities,
    PushResult,
    PushTask,
    RetryLater,
)
from tests.support.listings.listed import acknowledged_quantity
from tests.support.listings.pushing import APPLIED_WITHIN_SECONDS, FakeChannel, ListingRow, PushHub
from tests.support.settings import FakeSettings

LOST = OutcomeUnknown("no answer")


class EscrowHub:
    """Two escrowed channels that show the same shirts."""

    def __init__(self, units: int, first: Form = Form.SWAP, second: Form = Form.SWAP) -> None:
        self.markets = {"east": FakeChannel(first), "west": FakeChannel(second)}
        self.hub = PushHub()
        channels = {name: Channel(name=name, kind="generic", mode=Mode.ESCROW) for name in self.markets}
        self.hub.settings = FakeSettings(channels, (Location("M", 1),))
        self.hub.listings.skus["shirt"] = Sku(sku="shirt")
        self.hub.set_available("shirt", units)
        for name, market in self.markets.items():
            self.hub.listings.listed[ListingKey("shirt", name, "shirt")] = ListingRow(
                Listing(channel=name, name="shirt", sku="shirt")
            )
            market.put("shirt", 0)

    def push(self, name: str, sku: str = "shirt", *, overwrite: bool = False) -> PushResult:
        base = self.hub.context
        pool = replace(base.read_pool, form=lambda channel: self.markets[channel.name].form)
        context = replace(base, api=lambda channel: self.markets[channel.name], read_pool=pool)
        use_case: PushQuantities = replace(self.hub.use_case, context=context)
        key = ListingKey(sku, name, sku)
        return use_case.push([PushTask(key=key, overwrite=overwrite)])[key]

    def switch(self, mode: Mode) -> None:
        for name, channel in self.hub.settings.accounts.items():
            self.hub.settings.accounts[name] = replace(channel, mode=mode)

    def settle(self) -> None:
        """Everybody is asked again and again, and orders are polled, until nothing changes."""
        for _ in range(12):
            for name in self.markets:
                self.push(name)
            self.hub.polls.finish()

    @property
    def shown(self) -> dict[str, int]:
        return {name: market.shelves["shirt"] for name, market in self.markets.items()}

    def listing(self, name: str) -> Listing:
        return self.hub.listings.listed[ListingKey("shirt", name, "shirt")].listing

    @property
    def exposed(self) -> int:
        return sum(self.listing(name).exposure.units for name in self.markets)

    def sell(self, name: str, units: int, *, imported: bool = True) -> None:
        self.markets[name].sell("shirt", units)
        if imported:
            self.import_sale(name, units)

    def import_sale(self, name: str, units: int) -> None:
        self.hub.set_available("shirt", self.hub.listings.stock[LevelKey("shirt", "M")].available - units)
        row = self.hub.listings.listed[ListingKey("shirt", name, "shirt")]
        row.listing = replace(row.listing, sold=row.listing.sold + units)


FORMS = [(Form.SWAP, Form.SWAP), (Form.SWAP, Form.SET), (Form.SET, Form.SET)]


@pytest.mark.parametrize(("first", "second"), FORMS)
def test_the_numbers_shown_add_up_to_what_there_is(first: Form, second: Form) -> None:
    hub = EscrowHub(10, first, second)

    hub.settle()

    assert (10, 10) == (sum(hub.shown.values()), hub.exposed)


def test_the_first_raise_takes_no_more_than_its_share_and_the_second_what_is_left() -> None:
    hub = EscrowHub(9)

    results = [hub.push("east"), hub.push("west")]

    assert ([Finished(acknowledged=True)] * 2, 9) == (results, sum(hub.shown.values()))


def test_a_sale_moves_nothing_while_no_share_is_below_half() -> None:
    hub = EscrowHub(10)
    hub.settle()
    writes = [len(market.writes) for market in hub.markets.values()]
    hub.sell("east", 1)

    hub.settle()

    assert writes == [len(market.writes) for market in hub.markets.values()]
    assert {"east": 4, "west": 5} == hub.shown


@pytest.mark.parametrize(("first", "second"), FORMS)
def test_units_move_to_where_they_sell_and_never_add_up_to_more_on_the_way(first: Form, second: Form) -> None:
    hub = EscrowHub(12, first, second)
    hub.settle()
    sums = list[bool]()
    for _ in range(6):
        hub.sell("east", min(1, hub.shown["east"]))
        for name in ("west", "east"):
            hub.push(name)
            sums.append(hub.exposed <= hub.hub.listings.stock[LevelKey("shirt", "M")].available)
        hub.hub.polls.finish()

    hub.settle()

    assert all(sums)
    assert hub.shown["east"] > hub.shown["west"]
    # Blind sets are raised only where it pays, for each costs room until the next poll.
    assert (4 if first is Form.SET else 6) <= sum(hub.shown.values()) <= 6


def test_a_raise_waits_until_the_other_channel_acknowledged_its_lowering() -> None:
    """Promise 7: the last unit moves from where it does not sell, and is never shown twice."""
    hub = EscrowHub(1)
    hub.settle()
    owner, other = ("east", "west") if hub.shown["east"] else ("west", "east")
    row = hub.hub.listings.listed[ListingKey("shirt", other, "shirt")]
    row.listing = replace(row.listing, sales_rate=SalesRate(thousandths=90_000, sold=0, at=hub.hub.clock.now()))
    hub.markets[owner].lost = [LOST]

    before = hub.push(other), dict(hub.shown)
    hub.push(owner)
    unconfirmed = hub.push(other), hub.exposed
    hub.hub.clock.advance(APPLIED_WITHIN_SECONDS)
    hub.push(owner)
    hub.hub.polls.finish()
    hub.settle()

    assert (Finished(), {owner: 1, other: 0}) == before
    assert (Finished(), 1) == unconfirmed
    assert {owner: 0, other: 1} == hub.shown


def test_a_blind_set_is_settled_by_a_poll_that_began_after_it_and_by_no_other() -> None:
    hub = EscrowHub(8, Form.SET, Form.SWAP)
    hub.push("east")
    pushed, before = hub.listing("east"), hub.exposed
    hub.hub.polls.last_done = hub.hub.polls.last_begun
    hub.push("east")
    early = hub.listing("east").last_reading.quantity

    hub.hub.polls.finish()
    hub.push("east")

    assert (pushed.last_reading.quantity, pushed.last_reading.quantity) == (early, acknowledged_quantity(pushed))
    assert (before, None) == (hub.exposed, hub.listing("east").last_reading.quantity)


def test_an_unseen_sale_under_a_blind_set_stays_counted_until_it_is_imported() -> None:
    hub = EscrowHub(10, Form.SET, Form.SWAP)
    hub.settle()
    hub.sell("east", 2, imported=False)
    hub.hub.set_available("shirt", 4)  # A counter sale: 6 units are gone, and both channels show too many.

    hub.push("east")
    hub.push("west")
    before_settling = hub.exposed
    hub.import_sale("east", 2)
    hub.hub.polls.finish()
    hub.settle()

    assert before_settling >= sum(hub.shown.values())
    assert 2 == hub.hub.listings.stock[LevelKey("shirt", "M")].available == hub.exposed == sum(hub.shown.values())


def test_a_number_nobody_confirmed_counts_both_ways_until_it_is_read_back_and_polled() -> None:
    hub = EscrowHub(6)
    hub.markets["east"].lost = [LOST]

    first = hub.push("east")
    doubted = hub.listing("east").exposure.units
    hub.hub.clock.advance(APPLIED_WITHIN_SECONDS)
    hub.settle()

    assert (RetryLater(), 3) == (first, doubted)
    assert (6, 6) == (sum(hub.shown.values()), hub.exposed)


def test_room_that_another_was_granted_meanwhile_is_planned_again() -> None:
    hub = EscrowHub(9)
    taken: list[bool] = []

    def rival() -> None:
        hub.hub.listings.before_bookings = []
        hub.push("west")
        taken.append(True)

    hub.hub.listings.before_bookings = [rival]

    hub.push("east")

    assert ([True], 9) == (taken, hub.exposed)


def test_units_sold_at_the_counter_meanwhile_are_not_granted() -> None:
    hub = EscrowHub(9)
    hub.hub.listings.before_bookings = [lambda: hub.hub.set_available("shirt", 2)]

    hub.settle()

    assert (2, 2) == (sum(hub.shown.values()), hub.exposed)


def test_a_frozen_listing_keeps_its_part_and_is_not_pushed() -> None:
    hub = EscrowHub(10)
    hub.settle()
    row = hub.hub.listings.listed[ListingKey("shirt", "east", "shirt")]
    row.listing = replace(row.listing, frozen=True)
    hub.hub.set_available("shirt", 7)

    hub.settle()

    assert {"east": 5, "west": 2} == hub.shown


def test_a_held_channel_shows_nothing_and_the_other_has_its_units() -> None:
    hub = EscrowHub(10)
    hub.settle()
    hub.hub.settings.accounts["east"] = replace(hub.hub.settings.accounts["east"], paused=True)

    hub.settle()

    assert {"east": 0, "west": 10} == hub.shown


def test_units_that_an_order_waits_for_are_nobodys_to_show() -> None:
    hub = EscrowHub(10)
    row = hub.hub.listings.listed[ListingKey("shirt", "east", "shirt")]
    row.listing = replace(row.listing, sold_unallocated=4)

    hub.settle()

    assert 6 == sum(hub.shown.values())


def test_a_number_read_in_escrow_settles_no_exposure_after_a_time_outside_of_it() -> None:
    """Promise 7: back in escrow, a channel may still sell all that it was pushed meanwhile."""
    hub = EscrowHub(10)
    hub.settle()
    hub.hub.set_available("shirt", 6)
    hub.push("east")
    hub.switch(Mode.SHARED)
    hub.hub.set_available("shirt", 30)
    hub.push("east")
    hub.switch(Mode.ESCROW)
    hub.hub.set_available("shirt", 8)
    hub.hub.polls.finish()

    hub.push("west")
    hub.push("east")

    assert {name: hub.listing(name).exposure.units for name in hub.markets} == hub.shown

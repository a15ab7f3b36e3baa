"""Escrow at the use case: what is told to whom, when room is free and when it is not."""

from dataclasses import replace

import pytest

from lastunit.domain.catalogue import Location, Sku
from lastunit.domain.channels import Channel, Mode
from lastunit.domain.errors import OutcomeUnknown
from lastunit.domain.exposure import Listing
from lastunit.domain.pushes import Form
from lastunit.push import Done, PushQuantities, Result, Retry, Task
from tests.fakes import FakeSettings
from tests.pushing import OVER, FakeChannel, Hub, Row

LOST = OutcomeUnknown("no answer")


class Town:
    """Two escrowed channels that show the same shirts."""

    def __init__(self, units: int, first: Form = Form.SWAP, second: Form = Form.SWAP) -> None:
        self.markets = {"east": FakeChannel(first), "west": FakeChannel(second)}
        self.hub = Hub()
        channels = {name: Channel(name, "generic", mode=Mode.ESCROW) for name in self.markets}
        self.hub.settings = FakeSettings(channels, (Location("M", 1),))
        self.hub.listings.skus["shirt"] = Sku("shirt")
        self.hub.has("shirt", units)
        for name, market in self.markets.items():
            self.hub.listings.listed["shirt", name, "shirt"] = Row(Listing(name, "shirt", "shirt"))
            market.put("shirt", 0)

    def push(self, name: str, sku: str = "shirt", *, overwrite: bool = False) -> Result:
        base = self.hub.use_case
        pool = replace(base.read_pool, form=lambda channel: self.markets[channel.name].form)
        use_case: PushQuantities = replace(base, api=lambda channel: self.markets[channel.name], read_pool=pool)
        key = (sku, name, sku)
        return use_case([Task(key, overwrite)])[key]

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
        return self.hub.listings.listed["shirt", name, "shirt"].listing

    @property
    def exposed(self) -> int:
        return sum(self.listing(name).exposure.units for name in self.markets)

    def sells(self, name: str, units: int, *, imported: bool = True) -> None:
        self.markets[name].sell("shirt", units)
        if imported:
            self.imports(name, units)

    def imports(self, name: str, units: int) -> None:
        self.hub.has("shirt", self.hub.listings.stock["shirt", "M"].available - units)
        row = self.hub.listings.listed["shirt", name, "shirt"]
        row.listing = replace(row.listing, sold=row.listing.sold + units)


FORMS = [(Form.SWAP, Form.SWAP), (Form.SWAP, Form.SET), (Form.SET, Form.SET)]


@pytest.mark.parametrize(("first", "second"), FORMS)
def test_the_numbers_shown_add_up_to_what_there_is(first: Form, second: Form) -> None:
    town = Town(10, first, second)

    town.settle()

    assert (10, 10) == (sum(town.shown.values()), town.exposed)


def test_the_first_raise_takes_no_more_than_its_share_and_the_second_what_is_left() -> None:
    town = Town(9)

    results = [town.push("east"), town.push("west")]

    assert ([Done(acknowledged=True)] * 2, 9) == (results, sum(town.shown.values()))


def test_a_sale_moves_nothing_while_nobody_starves() -> None:
    town = Town(10)
    town.settle()
    writes = [len(market.writes) for market in town.markets.values()]
    town.sells("east", 1)

    town.settle()

    assert writes == [len(market.writes) for market in town.markets.values()]
    assert {"east": 4, "west": 5} == town.shown


@pytest.mark.parametrize(("first", "second"), FORMS)
def test_units_move_to_where_they_sell_and_never_add_up_to_more_on_the_way(first: Form, second: Form) -> None:
    town = Town(12, first, second)
    town.settle()
    sums = list[bool]()
    for _ in range(6):
        town.sells("east", min(1, town.shown["east"]))
        for name in ("west", "east"):
            town.push(name)
            sums.append(town.exposed <= town.hub.listings.stock["shirt", "M"].available)
        town.hub.polls.finish()

    town.settle()

    assert all(sums)
    assert town.shown["east"] > town.shown["west"]
    # Blind sets are raised only where it pays, for each costs room until the next poll.
    assert (4 if first is Form.SET else 6) <= sum(town.shown.values()) <= 6


def test_a_raise_waits_until_the_other_channel_acknowledged_its_lowering() -> None:
    """Promise 7: the last unit moves from where it does not sell, and is never shown twice."""
    town = Town(1)
    town.settle()
    owner, other = ("east", "west") if town.shown["east"] else ("west", "east")
    row = town.hub.listings.listed["shirt", other, "shirt"]
    row.listing = replace(row.listing, pace=90_000, pace_at=town.hub.clock.now().isoformat())
    town.markets[owner].lost = [LOST]

    before = town.push(other), dict(town.shown)
    town.push(owner)
    unconfirmed = town.push(other), town.exposed
    town.hub.clock.advance(OVER)
    town.push(owner)
    town.hub.polls.finish()
    town.settle()

    assert (Done(), {owner: 1, other: 0}) == before
    assert (Done(), 1) == unconfirmed
    assert {owner: 0, other: 1} == town.shown


def test_a_blind_set_is_settled_by_a_poll_that_began_after_it_and_by_no_other() -> None:
    town = Town(8, Form.SET, Form.SWAP)
    town.push("east")
    told, before = town.listing("east"), town.exposed
    town.hub.polls.last_done = town.hub.polls.last_begun
    town.push("east")
    early = town.listing("east").observed

    town.hub.polls.finish()
    town.push("east")

    assert (told.observed, told.observed) == (early, told.acknowledged)
    assert (before, None) == (town.exposed, town.listing("east").observed)


def test_an_unseen_sale_under_a_blind_set_stays_counted_until_it_is_imported() -> None:
    town = Town(10, Form.SET, Form.SWAP)
    town.settle()
    town.sells("east", 2, imported=False)
    town.hub.has("shirt", 4)  # A counter sale: 6 units are gone, and both channels show too many.

    town.push("east")
    town.push("west")
    unsettled = town.exposed
    town.imports("east", 2)
    town.hub.polls.finish()
    town.settle()

    assert unsettled >= sum(town.shown.values())
    assert 2 == town.hub.listings.stock["shirt", "M"].available == town.exposed == sum(town.shown.values())


def test_a_number_nobody_confirmed_counts_both_ways_until_it_is_read_back_and_polled() -> None:
    town = Town(6)
    town.markets["east"].lost = [LOST]

    first = town.push("east")
    doubted = town.listing("east").exposure.units
    town.hub.clock.advance(OVER)
    town.settle()

    assert (Retry(), 3) == (first, doubted)
    assert (6, 6) == (sum(town.shown.values()), town.exposed)


def test_room_that_another_was_granted_meanwhile_is_planned_again() -> None:
    town = Town(9)
    taken: list[bool] = []

    def rival() -> None:
        town.hub.listings.rivals = []
        town.push("west")
        taken.append(True)

    town.hub.listings.rivals = [rival]

    town.push("east")

    assert ([True], 9) == (taken, town.exposed)


def test_units_sold_at_the_counter_meanwhile_are_not_granted() -> None:
    town = Town(9)
    town.hub.listings.rivals = [lambda: town.hub.has("shirt", 2)]

    town.settle()

    assert (2, 2) == (sum(town.shown.values()), town.exposed)


def test_a_frozen_listing_keeps_its_part_and_is_not_told() -> None:
    town = Town(10)
    town.settle()
    row = town.hub.listings.listed["shirt", "east", "shirt"]
    row.listing = replace(row.listing, frozen=True)
    town.hub.has("shirt", 7)

    town.settle()

    assert {"east": 5, "west": 2} == town.shown


def test_a_held_channel_shows_nothing_and_the_other_has_its_units() -> None:
    town = Town(10)
    town.settle()
    town.hub.settings.accounts["east"] = replace(town.hub.settings.accounts["east"], held=True)

    town.settle()

    assert {"east": 0, "west": 10} == town.shown


def test_units_that_an_order_waits_for_are_nobodys_to_show() -> None:
    town = Town(10)
    row = town.hub.listings.listed["shirt", "east", "shirt"]
    row.listing = replace(row.listing, owed=4)

    town.settle()

    assert 6 == sum(town.shown.values())

"""What each mode would have done with the orders of the past."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lastunit.domain.channel import Channel, Mode
from lastunit.domain.errors import InvalidInput
from lastunit.domain.keys import LevelKey, ListingKey
from lastunit.domain.listings.mode_simulation import Replayed, replay, simulate
from lastunit.domain.listings.past_orders import Past, Purchase, past
from lastunit.domain.listings.simulated_modes import Escrow, Exclusive, Shared, Shelf
from lastunit.domain.orders.order import Allocation, Line, Order, PickedUnits, Shipment
from lastunit.domain.orders.states import State
from lastunit.domain.stock.catalogue import Location, Sku
from lastunit.use_cases.listings.show_push_delay import ShowPushDelay
from lastunit.use_cases.listings.simulate_modes import SimulateModes, Simulation
from tests.support.clock import NOON, FakeClock
from tests.support.listings.risks import FakeDelays, FakePastOrders
from tests.support.orders.order_store import FakeOrderStore
from tests.support.settings import FakeSettings
from tests.support.stock.levels import stocked

Buys = tuple[float, str, str, int]
"""At so many seconds a buyer on a channel wants units of a SKU."""

DELAY = 10.0
RECIPE = {"shirt": 2, "hat": 1}


def channels(**percents: int) -> list[Channel]:
    return [Channel(name=name, kind="generic", share_percent=percent) for name, percent in percents.items()]


WEB_AND_EBAY = channels(web=100, ebay=100)


def history(buys: Sequence[Buys], **units: int) -> Past:
    purchases = tuple(
        Purchase(at=at, order_id=str(n), channel=channel, wanted={sku: qty})
        for n, (at, channel, sku, qty) in enumerate(buys)
    )
    return Past(
        purchases, {name: Sku(sku=name) for name in units} | {"set": Sku(sku="set", recipe=RECIPE)}, Counter(units)
    )


def in_turn(*names: str, every: float = 1, sku: str = "shirt") -> list[Buys]:
    """One buyer after the other wants one unit."""
    return [(n * every, name, sku, 1) for n, name in enumerate(names, 1)]


def shared(found: Past, accounts: Sequence[Channel] = WEB_AND_EBAY, delay: float = DELAY) -> Replayed:
    return replay(found, Shared(found, accounts, delay))


def exclusive(found: Past, accounts: Sequence[Channel] = WEB_AND_EBAY) -> Replayed:
    return replay(found, Exclusive(found, accounts))


def escrow(found: Past, accounts: Sequence[Channel] = WEB_AND_EBAY, delay: float = DELAY) -> Replayed:
    return replay(found, Escrow(found, accounts, delay))


# One unit on two channels, both of which sell it


def test_shared_channels_sell_the_last_unit_twice_within_the_delay() -> None:
    """The other channels still show the unit until the next sync."""
    assert Replayed(accepted=2, lacked=1) == shared(history(in_turn("web", "ebay"), shirt=1))


def test_after_the_delay_the_other_channel_knows() -> None:
    assert Replayed(accepted=1, sold_out=1) == shared(history(in_turn("web", "ebay", every=DELAY), shirt=1))


def test_a_channel_knows_of_its_own_sales_at_once() -> None:
    assert Replayed(accepted=1, sold_out=1) == shared(history(in_turn("web", "web"), shirt=1))


def test_exclusive_channels_lack_none_and_turn_buyers_away_from_units_of_others() -> None:
    """The one unit is ebay's: largest remainder, ties by name."""
    assert Replayed(accepted=1, lost=1) == exclusive(history(in_turn("web", "ebay"), shirt=1))


def test_escrow_lacks_none() -> None:
    assert Replayed(accepted=1, lost=1) == escrow(history(in_turn("web", "ebay"), shirt=1))


# Shares


def test_a_shared_channel_sees_its_percentage_of_what_is_left() -> None:
    """50 % of 10 are 5; after three are known to be sold elsewhere, 50 % of 7."""
    buys: list[Buys] = [(1, "ebay", "shirt", 3), (2, "web", "shirt", 5), (20, "web", "shirt", 2)]

    assert Replayed(accepted=2, lost=1) == shared(history(buys, shirt=10), channels(web=50, ebay=100))


def test_exclusive_shares_are_dealt_out_once() -> None:
    """60 % and 40 % of 5 units are 3 and 2."""
    found = history(in_turn("web", "web", "ebay", "ebay", "ebay", "web", "web"), shirt=5)

    assert Replayed(accepted=5, lost=1, sold_out=1) == exclusive(found, channels(web=60, ebay=40))


def test_shares_of_more_than_all_are_scaled_down() -> None:
    found = history(in_turn(*["web"] * 3, *["ebay"] * 3), shirt=4)

    assert Replayed(accepted=4, lost=1, sold_out=1) == exclusive(found, channels(web=100, ebay=100))


@pytest.mark.parametrize("world", [shared, exclusive, escrow])
def test_a_buffer_is_held_back_in_every_mode(world: Callable[..., Replayed]) -> None:
    [web] = channels(web=100)
    found = history(in_turn("web", "web", "web"), shirt=3)

    assert Replayed(accepted=2, lost=1) == world(found, [replace(web, buffer=1)])


@pytest.mark.parametrize("world", [shared, exclusive, escrow])
def test_a_cap_is_obeyed_in_every_mode(world: Callable[..., Replayed]) -> None:
    [web] = channels(web=100)
    found = history([(1, "web", "shirt", 2), (2, "web", "shirt", 1)], shirt=3)

    assert Replayed(accepted=1, lost=1) == world(found, [replace(web, cap=1)])


# Units that move


@pytest.mark.parametrize(
    ("seconds", "expected"), [(1.9, Replayed(accepted=4, lost=1)), (2.1, Replayed(accepted=5))]
)
def test_escrowed_units_move_to_where_they_sell_within_twice_the_delay(seconds: float, expected: Replayed) -> None:
    """Half of 6 units each; when web has sold 3, ebay is lowered, and only then is web raised."""
    buys = [*in_turn("web", "web", "web", every=0.001), (seconds * DELAY, "web", "shirt", 1)]
    buys.append((100 * DELAY, "ebay", "shirt", 1))

    assert expected == escrow(history(buys, shirt=6))


def test_what_a_channel_sells_while_it_is_being_lowered_is_not_taken_off_it_again() -> None:
    [web] = channels(web=100)
    shelf = Shelf(key=ListingKey("shirt", "web", "shirt"), channel=web, item=Sku(sku="shirt"), shown=3, moving=-2)

    shelf.sold(2, 1)
    shelf.arrive()

    assert (0, 0) == (shelf.shown, shelf.moving)


def test_the_order_in_which_channels_are_named_decides_nothing() -> None:
    assert simulate(history(in_turn("web", "ebay"), shirt=1), WEB_AND_EBAY, DELAY) == simulate(
        history(in_turn("web", "ebay"), shirt=1), WEB_AND_EBAY[::-1], DELAY
    )


# Whatever was bought


SKUS = ("shirt", "hat")
TIMES = st.floats(0, 100, allow_nan=False, allow_infinity=False)
SINGLE = st.builds(
    lambda at, channel, sku, units: (at, channel, {sku: units}),
    TIMES,
    st.sampled_from(["web", "ebay", "shop"]),
    st.sampled_from(SKUS),
    st.integers(1, 3),
)
BASKETS = st.tuples(
    TIMES,
    st.sampled_from(["web", "ebay", "shop"]),
    st.dictionaries(st.sampled_from([*SKUS, "set"]), st.integers(1, 3), min_size=1),
)
UNITS = st.fixed_dictionaries({sku: st.integers(0, 12) for sku in SKUS})
PERCENTS = st.lists(st.integers(0, 100), min_size=3, max_size=3)


def drawn(bought: Sequence[tuple[float, str, Mapping[str, int]]], units: Mapping[str, int]) -> Past:
    purchases = [
        Purchase(at=at, order_id=str(n), channel=channel, wanted=wanted)
        for n, (at, channel, wanted) in enumerate(bought)
    ]
    ordered = tuple(sorted(purchases, key=lambda one: (one.at, one.order_id)))
    return Past(
        ordered, {sku: Sku(sku=sku) for sku in SKUS} | {"set": Sku(sku="set", recipe=RECIPE)}, Counter(units)
    )


def three(percents: Sequence[int]) -> list[Channel]:
    return channels(**dict(zip(("web", "ebay", "shop"), percents, strict=True)))


@settings(max_examples=100)
@given(st.lists(BASKETS, max_size=25), UNITS, PERCENTS, st.sampled_from([0.0, 0.5, 7.0, 1000.0]))
def test_escrow_never_lacks_a_unit_whatever_the_delay(
    bought: list[tuple[float, str, dict[str, int]]], units: dict[str, int], percents: list[int], delay: float
) -> None:
    """Promise 7, kits and baskets of several SKUs included."""
    assert 0 == escrow(drawn(bought, units), three(percents), delay).lacked


@given(st.lists(SINGLE, max_size=25), UNITS, PERCENTS)
def test_shared_channels_lack_none_when_nothing_is_late(
    bought: list[tuple[float, str, dict[str, int]]], units: dict[str, int], percents: list[int]
) -> None:
    assert 0 == shared(drawn(bought, units), three(percents), 0).lacked


@given(st.lists(SINGLE, max_size=25), UNITS, PERCENTS)
def test_exclusive_channels_never_lack_a_unit(
    bought: list[tuple[float, str, dict[str, int]]], units: dict[str, int], percents: list[int]
) -> None:
    assert 0 == exclusive(drawn(bought, units), three(percents)).lacked


@given(st.lists(BASKETS, max_size=25), UNITS, PERCENTS, st.sampled_from([0.0, 7.0]))
def test_every_buyer_is_counted_once_and_no_unit_is_sold_twice(
    bought: list[tuple[float, str, dict[str, int]]], units: dict[str, int], percents: list[int], delay: float
) -> None:
    for count in simulate(drawn(bought, units), three(percents), delay).values():
        assert len(bought) == count.accepted + count.lost + count.sold_out
        assert 0 <= count.lacked <= count.accepted


# The past


def order(number: str, *lines: Line, at: timedelta = timedelta(days=-1), **fields: object) -> Order:
    allocations = tuple(
        Allocation(line_id=line.line_id, sku=part, location="M", quantity=units * line.quantity)
        for line in lines
        for part, units in line.parts.items()
    )
    placed_at = NOON + at
    base = Order(
        channel="web",
        external_id=number,
        state=State.RESERVED,
        revision="1",
        lines=lines,
        allocations=allocations,
        placed_at=placed_at,
    )
    return replace(base, **fields)  # type: ignore[arg-type]


def line(sku: str, quantity: int, parts: Mapping[str, int] | None = None) -> Line:
    return Line(line_id="1", names=(sku,), quantity=quantity, listing=sku, sku=sku, parts=parts or {sku: 1})


def of_last_month(*orders: Order, **available: int) -> Past:
    return past(orders, available, NOON - timedelta(days=30))


def test_what_the_orders_took_was_there_before_them() -> None:
    found = of_last_month(order("1", line("shirt", 3)), order("2", line("set", 2, RECIPE)), shirt=4)

    assert {"shirt": 11, "hat": 2} == found.units
    assert [{"shirt": 3}, {"set": 2}] == [one.wanted for one in found.purchases]
    assert {"shirt": Sku(sku="shirt"), "set": Sku(sku="set", recipe=RECIPE)} == found.items


def test_what_has_left_was_there_and_what_was_never_taken_was_not() -> None:
    shipped = order(
        "1",
        line("shirt", 3),
        allocations=(),
        shipments=(
            Shipment(
                shipment_id="s1",
                lines={"1": 3},
                picked=(PickedUnits(line_id="1", sku="shirt", location="M", quantity=3),),
            ),
        ),
    )
    requested = order("2", line("shirt", 5), allocations=(), state=State.REQUESTED)

    found = of_last_month(shipped, requested, shirt=1)

    assert ({"shirt": 4}, 2) == (found.units, len(found.purchases))


def test_orders_are_replayed_by_the_time_they_were_placed_or_were_changed_last() -> None:
    early = order("b", line("shirt", 1), at=timedelta(days=-3))
    unknown = order("a", line("shirt", 1), placed_at=None, changed_at=NOON - timedelta(days=2))
    day_only = order("c", line("shirt", 1), placed_at=datetime(2026, 11, 20, tzinfo=UTC))

    found = of_last_month(day_only, unknown, early)

    assert ["web:b", "web:a", "web:c"] == [one.order_id for one in found.purchases]


def test_what_was_placed_before_is_no_part_of_it() -> None:
    before = order("1", line("shirt", 1), at=timedelta(days=-31))

    assert Past((), {}, Counter({"shirt": 2})) == of_last_month(before, shirt=2)


def test_lines_that_were_cancelled_or_are_unknown_are_nothing_wanted() -> None:
    lines = (replace(line("shirt", 1), cancelled=True), replace(line("hat", 1), sku=None, parts={}))

    assert () == of_last_month(order("1", *lines)).purchases


# From the shop


def simulation(orders: Sequence[Order], delays: FakeDelays | None = None) -> SimulateModes:
    book = FakeOrderStore({LevelKey("shirt", at): stocked("shirt", at, 1) for at in ("M", "L")})
    places = FakeSettings({one.name: one for one in WEB_AND_EBAY}, (Location("M", 1), Location("L", 2)))
    shows = ShowPushDelay(delays or FakeDelays(), places, FakeClock())
    return SimulateModes(orders=FakePastOrders(orders), stock=book, settings=places, delay=shows, clock=FakeClock())


def test_every_mode_is_tried_at_the_measured_delay() -> None:
    measured = FakeDelays({("web", NOON.date()): Counter({2: 19, 64: 1})})
    orders = [replace(order(str(n), line("shirt", 1)), channel=name) for n, name in enumerate(("web", "ebay"))]

    found = simulation(orders, measured).simulate(30, None, 10)

    assert (
        Simulation(
            days=30, delay_seconds=2, orders=2, complete=True, modes={mode: Replayed(accepted=2) for mode in Mode}
        )
        == found
    )


def test_a_delay_of_ones_own_choice_needs_no_measure() -> None:
    assert 7.5 == simulation([]).simulate(30, 7.5, 10).delay_seconds


def test_without_a_measure_a_delay_must_be_named() -> None:
    with pytest.raises(InvalidInput) as caught:
        simulation([]).simulate(30, None, 10)

    assert "delay_seconds" == caught.value.field


def test_it_says_when_not_all_orders_were_read() -> None:
    found = simulation([order(str(n), line("shirt", 1)) for n in range(3)]).simulate(30, 0, 2)

    assert (2, False) == (found.orders, found.complete)


def test_orders_of_channels_that_are_gone_are_left_out() -> None:
    gone = replace(order("1", line("shirt", 1)), channel="gone")

    assert 0 == simulation([gone]).simulate(30, 0, 10).orders

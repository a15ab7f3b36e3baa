"""The use case over an order's life: what a batch holds beside new orders, and whom an impossible wish concerns."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from lastunit.domain.channel import Channel
from lastunit.domain.errors import Conflict
from lastunit.domain.keys import LevelKey
from lastunit.domain.orders.commit_groups import ITEMS_MAX, LEVELS_MAX
from lastunit.domain.orders.inbound import (
    DeadlineCheck,
    DecideRequest,
    OrderInput,
    PaymentReceived,
    ReturnAnnounced,
    ShipmentNotice,
    ShippedLine,
    StockArrived,
)
from lastunit.domain.orders.states import OrderReason, State
from lastunit.domain.orders.units import awaited_units
from lastunit.domain.stock.catalogue import Sku
from lastunit.domain.stock.levels import Bin, BinKind
from lastunit.use_cases.orders.change_orders import ChangeResult
from tests.support.clock import NOON
from tests.support.orders.inputs import cancelled, retry, shipment_notice, sold
from tests.support.orders.order_shop import OrderShop, outcome_name
from tests.support.orders.order_store import Mishap

SHIRT = LevelKey("shirt", "M")
HAT = LevelKey("hat", "M")
ASKING = Channel(
    name="web", kind="generic", takes_requests=True, payment_minutes=60, retry_requests_on_restock=True
)


def accept(external_id: str = "1", by: str = "Ann") -> DecideRequest:
    return DecideRequest(channel="web", external_id=external_id, accept=True, by=by)


# Wishes that cannot be


def test_an_impossible_wish_is_answered_by_itself_and_disturbs_nobody() -> None:
    shop = OrderShop({SHIRT: 5})
    shop.apply(sold({"shirt": 1}))

    outcomes = shop.apply(
        accept(),
        sold({"shirt": 1}, "2"),
        PaymentReceived("web", "nowhere"),
        ReturnAnnounced(channel="web", external_id="1", return_id="r1", lines={"1": 1}),
        sold({"shirt": 1}, "3"),
    )

    assert ["Conflict", "reserved", "NotFound", "InvalidInput", "reserved"] == outcomes
    assert ({SHIRT: 2}, []) == (shop.available(), shop.broken_promises())


def test_an_impossible_wish_leaves_the_other_facts_of_its_order_in_force() -> None:
    shop = OrderShop({SHIRT: 5})

    outcomes = shop.apply(sold({"shirt": 1}), accept(), sold({"shirt": 3}, revision="2"))

    assert (["reserved", "Conflict", "reserved"], {SHIRT: 2}) == (outcomes, shop.available())


def test_a_change_that_loses_a_race_learns_who_won() -> None:
    """Two people decide one request: the second write finds the first one's verdict."""
    shop = OrderShop({SHIRT: 5}, channel=ASKING)
    shop.apply(sold({"shirt": 9}))
    shop.order_store.rivals = [lambda: apply_by_rival(shop, accept(by="Bea"))]

    answer = shop.change(DecideRequest(channel="web", external_id="1", accept=False, by="Ann"))["0"]

    assert isinstance(answer, Conflict)
    assert ("awaiting_payment", "Bea") == (answer.details["state"], answer.details["decided_by"])
    assert ({SHIRT: 0}, []) == (shop.available(), shop.broken_promises())


def apply_by_rival(shop: OrderShop, order_input: OrderInput) -> None:
    shop.apply(order_input)


# Several facts in one write


def test_facts_that_lead_step_by_step_are_one_write_though_no_way_leads_there_at_once() -> None:
    """Reserved → cancelled (edited down to nothing) → requested (edited up again, beyond what there is)."""
    shop = OrderShop({SHIRT: 5})
    shop.apply(sold({"shirt": 2}))

    outcomes = shop.apply(sold({"shirt": 0}, revision="2"), sold({"shirt": 9}, revision="3"))

    assert (["cancelled", "requested"], 2, {SHIRT: 5}) == (
        outcomes,
        len(shop.order_store.written),
        shop.available(),
    )


def test_an_order_asked_for_and_accepted_in_one_batch_is_one_write() -> None:
    shop = OrderShop({SHIRT: 5}, channel=ASKING)

    outcomes = shop.apply(sold({"shirt": 9}), accept(), PaymentReceived("web", "1"))

    assert (["requested", "awaiting_payment", "backordered"], 1) == (outcomes, len(shop.order_store.written))
    assert ({SHIRT: 0}, ["web:1"], []) == (
        shop.available(),
        shop.order_store.queue_for("shirt", 9),
        shop.broken_promises(),
    )


def test_an_order_and_its_shipment_in_one_batch_deplete_at_once() -> None:
    shop = OrderShop({SHIRT: 5})

    outcomes = shop.apply(sold({"shirt": 2}), shipment_notice({"shirt": 2}), shipment_notice({"shirt": 2}))

    level = shop.order_store.stock[SHIRT]
    assert ["reserved", "shipped", "duplicate"] == outcomes
    assert (3, 3, 0, 1) == (level.on_hand, level.available, level.reserved, level.seq)


# What an order is placed with


def test_an_edit_keeps_the_recipe_a_line_was_placed_with() -> None:
    shop = OrderShop({SHIRT: 9, HAT: 9}, kits={"set": {"shirt": 2, "hat": 1}})
    shop.apply(sold({"set": 1}))
    shop.order_store.skus["set"] = Sku(sku="set", recipe={"hat": 4})

    outcomes = shop.apply(sold({"set": 2}, revision="2"), sold({"set": 1}, "2"))

    assert (["reserved", "reserved"], {SHIRT: 5, HAT: 3}, []) == (
        outcomes,
        shop.available(),
        shop.broken_promises(),
    )


def test_a_line_that_comes_to_name_another_kit_gets_that_ones_recipe() -> None:
    shop = OrderShop({SHIRT: 9, HAT: 9}, kits={"set": {"shirt": 2, "hat": 1}})
    shop.apply(sold({"shirt": 1}))

    shop.apply(sold({"set": 1}, revision="2"))

    assert {SHIRT: 7, HAT: 8} == shop.available()


# Since when a person is awaited


def test_a_person_is_awaited_from_the_first_moment_however_often_the_order_is_looked_at() -> None:
    shop = OrderShop({SHIRT: 5})
    shop.apply(sold({"what": 2}))
    shop.clock.pass_minutes(5)

    shop.apply(sold({"what": 3}, revision="2"))
    shop.apply(retry())
    shop.apply(sold({"shirt": 99}, revision="3"))

    assert (State.REQUESTED, NOON) == (shop.order().state, shop.order().waiting_since)


def test_who_waits_once_more_is_awaited_from_that_moment() -> None:
    shop = OrderShop({SHIRT: 5})
    shop.apply(sold({"what": 2}))
    shop.apply(sold({"shirt": 2}, revision="2"))
    settled = shop.order().waiting_since
    shop.clock.pass_minutes(5)

    shop.apply(sold({"what": 2}, revision="3"))

    assert (None, shop.clock.time) == (settled, shop.order().waiting_since)


# What is read again


def test_a_refusal_that_shows_a_changed_order_reads_again_what_it_now_holds() -> None:
    """The parcel names a line only; a rival turned that line into hats, of which nothing had been read."""
    shop = OrderShop({SHIRT: 5, HAT: 5})
    shop.apply(sold({"shirt": 2}))
    hats = shop.order_store.stock[HAT]
    shop.order_store.stock[HAT] = replace(
        hats, unplaced=0, bins={"P": Bin(name="P", kind=BinKind.PICKING, on_hand=5)}
    )
    shop.order_store.rivals = [lambda: apply_by_rival(shop, sold({"hat": 2}, revision="2"))]

    outcomes = shop.apply(
        ShipmentNotice(channel="web", external_id="1", shipment_id="s1", lines=(ShippedLine(2, "1"),))
    )

    level = shop.order_store.stock[HAT]
    assert (["shipped"], 3, 0, {SHIRT: 5, HAT: 3}) == (outcomes, level.on_hand, level.unplaced, shop.available())
    assert (3, []) == (level.bins["P"].on_hand, shop.broken_promises())


def test_a_picking_bin_that_a_rival_emptied_is_planned_again_and_the_rest_is_short() -> None:
    shop = OrderShop({SHIRT: 6})
    shelf = {
        "P": Bin(name="P", kind=BinKind.PICKING, on_hand=3),
        "S": Bin(name="S", kind=BinKind.STORAGE, on_hand=3),
    }
    shop.order_store.stock[SHIRT] = replace(shop.order_store.stock[SHIRT], unplaced=0, bins=shelf)
    shop.apply(sold({"shirt": 2}), sold({"shirt": 2}, "2"))
    shop.order_store.rivals = [lambda: apply_by_rival(shop, shipment_notice({"shirt": 2}, "2"))]

    outcomes = shop.apply(shipment_notice({"shirt": 2}))

    level = shop.order_store.stock[SHIRT]
    assert (["shipped"], 2, -1) == (outcomes, level.on_hand, level.unplaced)
    assert {"P": 0, "S": 3} == {name: bin.on_hand for name, bin in level.bins.items()}


# Who waits for stock


def arrived(shop: OrderShop, units: int) -> None:
    level = shop.order_store.stock[SHIRT]
    shop.order_store.stock[SHIRT] = replace(
        level,
        on_hand=level.on_hand + units,
        available=level.available + units,
        unplaced=level.unplaced + units,
    )


def test_an_uncovered_edit_of_an_accepted_order_keeps_its_place_in_the_queue() -> None:
    """Nothing is reserved for it yet, and still it is no request any more: a person has decided."""
    shop = OrderShop({SHIRT: 0}, channel=replace(ASKING, payment_minutes=None))
    shop.apply(sold({"shirt": 2}), accept())

    edited = shop.apply(sold({"shirt": 3}, revision="2"))
    queue = shop.order_store.queue_for("shirt", 9)
    arrived(shop, 9)
    filled = shop.apply(StockArrived("web", "1")) + shop.apply(retry())

    assert (["exception"], ["web:1"], ["exception", "reserved"]) == (edited, queue, filled)
    assert ({SHIRT: 6}, [], []) == (
        shop.available(),
        shop.order_store.queue_for("shirt", 9),
        shop.broken_promises(),
    )


def test_an_order_paid_and_edited_in_one_breath_is_not_cancelled_by_its_clock() -> None:
    shop = OrderShop({SHIRT: 5}, channel=ASKING)
    shop.apply(sold({"shirt": 6}), accept())

    shop.apply(replace(sold({"shirt": 4}, revision="2"), paid=True))
    shop.clock.pass_minutes(120)
    late = shop.apply(DeadlineCheck("web", "1"))

    assert (["duplicate"], State.RESERVED, {SHIRT: 1}) == (late, shop.order().state, shop.available())
    assert [] == shop.order_store.due("payment", shop.clock.time, 9)


def test_a_request_of_half_the_levels_is_answered_in_one_write_and_a_larger_one_refused() -> None:
    """Its answer gives up a place in each queue and takes as many levels."""
    skus = [f"s{at}" for at in range(LEVELS_MAX // 2 + 1)]
    shop = OrderShop({LevelKey(sku, "M"): 1 for sku in skus}, channel=replace(ASKING, payment_minutes=None))

    asked = shop.apply(sold(dict.fromkeys(skus[1:], 2)), sold(dict.fromkeys(skus, 2), "2"))
    answered = shop.apply(accept())

    assert (["requested", "exception"], ["backordered"]) == (asked, answered)
    assert (OrderReason.TOO_MANY_LEVELS, []) == (shop.order("2").reason, shop.broken_promises())
    assert ITEMS_MAX >= max(group.size for group in shop.order_store.attempts)


# What always holds

ORDERS = ("1", "2", "3")
UNITS = st.dictionaries(st.sampled_from(["shirt", "hat", "set", "what"]), st.integers(0, 3), min_size=1)
FACTS: st.SearchStrategy[OrderInput] = st.one_of(
    st.builds(
        lambda units, number, revision, paid: replace(sold(units, number, revision=str(revision)), paid=paid),
        UNITS,
        st.sampled_from(ORDERS),
        st.integers(1, 4),
        st.booleans(),
    ),
    st.builds(cancelled, st.sampled_from(ORDERS)),
    st.builds(retry, st.sampled_from(ORDERS)),
    st.builds(
        lambda number, yes: DecideRequest(channel="web", external_id=number, accept=yes, by="Ann"),
        st.sampled_from(ORDERS),
        st.sampled_from([True, True, False]),
    ),
    st.builds(PaymentReceived, st.just("web"), st.sampled_from(ORDERS)),
    st.builds(StockArrived, st.just("web"), st.sampled_from(ORDERS)),
    st.builds(DeadlineCheck, st.just("web"), st.sampled_from(ORDERS)),
    st.builds(
        lambda units, number, parcel, voided: replace(
            shipment_notice(units, number, shipment_id=parcel), voided=voided
        ),
        st.dictionaries(st.sampled_from(["shirt", "hat", "set"]), st.integers(1, 2), min_size=1),
        st.sampled_from(ORDERS),
        st.sampled_from(["s1", "s2"]),
        st.sampled_from([False, False, True]),
    ),
)
MISHAPS = st.lists(st.one_of(st.none(), st.sampled_from(Mishap)), max_size=6)


@given(st.lists(FACTS, max_size=20), st.integers(1, 6), MISHAPS, st.integers(0, 90))
def test_no_facts_in_whatever_batches_with_whatever_mishap_break_a_promise(
    order_inputs: list[OrderInput], batch: int, mishaps: list[Mishap | None], minutes: int
) -> None:
    shop = OrderShop(
        {SHIRT: 4, HAT: 2, LevelKey("shirt", "L"): 2}, kits={"set": {"shirt": 2, "hat": 1}}, channel=ASKING
    )
    shop.order_store.mishaps = mishaps

    for start in range(0, len(order_inputs), batch):
        shop.apply(*order_inputs[start : start + batch])
        shop.clock.pass_minutes(minutes)

        assert [] == shop.broken_promises()
        assert [] == misplaced(shop)


def misplaced(shop: OrderShop) -> list[str]:
    """Queue places without an order that waits there, or the other way round."""
    waiting = {
        (sku, order.queued_at, order.order_id): units
        for order in shop.order_store.rows.values()
        if order.queued_at
        for sku, units in awaited_units(order).items()
    }
    return [str(place) for place in waiting.items() ^ shop.order_store.queue.items()]


def test_what_is_answered_is_the_order_as_it_now_stands() -> None:
    shop = OrderShop({SHIRT: 5})

    answers = shop.change(sold({"shirt": 1}), cancelled())

    assert {State.CANCELLED} == {one.order.state for one in answers.values() if isinstance(one, ChangeResult)}
    assert ["reserved", "cancelled"] == [outcome_name(one) for one in answers.values()]

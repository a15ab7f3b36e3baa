"""The use case over an order's life: what a batch holds beside new orders, and whom an impossible wish concerns."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from lastunit.change_orders import Changed
from lastunit.domain.catalogue import Sku
from lastunit.domain.channels import Channel
from lastunit.domain.errors import Conflict
from lastunit.domain.facts import (
    Answer,
    Arrival,
    Fact,
    Payment,
    ReturnAnnounced,
    Shipment,
    ShippedLine,
    Tick,
)
from lastunit.domain.groups import ITEMS_MAX
from lastunit.domain.levels import Bin, BinKind
from lastunit.domain.lifecycle import Reason, State
from lastunit.domain.orders import LEVELS_MAX, wants
from tests.fakes import NOON, Mishap, Shop, again, cancelled, left_us, sold, told

SHIRT = ("shirt", "M")
HAT = ("hat", "M")
ASKING = Channel("web", "generic", takes_requests=True, payment_minutes=60, reevaluates=True)


def accept(external_id: str = "1", by: str = "Ann") -> Answer:
    return Answer("web", external_id, True, by)


# Wishes that cannot be


def test_an_impossible_wish_is_answered_by_itself_and_disturbs_nobody() -> None:
    shop = Shop({SHIRT: 5})
    shop.tell(sold({"shirt": 1}))

    outcomes = shop.tell(
        accept(),
        sold({"shirt": 1}, "2"),
        Payment("web", "nowhere"),
        ReturnAnnounced("web", "1", "r1", {"1": 1}),
        sold({"shirt": 1}, "3"),
    )

    assert ["Conflict", "reserved", "NotFound", "InvalidInput", "reserved"] == outcomes
    assert ({SHIRT: 2}, []) == (shop.left(), shop.broken_promises())


def test_an_impossible_wish_leaves_the_other_facts_of_its_order_in_force() -> None:
    shop = Shop({SHIRT: 5})

    outcomes = shop.tell(sold({"shirt": 1}), accept(), sold({"shirt": 3}, revision="2"))

    assert (["reserved", "Conflict", "reserved"], {SHIRT: 2}) == (outcomes, shop.left())


def test_a_wish_that_loses_a_race_is_told_who_won() -> None:
    """Two people decide one request: the second write finds the first one's verdict."""
    shop = Shop({SHIRT: 5}, channel=ASKING)
    shop.tell(sold({"shirt": 9}))
    shop.book.rivals = [lambda: told_by_rival(shop, accept(by="Bea"))]

    answer = shop.answer(Answer("web", "1", False, "Ann"))["0"]

    assert isinstance(answer, Conflict)
    assert ("awaiting_payment", "Bea") == (answer.details["state"], answer.details["decided_by"])
    assert ({SHIRT: 0}, []) == (shop.left(), shop.broken_promises())


def told_by_rival(shop: Shop, fact: Fact) -> None:
    shop.tell(fact)


# Several facts in one write


def test_facts_that_lead_step_by_step_are_one_write_though_no_way_leads_there_at_once() -> None:
    """Reserved → cancelled (edited down to nothing) → requested (edited up again, beyond what there is)."""
    shop = Shop({SHIRT: 5})
    shop.tell(sold({"shirt": 2}))

    outcomes = shop.tell(sold({"shirt": 0}, revision="2"), sold({"shirt": 9}, revision="3"))

    assert (["cancelled", "requested"], 2, {SHIRT: 5}) == (outcomes, len(shop.book.written), shop.left())


def test_an_order_asked_for_and_accepted_in_one_batch_is_one_write() -> None:
    shop = Shop({SHIRT: 5}, channel=ASKING)

    outcomes = shop.tell(sold({"shirt": 9}), accept(), Payment("web", "1"))

    assert (["requested", "awaiting_payment", "promised"], 1) == (outcomes, len(shop.book.written))
    assert ({SHIRT: 0}, ["web:1"], []) == (shop.left(), shop.book.queue_for("shirt", 9), shop.broken_promises())


def test_an_order_and_its_shipment_in_one_batch_deplete_at_once() -> None:
    shop = Shop({SHIRT: 5})

    outcomes = shop.tell(sold({"shirt": 2}), left_us({"shirt": 2}), left_us({"shirt": 2}))

    level = shop.book.stock[SHIRT]
    assert ["reserved", "shipped", "duplicate"] == outcomes
    assert (3, 3, 0, 1) == (level.on_hand, level.available, level.reserved, level.seq)


# What an order is placed with


def test_an_edit_keeps_the_recipe_a_line_was_placed_with() -> None:
    shop = Shop({SHIRT: 9, HAT: 9}, kits={"set": {"shirt": 2, "hat": 1}})
    shop.tell(sold({"set": 1}))
    shop.book.skus["set"] = Sku("set", recipe={"hat": 4})

    outcomes = shop.tell(sold({"set": 2}, revision="2"), sold({"set": 1}, "2"))

    assert (["reserved", "reserved"], {SHIRT: 5, HAT: 3}, []) == (outcomes, shop.left(), shop.broken_promises())


def test_a_line_that_comes_to_name_another_kit_gets_that_ones_recipe() -> None:
    shop = Shop({SHIRT: 9, HAT: 9}, kits={"set": {"shirt": 2, "hat": 1}})
    shop.tell(sold({"shirt": 1}))

    shop.tell(sold({"set": 1}, revision="2"))

    assert {SHIRT: 7, HAT: 8} == shop.left()


# Since when a person is awaited


def test_a_person_is_awaited_from_the_first_moment_however_often_the_order_is_looked_at() -> None:
    shop = Shop({SHIRT: 5})
    shop.tell(sold({"what": 2}))
    shop.clock.pass_minutes(5)

    shop.tell(sold({"what": 3}, revision="2"))
    shop.tell(again())
    shop.tell(sold({"shirt": 99}, revision="3"))

    assert (State.REQUESTED, NOON.isoformat()) == (shop.order().state, shop.order().waiting_since)


def test_who_waits_once_more_is_awaited_from_that_moment() -> None:
    shop = Shop({SHIRT: 5})
    shop.tell(sold({"what": 2}))
    shop.tell(sold({"shirt": 2}, revision="2"))
    settled = shop.order().waiting_since
    shop.clock.pass_minutes(5)

    shop.tell(sold({"what": 2}, revision="3"))

    assert (None, shop.clock.at.isoformat()) == (settled, shop.order().waiting_since)


# What is read again


def test_a_refusal_that_shows_a_changed_order_reads_again_what_it_now_holds() -> None:
    """The parcel names a line only; a rival turned that line into hats, of which nothing had been read."""
    shop = Shop({SHIRT: 5, HAT: 5})
    shop.tell(sold({"shirt": 2}))
    hats = shop.book.stock[HAT]
    shop.book.stock[HAT] = replace(hats, unplaced=0, bins={"P": Bin("P", BinKind.PICKING, 5)})
    shop.book.rivals = [lambda: told_by_rival(shop, sold({"hat": 2}, revision="2"))]

    outcomes = shop.tell(Shipment("web", "1", "s1", (ShippedLine(2, "1"),)))

    level = shop.book.stock[HAT]
    assert (["shipped"], 3, 0, {SHIRT: 5, HAT: 3}) == (outcomes, level.on_hand, level.unplaced, shop.left())
    assert (3, []) == (level.bins["P"].on_hand, shop.broken_promises())


def test_a_picking_bin_that_a_rival_emptied_is_planned_again_and_the_rest_is_short() -> None:
    shop = Shop({SHIRT: 6})
    shelf = {"P": Bin("P", BinKind.PICKING, 3), "S": Bin("S", BinKind.STORAGE, 3)}
    shop.book.stock[SHIRT] = replace(shop.book.stock[SHIRT], unplaced=0, bins=shelf)
    shop.tell(sold({"shirt": 2}), sold({"shirt": 2}, "2"))
    shop.book.rivals = [lambda: told_by_rival(shop, left_us({"shirt": 2}, "2"))]

    outcomes = shop.tell(left_us({"shirt": 2}))

    level = shop.book.stock[SHIRT]
    assert (["shipped"], 2, -1) == (outcomes, level.on_hand, level.unplaced)
    assert {"P": 0, "S": 3} == {name: bin.on_hand for name, bin in level.bins.items()}


# Who waits for stock


def arrived(shop: Shop, units: int) -> None:
    level = shop.book.stock[SHIRT]
    shop.book.stock[SHIRT] = replace(
        level,
        on_hand=level.on_hand + units,
        available=level.available + units,
        unplaced=level.unplaced + units,
    )


def test_an_uncovered_edit_of_an_accepted_order_keeps_its_place_in_the_queue() -> None:
    """Nothing is reserved for it yet, and still it is no request any more: a person has decided."""
    shop = Shop({SHIRT: 0}, channel=replace(ASKING, payment_minutes=None))
    shop.tell(sold({"shirt": 2}), accept())

    edited = shop.tell(sold({"shirt": 3}, revision="2"))
    queue = shop.book.queue_for("shirt", 9)
    arrived(shop, 9)
    filled = shop.tell(Arrival("web", "1")) + shop.tell(again())

    assert (["exception"], ["web:1"], ["exception", "reserved"]) == (edited, queue, filled)
    assert ({SHIRT: 6}, [], []) == (shop.left(), shop.book.queue_for("shirt", 9), shop.broken_promises())


def test_an_order_paid_and_edited_in_one_breath_is_not_cancelled_by_its_clock() -> None:
    shop = Shop({SHIRT: 5}, channel=ASKING)
    shop.tell(sold({"shirt": 6}), accept())

    shop.tell(replace(sold({"shirt": 4}, revision="2"), paid=True))
    shop.clock.pass_minutes(120)
    late = shop.tell(Tick("web", "1"))

    assert (["duplicate"], State.RESERVED, {SHIRT: 1}) == (late, shop.order().state, shop.left())
    assert [] == shop.book.due("payment", shop.clock.at, 9)


def test_a_request_of_half_the_levels_can_be_answered_in_one_write_and_a_larger_one_is_an_exception() -> None:
    """Its answer gives up a place in each queue and takes as many levels."""
    skus = [f"s{at}" for at in range(LEVELS_MAX // 2 + 1)]
    shop = Shop({(sku, "M"): 1 for sku in skus}, channel=replace(ASKING, payment_minutes=None))

    asked = shop.tell(sold(dict.fromkeys(skus[1:], 2)), sold(dict.fromkeys(skus, 2), "2"))
    answered = shop.tell(accept())

    assert (["requested", "exception"], ["promised"]) == (asked, answered)
    assert (Reason.TOO_MANY_LEVELS, []) == (shop.order("2").reason, shop.broken_promises())
    assert ITEMS_MAX >= max(group.size for group in shop.book.attempts)


# What always holds

ORDERS = ("1", "2", "3")
UNITS = st.dictionaries(st.sampled_from(["shirt", "hat", "set", "what"]), st.integers(0, 3), min_size=1)
FACTS: st.SearchStrategy[Fact] = st.one_of(
    st.builds(
        lambda units, number, revision, paid: replace(sold(units, number, revision=str(revision)), paid=paid),
        UNITS,
        st.sampled_from(ORDERS),
        st.integers(1, 4),
        st.booleans(),
    ),
    st.builds(cancelled, st.sampled_from(ORDERS)),
    st.builds(again, st.sampled_from(ORDERS)),
    st.builds(
        lambda number, yes: Answer("web", number, yes, "Ann"),
        st.sampled_from(ORDERS),
        st.sampled_from([True, True, False]),
    ),
    st.builds(Payment, st.just("web"), st.sampled_from(ORDERS)),
    st.builds(Arrival, st.just("web"), st.sampled_from(ORDERS)),
    st.builds(Tick, st.just("web"), st.sampled_from(ORDERS)),
    st.builds(
        lambda units, number, parcel, voided: replace(left_us(units, number, shipment_id=parcel), voided=voided),
        st.dictionaries(st.sampled_from(["shirt", "hat", "set"]), st.integers(1, 2), min_size=1),
        st.sampled_from(ORDERS),
        st.sampled_from(["s1", "s2"]),
        st.sampled_from([False, False, True]),
    ),
)
MISHAPS = st.lists(st.one_of(st.none(), st.sampled_from(Mishap)), max_size=6)


@given(st.lists(FACTS, max_size=20), st.integers(1, 6), MISHAPS, st.integers(0, 90))
def test_no_facts_in_whatever_batches_with_whatever_mishap_break_a_promise(
    facts: list[Fact], batch: int, mishaps: list[Mishap | None], minutes: int
) -> None:
    shop = Shop({SHIRT: 4, HAT: 2, ("shirt", "L"): 2}, kits={"set": {"shirt": 2, "hat": 1}}, channel=ASKING)
    shop.book.mishaps = mishaps

    for start in range(0, len(facts), batch):
        shop.tell(*facts[start : start + batch])
        shop.clock.pass_minutes(minutes)

        assert [] == shop.broken_promises()
        assert [] == misplaced(shop)


def misplaced(shop: Shop) -> list[str]:
    """Queue places without an order that waits there, or the other way round."""
    waiting = {
        (sku, order.queued_at, order.order_id): units
        for order in shop.book.rows.values()
        if order.queued_at
        for sku, units in wants(order).items()
    }
    return [str(place) for place in waiting.items() ^ shop.book.wants.items()]


def test_what_is_answered_is_the_order_as_it_now_stands() -> None:
    shop = Shop({SHIRT: 5})

    answers = shop.answer(sold({"shirt": 1}), cancelled())

    assert {State.CANCELLED} == {one.order.state for one in answers.values() if isinstance(one, Changed)}
    assert ["reserved", "cancelled"] == [told(one) for one in answers.values()]

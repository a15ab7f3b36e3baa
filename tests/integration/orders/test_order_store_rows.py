"""The book in DynamoDB: rows come back as they were written, are found by their indexes, and stay small."""

import uuid
from dataclasses import fields, replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from lastunit.adapters.dynamodb import rows
from lastunit.domain.keys import LevelKey
from lastunit.domain.orders.change import OrderChange
from lastunit.domain.orders.commit_groups import CommitGroup
from lastunit.domain.orders.inbound import ShipmentNotice, ShippedLine
from lastunit.domain.orders.order import (
    Allocation,
    Backorder,
    Condition,
    Inspection,
    Line,
    Order,
    PickedUnits,
    RequestDecision,
    Return,
    ReturnArrival,
    ReturnState,
    RoutingDecision,
    Shipment,
)
from lastunit.domain.orders.snapshot import OrderSnapshot, SnapshotLine
from lastunit.domain.orders.states import OrderReason, State
from lastunit.domain.stock.catalogue import Supply
from lastunit.domain.stock.levels import Bin, BinKind, Level
from lastunit.use_cases.orders.change_orders import Incoming
from tests.support.aws.dynamo import HubStore
from tests.support.clock import NOON
from tests.support.orders.commits import new, order, step

BARE = Order(channel="web", external_id="1", state=State.EXCEPTION, revision="1")
LIVED = Order(
    channel="web",
    external_id="1",
    state=State.PARTLY_SHIPPED,
    revision="2",
    fingerprints=("f", "g"),
    lines=(
        Line(
            line_id="1",
            names=("set", "s-1"),
            quantity=5,
            listing="set",
            sku="set",
            parts={"shirt": 2, "hat": 1},
            declined=1,
        ),
        Line(line_id="2", names=("what",), quantity=0),
        Line(line_id="3", names=("tip",), quantity=1, no_stock=True),
    ),
    allocations=(Allocation(line_id="1", sku="shirt", location="M", quantity=2, rule="R2"),),
    backorders=(Backorder("1", "hat", 1),),
    shipments=(
        Shipment(
            shipment_id="s1",
            lines={"1": 1},
            picked=(PickedUnits(line_id="1", sku="shirt", location="M", quantity=2, bins={"P": 1}),),
            shipped_at=NOON,
        ),
        Shipment(shipment_id="s2", lines={}, voided=True),
    ),
    pending_shipments=(
        ShipmentNotice(
            channel="web",
            external_id="1",
            shipment_id="s3",
            lines=(ShippedLine(1, "1"), ShippedLine(2, names=("hat", "h"))),
            location="M",
            shipped_at=NOON,
        ),
    ),
    returns=(
        Return(return_id="r1", lines={"1": 1}),
        Return(
            return_id="r2",
            lines={"1": 1},
            state=ReturnState.INSPECTED,
            location="M",
            found={"1": Inspection(1, 0, 2)},
            restocked=(PickedUnits(line_id="1", sku="hat", location="M", quantity=1),),
        ),
        Return(
            return_id="r3",
            lines={"1": 2},
            state=ReturnState.RECEIVED,
            location="M",
            found={"1": Inspection(components={"hat": Condition(1), "shirt": Condition(1, 1)})},
            arrivals=(
                ReturnArrival(
                    arrival_id="",
                    location="M",
                    lines={"1": 1},
                    found={"1": Inspection(components={"hat": Condition(1), "shirt": Condition(1, 1)})},
                ),
                ReturnArrival(arrival_id="p2", location="L", lines={"1": 1}),
            ),
            corrections={"c1": "0123456789abcdef"},
        ),
    ),
    reason=OrderReason.SHIPPED_UNCOVERED,
    details={"sku": "hat", "left": "2"},
    routing=RoutingDecision(
        policy="pooled", candidates=("M", "L"), saw={"shirt": {"M": 5}, "hat": {}}, shortage={"hat": 1}
    ),
    request_decision=RequestDecision(accepted=True, by="Ann", at=NOON, supply=Supply.ON_HAND, location="M"),
    brought_in=(PickedUnits(line_id="", sku="hat", location="M", quantity=1),),
    paid=True,
    decide_by=NOON + timedelta(minutes=1),
    pay_by=NOON + timedelta(minutes=2),
    escalated=True,
    reminded=True,
    queued_at=NOON + timedelta(minutes=3),
    restocked=True,
    location="M",
    placed_at=NOON + timedelta(minutes=4),
    waiting_since=NOON + timedelta(minutes=5),
    on_request=True,
    cancel_is_final=False,
)
"""Every field says something else than its default."""


def test_the_order_that_has_lived_leaves_no_field_out() -> None:
    silent = [one.name for one in fields(LIVED) if getattr(LIVED, one.name) == getattr(BARE, one.name)]

    assert ["channel", "external_id", "rev", "commit_id", "changed_at"] == silent


@pytest.mark.parametrize(
    "stored",
    [
        order(),
        replace(order(), state=State.EXCEPTION, reason=OrderReason.EDIT_SHORT),
        Order(
            channel="web",
            external_id="1",
            state=State.CANCELLED,
            revision="9",
            restocked=True,
            reason=OrderReason.CANCELLED_BEFORE_ORDER,
        ),
        Order(
            channel="web",
            external_id="1",
            state=State.EXCEPTION,
            revision="1",
            fingerprints=("f", "g"),
            lines=(Line(line_id="1", names=("what", "else"), quantity=2),),
            details={"names": "what"},
        ),
        Order(
            channel="web",
            external_id="1",
            state=State.REQUESTED,
            revision="1",
            lines=(
                Line(line_id="1", names=("set",), quantity=1, listing="set", sku="set", parts={"a": 2, "b": 1}),
            ),
        ),
        LIVED,
        replace(LIVED, revision=""),
    ],
)
def test_an_order_comes_back_as_it_was_written(stored: Order, store: HubStore) -> None:
    unstocked = CommitGroup(changes=(OrderChange(before=None, after=stored, through=(State.EXCEPTION,)),))

    store.order_store.commit("c1", unstocked, NOON)

    assert {"web:1": replace(stored, rev=1, commit_id="c1", changed_at=NOON)} == store.order_store.orders(["web:1"])


def test_instants_are_written_as_texts_in_utc_that_sort(store: HubStore) -> None:
    in_berlin = NOON.astimezone(timezone(timedelta(hours=1)))
    asked_for = asked("1", 1, NOON, "shirt", decide_by=in_berlin + timedelta(microseconds=1))
    placed = replace(asked_for, placed_at=in_berlin)

    store.order_store.commit("c1", new(placed), NOON)

    row = store.client.get_item(TableName=store.tables.orders, Key=rows.order_key(placed.order_id))["Item"]
    texts = [row[name]["S"] for name in ("placed_at", "changed_at", "decide_by", "due_at")]
    assert ["2026-11-21T12:00:00.000000+00:00"] * 2 + ["2026-11-21T12:00:00.000001+00:00"] * 2 == texts


def test_more_than_a_hundred_rows_are_read_in_several_calls(store: HubStore) -> None:
    store.order_store.commit(
        "c1",
        CommitGroup(changes=tuple(OrderChange(before=None, after=order(str(number))) for number in range(60))),
        NOON,
    )
    store.order_store.commit(
        "c2",
        CommitGroup(changes=tuple(OrderChange(before=None, after=order(str(number))) for number in range(60, 120))),
        NOON,
    )

    found = store.order_store.orders(f"web:{number}" for number in range(130))

    assert {f"web:{number}" for number in range(120)} == found.keys()


# What is found


def asked(number: str, units: int, queued_at: datetime, *skus: str, decide_by: datetime | None = None) -> Order:
    wanted = tuple(
        Line(line_id=sku, names=(sku,), quantity=units, listing=None, sku=sku, parts={sku: 1}) for sku in skus
    )
    return Order(
        channel="web",
        external_id=number,
        state=State.REQUESTED,
        revision="1",
        lines=wanted,
        queued_at=queued_at,
        decide_by=decide_by,
        waiting_since=queued_at,
    )


def minutes_later(minutes: int) -> datetime:
    return NOON + timedelta(minutes=minutes)


def test_who_came_first_is_first_in_the_queue_of_each_sku(store: HubStore) -> None:
    store.order_store.commit("c1", new(asked("late", 1, minutes_later(2), "shirt", "hat")), NOON)
    store.order_store.commit(
        "c2", new(asked("early", 1, minutes_later(1), "shirt"), asked("hats", 1, NOON, "hat")), NOON
    )

    queues = [store.order_store.queue_for(sku, 9) for sku in ("shirt", "hat", "cap")]

    assert [["web:early", "web:late"], ["web:hats", "web:late"], []] == queues
    assert ["web:early"] == store.order_store.queue_for("shirt", 1)


def test_fractions_of_a_second_decide_who_came_first(store: HubStore) -> None:
    moments = [NOON + timedelta(microseconds=part) for part in (1, 0, 999_999)]
    for number, moment in enumerate(moments):
        store.order_store.commit(f"c{number}", new(asked(str(number), 1, moment, "shirt")), NOON)

    assert ["web:1", "web:0", "web:2"] == store.order_store.queue_for("shirt", 9)


def test_who_waits_no_more_leaves_every_queue(store: HubStore) -> None:
    store.order_store.commit("c1", new(asked("1", 3, NOON, "shirt", "hat")), NOON)
    before = store.orders()["web:1"]

    store.order_store.commit("c2", step(before, replace(before, state=State.CANCELLED, queued_at=None)), NOON)

    assert [[], []] == [store.order_store.queue_for(sku, 9) for sku in ("shirt", "hat")]


def test_a_place_in_a_queue_is_no_level_and_no_listing(store: HubStore) -> None:
    store.fill({LevelKey("shirt", "M"): 1})
    store.order_store.commit("c1", new(asked("1", 3, NOON, "shirt")), NOON)

    assert ([("shirt", "M")], {"shirt": 0}) == (list(store.levels()), store.sold())


def test_what_waits_for_units_is_found_until_it_has_them(store: HubStore) -> None:
    store.order_store.commit("c1", new(asked("1", 1, NOON, "hat"), asked("2", 1, NOON, "shirt")), NOON)
    request = store.orders()["web:1"]
    waits: dict[str, Any] = {
        "backorders": (Backorder("hat", "hat", 1),),
        "queued_at": NOON,
        "waiting_since": None,
    }
    store.order_store.commit("c2", step(request, replace(request, state=State.BACKORDERED, **waits)), NOON)
    found, promised = store.order_store.awaiting_units(), store.orders()["web:1"]

    store.order_store.commit("c3", step(promised, replace(promised, backorders=(), queued_at=None)), NOON)

    left = store.order_store.awaiting_units()
    assert (["web:1", "web:2"], ["web:2"]) == ([one.order_id for one in found], [one.order_id for one in left])
    assert promised.waiting_since is None


def test_clocks_that_ran_out_are_found_the_longest_over_first(store: HubStore) -> None:
    over = [asked(str(end), 1, NOON, "shirt", decide_by=minutes_later(end)) for end in (2, 1, 3)]
    store.order_store.commit(
        "c1",
        CommitGroup(changes=tuple(OrderChange(before=None, after=one) for one in (*over, order("endless")))),
        NOON,
    )

    at = NOON + timedelta(minutes=2)

    assert (["web:1", "web:2"], ["web:1"]) == (
        store.order_store.due("decision", at, 9),
        store.order_store.due("decision", at, 1),
    )
    assert [] == store.order_store.due("payment", at, 9)


def test_the_two_clocks_are_kept_apart_and_one_that_stopped_is_not_found(store: HubStore) -> None:
    request = asked("1", 1, NOON, "shirt", decide_by=minutes_later(1))
    store.order_store.commit("c1", new(request), NOON)
    before = store.orders()["web:1"]
    accepted = replace(
        before, state=State.AWAITING_PAYMENT, decide_by=None, pay_by=minutes_later(5), queued_at=None
    )

    store.order_store.commit("c2", step(before, accepted), NOON)
    unpaid = [store.order_store.due(clock, NOON + timedelta(minutes=9), 9) for clock in ("decision", "payment")]
    before = store.orders()["web:1"]
    store.order_store.commit("c3", step(before, replace(before, state=State.RESERVED, pay_by=None)), NOON)
    paid = [store.order_store.due(clock, NOON + timedelta(minutes=9), 9) for clock in ("decision", "payment")]

    assert ([[], ["web:1"]], [[], []]) == (unpaid, paid)


def test_what_waits_for_an_alias_is_found_by_the_names_of_its_lines(store: HubStore) -> None:
    unknown = replace(
        BARE,
        reason=OrderReason.UNKNOWN_SKU,
        lines=(Line(line_id="1", names=("what", "w-1"), quantity=2),),
        waiting_since=NOON,
    )
    elsewhere = replace(unknown, channel="ebay")
    settled = replace(unknown, external_id="2", state=State.CANCELLED)
    store.order_store.commit(
        "c1",
        CommitGroup(changes=tuple(OrderChange(before=None, after=one) for one in (unknown, elsewhere, settled))),
        NOON,
    )

    found = [store.order_store.waiting_for("web", names) for names in (["w-1"], ["other"])]

    assert [["web:1"], []] == [[one.order_id for one in orders] for orders in found]


# What the hot path pays for


def size_bytes(typed: Any) -> int:
    """The size DynamoDB counts for a value: text in UTF-8, numbers two digits a byte, 3 + 1 each for containers."""
    ((kind, content),) = typed.items()
    match kind:
        case "S":
            return len(content.encode())
        case "N":
            return len(content) // 2 + 2
        case "L":
            return 3 + sum(1 + size_bytes(element) for element in content)
        case "M":
            return 3 + sum(1 + len(name.encode()) + size_bytes(element) for name, element in content.items())
        case _:
            return 1


def row_bytes(item: rows.Item) -> int:
    return sum(len(name.encode()) + size_bytes(typed) for name, typed in item.items())


def test_the_row_of_a_usual_order_stays_under_one_write_unit(store: HubStore) -> None:
    """One line with a GTIN-like SKU and a channel's own ids, five locations, a commit id of 32 digits."""
    sku, places = "TSHIRT-ORGANIC-NAVY-XL", ["warehouse-north", "shop-centre", "shop-airport", "outlet", "depot-2"]
    store.fill({LevelKey(sku, place): 40 for place in places})
    line = SnapshotLine("14401234567890", ("gid://shopify/InventoryItem/43729076", sku), 1)
    snapshot = OrderSnapshot(
        channel="web",
        external_id="5678901234567",
        revision="2026-11-21T12:00:00.000Z",
        lines=(line,),
        placed_at=NOON,
    )
    changing = replace(store.change_orders(), new_id=lambda: uuid.uuid4().hex)

    changing.apply([Incoming("1", snapshot)])

    row = store.client.get_item(TableName=store.tables.orders, Key=rows.order_key("web:5678901234567"))["Item"]
    assert State.RESERVED.value == row["state"]["S"]
    assert 1024 > row_bytes(row)


def test_the_row_of_a_level_stays_under_one_write_unit() -> None:
    bins = {
        f"A-{number:02}-3": Bin(name=f"A-{number:02}-3", kind=BinKind.STORAGE, on_hand=1_000) for number in range(5)
    }
    level = Level(
        sku="TSHIRT-ORGANIC-NAVY-XL",
        location="warehouse-north",
        on_hand=6_000,
        reserved=1_000,
        available=5_000,
        unplaced=1_000,
        bins=bins,
        seq=1_000_000,
    )
    row = rows.level_key(level.sku, level.location) | rows.encode(
        {
            "on_hand": level.on_hand,
            "reserved": level.reserved,
            "available": level.available,
            "unplaced": level.unplaced,
            "bins": {bin.name: {"kind": bin.kind.value, "on_hand": bin.on_hand} for bin in bins.values()},
            "seq": level.seq,
            "cause": f"orders {uuid.uuid4().hex}",
        }
    )

    assert level.on_hand == rows.level_from(rows.decode(row)).on_hand
    assert 1024 > row_bytes(row)

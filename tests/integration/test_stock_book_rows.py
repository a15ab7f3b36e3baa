"""The book in DynamoDB: rows come back as they were written, are found by their indexes, and stay small."""

import uuid
from dataclasses import fields, replace
from datetime import timedelta
from typing import Any

import pytest

from lastunit.adapters import items
from lastunit.change_orders import Incoming
from lastunit.domain.facts import Shipment, ShippedLine
from lastunit.domain.groups import Group
from lastunit.domain.levels import Bin, BinKind, Level
from lastunit.domain.lifecycle import Reason, State
from lastunit.domain.orders import (
    Allocation,
    Backorder,
    Change,
    Decision,
    Inspection,
    Line,
    Order,
    Parcel,
    Return,
    ReturnState,
    Taken,
    Verdict,
)
from lastunit.domain.snapshots import Snapshot, SnapshotLine
from tests.commits import new, order, step
from tests.dynamo import Store
from tests.fakes import NOON

BARE = Order("web", "1", State.EXCEPTION, "1")
LIVED = Order(
    "web",
    "1",
    State.PARTLY_SHIPPED,
    "2",
    ("f", "g"),
    (Line("1", ("set", "s-1"), 5, "set", "set", {"shirt": 2, "hat": 1}, declined=1), Line("2", ("what",), 0)),
    (Allocation("1", "shirt", "M", 2, "R2"),),
    (Backorder("1", "hat", 1),),
    (
        Parcel("s1", {"1": 1}, (Taken("1", "shirt", "M", 2, bins={"P": 1}),), shipped_at="noon"),
        Parcel("s2", {}, voided=True),
    ),
    (Shipment("web", "1", "s3", (ShippedLine(1, "1"), ShippedLine(2, names=("hat", "h"))), "M", "noon"),),
    (
        Return("r1", {"1": 1}),
        Return(
            "r2", {"1": 1}, ReturnState.INSPECTED, "M", {"1": Inspection(1, 0, 2)}, (Taken("1", "hat", "M", 1),)
        ),
    ),
    Reason.SHIPPED_UNCOVERED,
    {"sku": "hat", "left": "2"},
    Decision("pooled", ("M", "L"), {"shirt": {"M": 5}, "hat": {}}, {"hat": 1}),
    Verdict(True, "Ann", "noon"),
    True,
    "decide",
    "pay",
    True,
    True,
    "queued",
    True,
    "M",
    "placed",
    waiting_since="since",
    on_request=True,
)
"""Every field says something else than its default."""


def test_the_order_that_has_lived_leaves_no_field_out() -> None:
    silent = [one.name for one in fields(LIVED) if getattr(LIVED, one.name) == getattr(BARE, one.name)]

    assert ["channel", "external_id", "rev", "commit", "changed_at"] == silent


@pytest.mark.parametrize(
    "stored",
    [
        order(),
        replace(order(), state=State.EXCEPTION, reason=Reason.EDIT_SHORT),
        Order("web", "1", State.CANCELLED, "9", restocked=True, reason=Reason.CANCELLED_BEFORE_ORDER),
        Order(
            "web",
            "1",
            State.EXCEPTION,
            "1",
            ("f", "g"),
            (Line("1", ("what", "else"), 2),),
            details={"names": "what"},
        ),
        Order("web", "1", State.REQUESTED, "1", lines=(Line("1", ("set",), 1, "set", "set", {"a": 2, "b": 1}),)),
        LIVED,
        replace(LIVED, revision=""),
    ],
)
def test_an_order_comes_back_as_it_was_written(stored: Order, store: Store) -> None:
    unstocked = Group((Change(None, stored, through=(State.EXCEPTION,)),))

    store.book.commit("c1", unstocked, NOON)

    assert {"web:1": replace(stored, rev=1, commit="c1", changed_at=NOON.isoformat())} == store.book.orders(
        ["web:1"]
    )


def test_more_than_a_hundred_rows_are_read_in_several_calls(store: Store) -> None:
    store.book.commit("c1", Group(tuple(Change(None, order(str(number))) for number in range(60))), NOON)
    store.book.commit("c2", Group(tuple(Change(None, order(str(number))) for number in range(60, 120))), NOON)

    found = store.book.orders(f"web:{number}" for number in range(130))

    assert {f"web:{number}" for number in range(120)} == found.keys()


# What is found


def asked(number: str, units: int, queued_at: str, *skus: str, decide_by: str | None = None) -> Order:
    wanted = tuple(Line(sku, (sku,), units, None, sku, {sku: 1}) for sku in skus)
    return Order(
        "web",
        number,
        State.REQUESTED,
        "1",
        lines=wanted,
        queued_at=queued_at,
        decide_by=decide_by,
        waiting_since=queued_at,
    )


def minutes_later(minutes: int) -> str:
    return (NOON + timedelta(minutes=minutes)).isoformat()


def test_who_came_first_is_first_in_the_queue_of_each_sku(store: Store) -> None:
    store.book.commit("c1", new(asked("late", 1, minutes_later(2), "shirt", "hat")), NOON)
    store.book.commit(
        "c2", new(asked("early", 1, minutes_later(1), "shirt"), asked("hats", 1, NOON.isoformat(), "hat")), NOON
    )

    queues = [store.book.queue_for(sku, 9) for sku in ("shirt", "hat", "cap")]

    assert [["web:early", "web:late"], ["web:hats", "web:late"], []] == queues
    assert ["web:early"] == store.book.queue_for("shirt", 1)


def test_fractions_of_a_second_decide_who_came_first(store: Store) -> None:
    moments = [NOON + timedelta(microseconds=part) for part in (1, 0, 999_999)]
    for number, moment in enumerate(moments):
        store.book.commit(f"c{number}", new(asked(str(number), 1, moment.isoformat(), "shirt")), NOON)

    assert ["web:1", "web:0", "web:2"] == store.book.queue_for("shirt", 9)


def test_who_waits_no_more_leaves_every_queue(store: Store) -> None:
    store.book.commit("c1", new(asked("1", 3, NOON.isoformat(), "shirt", "hat")), NOON)
    before = store.orders()["web:1"]

    store.book.commit("c2", step(before, replace(before, state=State.CANCELLED, queued_at=None)), NOON)

    assert [[], []] == [store.book.queue_for(sku, 9) for sku in ("shirt", "hat")]


def test_a_place_in_a_queue_is_no_level_and_no_listing(store: Store) -> None:
    store.fill({("shirt", "M"): 1})
    store.book.commit("c1", new(asked("1", 3, NOON.isoformat(), "shirt")), NOON)

    assert ([("shirt", "M")], {"shirt": 0}) == (list(store.levels()), store.sold())


def test_what_waits_for_units_is_found_until_it_has_them(store: Store) -> None:
    store.book.commit("c1", new(asked("1", 1, "noon", "hat"), asked("2", 1, "noon", "shirt")), NOON)
    request = store.orders()["web:1"]
    waits: dict[str, Any] = {
        "backorders": (Backorder("hat", "hat", 1),),
        "queued_at": "noon",
        "waiting_since": None,
    }
    store.book.commit("c2", step(request, replace(request, state=State.PROMISED, **waits)), NOON)
    found, promised = store.book.awaiting_units(), store.orders()["web:1"]

    store.book.commit("c3", step(promised, replace(promised, backorders=(), queued_at=None)), NOON)

    left = store.book.awaiting_units()
    assert (["web:1", "web:2"], ["web:2"]) == ([one.order_id for one in found], [one.order_id for one in left])
    assert promised.waiting_since is None


def test_clocks_that_ran_out_are_found_the_longest_over_first(store: Store) -> None:
    over = [asked(str(end), 1, NOON.isoformat(), "shirt", decide_by=minutes_later(end)) for end in (2, 1, 3)]
    store.book.commit("c1", Group(tuple(Change(None, one) for one in (*over, order("endless")))), NOON)

    at = NOON + timedelta(minutes=2)

    assert (["web:1", "web:2"], ["web:1"]) == (store.book.due("decision", at, 9), store.book.due("decision", at, 1))
    assert [] == store.book.due("payment", at, 9)


def test_the_two_clocks_are_kept_apart_and_one_that_stopped_is_not_found(store: Store) -> None:
    request = asked("1", 1, NOON.isoformat(), "shirt", decide_by=minutes_later(1))
    store.book.commit("c1", new(request), NOON)
    before = store.orders()["web:1"]
    accepted = replace(
        before, state=State.AWAITING_PAYMENT, decide_by=None, pay_by=minutes_later(5), queued_at=None
    )

    store.book.commit("c2", step(before, accepted), NOON)
    unpaid = [store.book.due(clock, NOON + timedelta(minutes=9), 9) for clock in ("decision", "payment")]
    before = store.orders()["web:1"]
    store.book.commit("c3", step(before, replace(before, state=State.RESERVED, pay_by=None)), NOON)
    paid = [store.book.due(clock, NOON + timedelta(minutes=9), 9) for clock in ("decision", "payment")]

    assert ([[], ["web:1"]], [[], []]) == (unpaid, paid)


def test_what_waits_for_an_alias_is_found_by_the_names_of_its_lines(store: Store) -> None:
    unknown = replace(BARE, reason=Reason.UNKNOWN_SKU, lines=(Line("1", ("what", "w-1"), 2),), waiting_since="noon")
    elsewhere = replace(unknown, channel="ebay")
    settled = replace(unknown, external_id="2", state=State.CANCELLED)
    store.book.commit("c1", Group(tuple(Change(None, one) for one in (unknown, elsewhere, settled))), NOON)

    found = [store.book.waiting_for("web", names) for names in (["w-1"], ["other"])]

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


def row_bytes(item: items.Item) -> int:
    return sum(len(name.encode()) + size_bytes(typed) for name, typed in item.items())


def test_the_row_of_a_usual_order_stays_under_one_write_unit(store: Store) -> None:
    """One line with a GTIN-like SKU and a channel's own ids, five locations, a commit id of 32 digits."""
    sku, places = "TSHIRT-ORGANIC-NAVY-XL", ["warehouse-north", "shop-centre", "shop-airport", "outlet", "depot-2"]
    store.fill({(sku, place): 40 for place in places})
    line = SnapshotLine("14401234567890", ("gid://shopify/InventoryItem/43729076", sku), 1)
    snapshot = Snapshot(
        "web", "5678901234567", "2026-11-21T12:00:00.000Z", (line,), placed_at="2026-11-21T12:00:00Z"
    )
    changing = replace(store.change_orders(), new_id=lambda: uuid.uuid4().hex)

    changing([Incoming("1", snapshot)])

    row = store.client.get_item(TableName=store.tables.orders, Key=items.order_key("web:5678901234567"))["Item"]
    assert State.RESERVED.value == row["state"]["S"]
    assert 1024 > row_bytes(row)


def test_the_row_of_a_level_stays_under_one_write_unit() -> None:
    bins = {f"A-{number:02}-3": Bin(f"A-{number:02}-3", BinKind.STORAGE, 1_000) for number in range(5)}
    level = Level("TSHIRT-ORGANIC-NAVY-XL", "warehouse-north", 6_000, 1_000, 5_000, 1_000, bins, 1_000_000)
    row = items.level_key(level.sku, level.location) | items.encode(
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

    assert level.on_hand == items.level_from(items.decode(row)).on_hand
    assert 1024 > row_bytes(row)

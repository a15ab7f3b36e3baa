"""Group commit: what is summed, and what fits one transaction."""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from lastunit.domain.keys import LevelKey, ListingKey
from lastunit.domain.orders.change import OrderChange
from lastunit.domain.orders.commit_groups import ITEMS_MAX, CommitGroup, QueueEntry, commit_group, pack
from lastunit.domain.orders.order import Allocation, Backorder, Line, Order
from lastunit.domain.orders.states import State
from lastunit.domain.stock.levels import sum_by_level
from tests.support.clock import NOON
from tests.support.stock.levels import reserving

Held = dict[tuple[str, str], int]
"""(SKU, location) → units."""


def order(number: int, held: Held, *, is_listed: bool = False) -> Order:
    allocations = tuple(
        Allocation(line_id=str(at), sku=sku, location=place, quantity=units)
        for at, ((sku, place), units) in enumerate(held.items())
    )
    lines = tuple(
        Line(
            line_id=str(at),
            names=(sku,),
            quantity=units,
            listing=sku if is_listed else None,
            sku=sku,
            parts={sku: 1},
        )
        for at, ((sku, _), units) in enumerate(held.items())
    )
    return Order(
        channel="web",
        external_id=str(number),
        state=State.RESERVED,
        revision="1",
        lines=lines,
        allocations=allocations,
    )


def new(number: int, held: Held, *, is_listed: bool = False) -> OrderChange:
    return OrderChange(before=None, after=order(number, held, is_listed=is_listed))


def wide(number: int, levels: int, *, is_listed: bool = False) -> OrderChange:
    """An order of `levels` SKUs that no other order has."""
    return new(number, {(f"sku{number}-{at}", "M"): 1 for at in range(levels)}, is_listed=is_listed)


def sizes(groups: list[CommitGroup]) -> list[int]:
    return [len(one.changes) for one in groups]


def test_ninety_orders_of_one_sku_are_one_level_update_and_one_listing_update() -> None:
    changes = [new(number, {("shirt", "M"): 2}, is_listed=True) for number in range(90)]

    groups = pack(changes, 90)

    assert [
        CommitGroup(
            changes=tuple(changes),
            levels=reserving({LevelKey("shirt", "M"): 180}),
            listings={ListingKey("shirt", "web", "shirt"): 180},
        )
    ] == groups


def test_what_one_order_gives_back_another_takes_without_touching_the_level() -> None:
    given_back = OrderChange(before=order(1, {("shirt", "M"): 5}), after=order(1, {}))

    whole = commit_group([given_back, new(2, {("shirt", "M"): 5})])

    assert {} == whole.levels


def test_only_the_difference_is_left_where_orders_give_and_take() -> None:
    given_back = OrderChange(before=order(1, {("shirt", "M"): 5}), after=order(1, {}))

    whole = commit_group([given_back, new(2, {("shirt", "M"): 3})])

    assert reserving({LevelKey("shirt", "M"): -2}) == whole.levels


def test_listings_that_are_gone_are_left_out() -> None:
    whole = commit_group(
        [new(1, {("shirt", "M"): 1, ("hat", "M"): 1}, is_listed=True)], [ListingKey("hat", "web", "hat")]
    )

    assert {("shirt", "web", "shirt"): 1} == whole.listings


def test_a_group_holds_at_most_the_orders_it_is_allowed() -> None:
    changes = [new(number, {("shirt", "M"): 1}) for number in range(25)]

    groups = pack(changes, 10)

    assert [10, 10, 5] == sizes(groups)


def test_a_group_holds_at_most_a_hundred_items() -> None:
    """Ten orders of nine levels each are exactly 100 items; the eleventh begins another group."""
    changes = [wide(number, 9) for number in range(11)]

    groups = pack(changes, 90)

    assert ([10, 1], [100, 10]) == (sizes(groups), [one.size for one in groups])


def test_listings_count_among_the_hundred_items() -> None:
    changes = [wide(number, 9, is_listed=True) for number in range(6)]

    groups = pack(changes, 90)

    assert ([5, 1], [95, 19]) == (sizes(groups), [one.size for one in groups])


def test_an_order_of_ninety_levels_goes_without_its_listings() -> None:
    change = wide(1, 90, is_listed=True)

    groups = pack([change], 90)

    assert [CommitGroup(changes=(change,), levels=change.levels())] == groups


def test_nothing_packs_into_no_groups() -> None:
    assert [] == pack([], 90)


LATER = NOON + timedelta(hours=1)


def waiting(number: int, wanted: dict[str, int], since: datetime = NOON) -> Order:
    unallocated = tuple(Backorder(str(at), sku, units) for at, (sku, units) in enumerate(wanted.items()))
    return Order(
        channel="web",
        external_id=str(number),
        state=State.BACKORDERED,
        revision="1",
        backorders=unallocated,
        queued_at=since if unallocated else None,
    )


def asked(number: int, wanted: dict[str, int]) -> Order:
    asked_for = tuple(
        Line(line_id=str(at), names=(sku,), quantity=units, listing=None, sku=sku, parts={sku: 1})
        for at, (sku, units) in enumerate(wanted.items())
    )
    return Order(
        channel="web",
        external_id=str(number),
        state=State.REQUESTED,
        revision="1",
        lines=asked_for,
        queued_at=NOON,
    )


def test_a_request_takes_a_place_in_the_queue_of_each_of_its_skus() -> None:
    whole = commit_group([OrderChange(before=None, after=asked(1, {"shirt": 2, "hat": 1}))])

    assert (
        QueueEntry(sku="hat", queued_at=NOON, order_id="web:1", units=1),
        QueueEntry(sku="shirt", queued_at=NOON, order_id="web:1", units=2),
    ) == whole.queue_added
    assert ((), 3) == (whole.queue_removed, whole.size)


def test_who_gets_a_part_keeps_the_place_and_waits_for_fewer_units() -> None:
    whole = commit_group(
        [OrderChange(before=waiting(1, {"shirt": 5, "hat": 1}), after=waiting(1, {"shirt": 2, "hat": 1}))]
    )

    assert ((QueueEntry(sku="shirt", queued_at=NOON, order_id="web:1", units=2),), ()) == (
        whole.queue_added,
        whole.queue_removed,
    )


def test_who_gets_everything_leaves_the_queue() -> None:
    whole = commit_group(
        [
            OrderChange(
                before=waiting(1, {"shirt": 5, "hat": 1}), after=order(1, {("shirt", "M"): 5, ("hat", "M"): 1})
            )
        ]
    )

    left = {(entry.sku, entry.queued_at, entry.order_id) for entry in whole.queue_removed}
    assert ((), {("shirt", NOON, "web:1"), ("hat", NOON, "web:1")}) == (whole.queue_added, left)


def test_whoever_joins_at_another_time_gives_up_the_earlier_place() -> None:
    whole = commit_group([OrderChange(before=asked(1, {"shirt": 5}), after=waiting(1, {"shirt": 5}, since=LATER))])

    assert [LATER] == [entry.queued_at for entry in whole.queue_added]
    assert [NOON] == [entry.queued_at for entry in whole.queue_removed]


def test_places_in_queues_count_among_the_hundred_items() -> None:
    changes = [
        OrderChange(before=None, after=asked(number, {f"s{number}-{at}": 1 for at in range(9)}))
        for number in range(11)
    ]

    groups = pack(changes, 90)

    assert ([10, 1], [100, 10]) == (sizes(groups), [one.size for one in groups])


@given(
    st.lists(st.dictionaries(st.tuples(st.sampled_from("abcdefghij"), st.sampled_from("MSL")), st.integers(1, 3))),
    st.integers(1, 90),
)
def test_packing_loses_no_change_and_no_unit_and_keeps_the_order(wanted: list[Held], orders_max: int) -> None:
    changes = [new(number, held, is_listed=True) for number, held in enumerate(wanted)]
    whole = commit_group(changes)

    groups = pack(changes, orders_max)

    moved = sum_by_level(movement for one in groups for movement in one.levels.values())
    assert changes == [change for one in groups for change in one.changes]
    assert whole.levels == moved
    assert all(one.size <= ITEMS_MAX and len(one.changes) <= orders_max for one in groups)

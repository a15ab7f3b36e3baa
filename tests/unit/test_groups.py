"""Group commit: what is summed, and what fits one transaction."""

from hypothesis import given
from hypothesis import strategies as st

from lastunit.domain.groups import ITEMS_MAX, Group, Want, group, pack
from lastunit.domain.levels import total
from lastunit.domain.lifecycle import State
from lastunit.domain.orders import Allocation, Backorder, Change, Line, Order
from tests.fakes import promises

Held = dict[tuple[str, str], int]
"""(SKU, location) → units."""


def order(number: int, held: Held, *, is_listed: bool = False) -> Order:
    allocations = tuple(
        Allocation(str(at), sku, place, units) for at, ((sku, place), units) in enumerate(held.items())
    )
    lines = tuple(
        Line(str(at), (sku,), units, sku if is_listed else None, sku, {sku: 1})
        for at, ((sku, _), units) in enumerate(held.items())
    )
    return Order("web", str(number), State.RESERVED, "1", lines=lines, allocations=allocations)


def new(number: int, held: Held, *, is_listed: bool = False) -> Change:
    return Change(None, order(number, held, is_listed=is_listed))


def wide(number: int, levels: int, *, is_listed: bool = False) -> Change:
    """An order of `levels` SKUs that no other order has."""
    return new(number, {(f"sku{number}-{at}", "M"): 1 for at in range(levels)}, is_listed=is_listed)


def sizes(groups: list[Group]) -> list[int]:
    return [len(one.changes) for one in groups]


def test_ninety_orders_of_one_sku_are_one_level_update_and_one_listing_update() -> None:
    changes = [new(number, {("shirt", "M"): 2}, is_listed=True) for number in range(90)]

    groups = pack(changes, 90)

    assert [Group(tuple(changes), promises({("shirt", "M"): 180}), {("shirt", "web", "shirt"): 180})] == groups


def test_what_one_order_gives_back_another_takes_without_touching_the_level() -> None:
    given_back = Change(order(1, {("shirt", "M"): 5}), order(1, {}))

    whole = group([given_back, new(2, {("shirt", "M"): 5})])

    assert {} == whole.levels


def test_only_the_difference_is_left_where_orders_give_and_take() -> None:
    given_back = Change(order(1, {("shirt", "M"): 5}), order(1, {}))

    whole = group([given_back, new(2, {("shirt", "M"): 3})])

    assert promises({("shirt", "M"): -2}) == whole.levels


def test_listings_that_are_gone_are_left_out() -> None:
    whole = group([new(1, {("shirt", "M"): 1, ("hat", "M"): 1}, is_listed=True)], [("hat", "web", "hat")])

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

    assert [Group((change,), change.levels())] == groups


def test_nothing_packs_into_no_groups() -> None:
    assert [] == pack([], 90)


def waiting(number: int, wanted: dict[str, int], since: str = "noon") -> Order:
    owed = tuple(Backorder(str(at), sku, units) for at, (sku, units) in enumerate(wanted.items()))
    return Order("web", str(number), State.PROMISED, "1", backorders=owed, queued_at=since if owed else None)


def asked(number: int, wanted: dict[str, int]) -> Order:
    asked_for = tuple(
        Line(str(at), (sku,), units, None, sku, {sku: 1}) for at, (sku, units) in enumerate(wanted.items())
    )
    return Order("web", str(number), State.REQUESTED, "1", lines=asked_for, queued_at="noon")


def test_a_request_takes_a_place_in_the_queue_of_each_of_its_skus() -> None:
    whole = group([Change(None, asked(1, {"shirt": 2, "hat": 1}))])

    assert (Want("hat", "noon", "web:1", 1), Want("shirt", "noon", "web:1", 2)) == whole.wanted
    assert ((), 3) == (whole.unwanted, whole.size)


def test_who_gets_a_part_keeps_the_place_and_waits_for_fewer_units() -> None:
    whole = group([Change(waiting(1, {"shirt": 5, "hat": 1}), waiting(1, {"shirt": 2, "hat": 1}))])

    assert ((Want("shirt", "noon", "web:1", 2),), ()) == (whole.wanted, whole.unwanted)


def test_who_gets_everything_leaves_the_queue() -> None:
    whole = group([Change(waiting(1, {"shirt": 5, "hat": 1}), order(1, {("shirt", "M"): 5, ("hat", "M"): 1}))])

    left = {(want.sku, want.queued_at, want.order_id) for want in whole.unwanted}
    assert ((), {("shirt", "noon", "web:1"), ("hat", "noon", "web:1")}) == (whole.wanted, left)


def test_whoever_joins_at_another_time_gives_up_the_earlier_place() -> None:
    whole = group([Change(asked(1, {"shirt": 5}), waiting(1, {"shirt": 5}, since="one o'clock"))])

    assert ["one o'clock"] == [want.queued_at for want in whole.wanted]
    assert ["noon"] == [want.queued_at for want in whole.unwanted]


def test_places_in_queues_count_among_the_hundred_items() -> None:
    changes = [Change(None, asked(number, {f"s{number}-{at}": 1 for at in range(9)})) for number in range(11)]

    groups = pack(changes, 90)

    assert ([10, 1], [100, 10]) == (sizes(groups), [one.size for one in groups])


@given(
    st.lists(st.dictionaries(st.tuples(st.sampled_from("abcdefghij"), st.sampled_from("MSL")), st.integers(1, 3))),
    st.integers(1, 90),
)
def test_packing_loses_no_change_and_no_unit_and_keeps_the_order(wanted: list[Held], orders_max: int) -> None:
    changes = [new(number, held, is_listed=True) for number, held in enumerate(wanted)]
    whole = group(changes)

    groups = pack(changes, orders_max)

    moved = total(movement for one in groups for movement in one.levels.values())
    assert changes == [change for one in groups for change in one.changes]
    assert whole.levels == moved
    assert all(one.size <= ITEMS_MAX and len(one.changes) <= orders_max for one in groups)

"""Replenishment tasks: when units must be carried to a picking bin, which and how many (docs/rules.md 1.1)."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lastunit.domain.errors import InvalidInput
from lastunit.domain.stock.levels import Bin, BinKind, Level, Movement, Place, Transfer, level_after, movements
from lastunit.domain.stock.replenishment import ReplenishmentTask, TaskKind, task_for


def level(
    picking: int | None = 0, *storage: int, mark: int | None = None, reserved: int = 0, unplaced: int = 0
) -> Level:
    """Shirts in montreal: the picking bin p-1 (None: there is none) and storage bins s-1, s-2 …"""
    bins = {
        f"s-{at}": Bin(name=f"s-{at}", kind=BinKind.STORAGE, on_hand=units) for at, units in enumerate(storage, 1)
    }
    if picking is not None:
        bins["p-1"] = Bin(name="p-1", kind=BinKind.PICKING, on_hand=picking, mark=mark)
    on_hand = sum(bin.on_hand for bin in bins.values()) + unplaced
    return Level(
        sku="shirt",
        location="montreal",
        on_hand=on_hand,
        reserved=reserved,
        available=on_hand - reserved,
        unplaced=unplaced,
        bins=bins,
    )


def task(kind: TaskKind, quantity: int, take_from: str | None = "s-1", missing: int = 0) -> ReplenishmentTask:
    put_into = None if kind is TaskKind.NO_PICKING_BIN else "p-1"
    return ReplenishmentTask(
        sku="shirt",
        location="montreal",
        kind=kind,
        quantity=quantity,
        take_from=take_from,
        put_into=put_into,
        missing=missing,
    )


def carried(before: Level, todo: ReplenishmentTask, quantity: int | None = None) -> Level:
    """The level after the transfer that a task asks for."""
    units = todo.quantity if quantity is None else quantity
    source, destination = (Place("montreal", bin) for bin in (todo.take_from, todo.put_into))
    now = before
    for movement in movements(
        Transfer(operation="carry", sku="shirt", quantity=units, source=source, destination=destination)
    ):
        now = level_after(now, movement)
    return now


def test_a_picking_bin_below_its_mark_is_filled_up_to_it() -> None:
    assert task(TaskKind.BELOW_MARK, 3) == task_for(level(2, 10, mark=5))


def test_a_picking_bin_at_its_mark_needs_nothing() -> None:
    assert task_for(level(5, 10, mark=5)) is None


def test_a_bin_without_a_mark_that_holds_what_is_promised_needs_nothing() -> None:
    assert task_for(level(0, 10)) is None
    assert task_for(level(4, 10, reserved=4)) is None


def test_a_bin_that_will_run_dry_by_what_is_promised_is_filled_before_it_does() -> None:
    """Nothing was shipped yet: the task is there before the picker is."""
    assert task(TaskKind.RESERVED, 3) == task_for(level(4, 10, reserved=7))


def test_the_quantity_covers_promised_units_and_the_mark_whichever_is_more() -> None:
    assert task(TaskKind.RESERVED, 6) == task_for(level(1, 10, mark=5, reserved=7))
    assert task(TaskKind.BELOW_MARK, 2) == task_for(level(3, 10, mark=5, reserved=3))


def test_units_booked_short_are_carried_over_as_well() -> None:
    """Rule 1.1-12: the bin held less than was shipped, so the rest is unplaced and below zero."""
    assert task(TaskKind.SHORT, 3) == task_for(level(0, 10, unplaced=-3))
    assert task(TaskKind.SHORT, 8) == task_for(level(0, 10, unplaced=-3, mark=5))


def test_the_fullest_storage_bin_is_named() -> None:
    assert task(TaskKind.BELOW_MARK, 5, "s-2") == task_for(level(0, 3, 9, 7, mark=5))


def test_of_equal_storage_bins_always_the_same_is_named() -> None:
    assert task(TaskKind.BELOW_MARK, 5, "s-1") == task_for(level(0, 9, 9, mark=5))


def test_what_no_place_holds_is_stated_as_missing() -> None:
    assert task(TaskKind.BELOW_MARK, 2, missing=3) == task_for(level(0, 2, mark=5))


def test_one_task_takes_from_one_bin_and_the_next_one_brings_the_rest() -> None:
    scattered = level(0, 4, 3, mark=6)
    first = task_for(scattered)
    assert first is not None

    second = task_for(carried(scattered, first))

    assert (task(TaskKind.BELOW_MARK, 4), task(TaskKind.BELOW_MARK, 2, "s-2")) == (first, second)


def test_units_in_no_bin_are_carried_when_storage_is_empty() -> None:
    assert task(TaskKind.RESERVED, 4, None) == task_for(level(0, 0, reserved=4, unplaced=9))
    assert task(TaskKind.BELOW_MARK, 2, None) == task_for(level(3, unplaced=9, mark=5))


@pytest.mark.parametrize("bare", [level(0, mark=5), level(1, 0, mark=5), level(2, reserved=2, mark=9)])
def test_there_is_no_task_when_there_is_nothing_to_carry(bare: Level) -> None:
    """Then goods must be bought, and low stock is announced."""
    assert task_for(bare) is None


def test_stock_in_storage_that_was_shipped_without_a_picking_bin_asks_for_one() -> None:
    """Rule 1.1-11: nothing says from where the units left; it is never silence."""
    assert task(TaskKind.NO_PICKING_BIN, 4) == task_for(level(None, 9, unplaced=-4))


def test_naming_the_picking_bin_turns_it_into_an_ordinary_task() -> None:
    shipped = level(None, 9, unplaced=-4)
    named = replace(shipped, bins={**shipped.bins, "p-1": Bin(name="p-1", kind=BinKind.PICKING)})

    assert task(TaskKind.SHORT, 4) == task_for(named)


@pytest.mark.parametrize("plain", [None, level(None), level(None, 9), level(None, unplaced=9, reserved=3)])
def test_without_bins_or_shipments_nobody_is_asked_for_anything(plain: Level | None) -> None:
    assert task_for(plain) is None


def test_a_transfer_that_fills_the_bin_closes_the_task() -> None:
    """Rule 1.1-14: units move from storage to picking."""
    short = level(0, 10, unplaced=-3)
    todo = task_for(short)
    assert todo is not None

    assert task_for(carried(short, todo)) is None
    assert task(TaskKind.SHORT, 1) == task_for(carried(short, todo, 2))


LEVELS = st.builds(
    level,
    st.integers(0, 9) | st.none(),
    st.integers(0, 9),
    st.integers(0, 9),
    mark=st.none() | st.integers(0, 12),
    reserved=st.integers(0, 6),
    unplaced=st.integers(-6, 6),
)


@given(LEVELS)
def test_following_the_tasks_ends_and_never_changes_a_total(start: Level) -> None:
    """Rule 1.1-14. Three places can be carried from, so three tasks at most."""
    now = start
    for _ in range(3):
        if todo := task_for(now):
            now = carried(now, todo)

    assert task_for(now) is None
    assert (start.on_hand, start.available, start.reserved) == (now.on_hand, now.available, now.reserved)
    assert now.on_hand == sum(bin.on_hand for bin in now.bins.values()) + now.unplaced


@given(LEVELS)
def test_a_task_can_be_done_as_it_is_written(start: Level) -> None:
    todo = task_for(start)
    if todo is None:
        return

    held = start.bins[todo.take_from].on_hand if todo.take_from else start.unplaced

    assert 1 <= todo.quantity <= held
    assert todo.missing >= 0
    assert todo.take_from is None or BinKind.STORAGE is start.bins[todo.take_from].kind


def test_only_a_picking_bin_has_a_mark() -> None:
    with pytest.raises(InvalidInput, match="mark"):
        Bin(name="s-1", kind=BinKind.STORAGE, mark=5)
    with pytest.raises(InvalidInput, match="mark"):
        Bin(name="p-1", kind=BinKind.PICKING, mark=-1)


def test_a_movement_leaves_the_mark_alone() -> None:
    moved = level_after(
        level(4, mark=5), Movement(sku="shirt", location="montreal", on_hand=-1, available=-1, bins={"p-1": -1})
    )

    assert Bin(name="p-1", kind=BinKind.PICKING, on_hand=3, mark=5) == moved.bins["p-1"]

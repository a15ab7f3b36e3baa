"""What follows from the streams beside the ledger: tasks for people, and announcements on the bus."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from lastunit.domain.errors import OutcomeUnknown
from lastunit.domain.events.business_events import BusinessEvent
from lastunit.domain.events.ledger import LevelEntry, OrderEntry
from lastunit.domain.events.row_changes import OrderChanged, RowChange, SkuChanged
from lastunit.domain.listings.sku_view import SkuView
from lastunit.domain.stock.catalogue import Sku
from lastunit.domain.stock.level_changed import LevelChanged
from lastunit.domain.stock.levels import Bin, BinKind, Level
from lastunit.domain.stock.replenishment import ReplenishmentTask
from lastunit.use_cases.events.keep_replenishment_tasks import KeepReplenishmentTasks
from lastunit.use_cases.events.publish_events import PublishEvents
from lastunit.use_cases.events.write_ledger import LedgerCounts, RecordEntries, WriteLedger
from tests.support.events.announced import REQUESTED, RESERVED


@dataclass(slots=True)
class FakeTasks:
    """As the table keeps them, the guard of `seq` included."""

    todo: dict[tuple[str, str], ReplenishmentTask | None] = field(default_factory=dict)
    seqs: dict[tuple[str, str], int] = field(default_factory=dict)
    low: set[str] = field(default_factory=set)
    writes: int = 0

    def open(self, task: ReplenishmentTask, seq: int, at: str) -> None:
        self._write(task.sku, task.location, seq, task)

    def close(self, sku: str, location: str, seq: int) -> None:
        if (sku, location) in self.todo:
            self._write(sku, location, seq, None)

    def is_low(self, sku: str) -> bool:
        return sku in self.low

    def keep_low(self, announcement: BusinessEvent) -> None:
        self.low.add(str(announcement.data["sku"]))

    def clear_low(self, sku: str) -> None:
        self.low.discard(sku)

    def _write(self, sku: str, location: str, seq: int, task: ReplenishmentTask | None) -> None:
        self.writes += 1
        if seq >= self.seqs.get((sku, location), 0):
            self.todo[sku, location], self.seqs[sku, location] = task, seq

    def waiting(self) -> list[ReplenishmentTask]:
        return [task for task in self.todo.values() if task]


@dataclass(slots=True)
class FakeBus:
    """`fails`: how many of the next calls tell nothing."""

    published: list[BusinessEvent] = field(default_factory=list)
    fails: int = 0

    def publish(self, announcements: Sequence[BusinessEvent]) -> None:
        if self.fails:
            self.fails -= 1
            raise OutcomeUnknown("the bus")
        self.published += announcements


@dataclass(slots=True)
class Warehouse:
    """Shirts at two locations, and the stream that tells of them. Their SKU is low below `mark`."""

    mark: int | None = None
    levels: dict[str, Level] = field(default_factory=dict)
    tasks: FakeTasks = field(default_factory=FakeTasks)
    bus: FakeBus = field(default_factory=FakeBus)
    looks: int = 0

    def view(self, sku: str) -> SkuView | None:
        self.looks += 1
        return (
            SkuView(item=Sku(sku=sku, low_stock=self.mark), levels=tuple(self.levels.values()))
            if sku == "shirt"
            else None
        )

    def holds(self, available: int, location: str = "montreal", picking: int | None = None) -> LevelChanged:
        """A write after which so many are available there, of them so many in the picking bin."""
        before = self.levels.get(location)
        bins = {"s-1": Bin(name="s-1", kind=BinKind.STORAGE, on_hand=50)}
        if picking is not None:
            bins["p-1"] = Bin(name="p-1", kind=BinKind.PICKING, on_hand=picking, mark=5)
        seq = before.seq + 1 if before else 1
        level = Level(
            sku="shirt",
            location=location,
            on_hand=available,
            reserved=0,
            available=available,
            unplaced=available - 50 - (picking or 0),
            bins=bins,
            seq=seq,
        )
        self.levels[location] = replace(level, unplaced=0)
        return LevelChanged(before, self.levels[location], f"at {seq}")

    def sets_mark(self, mark: int | None) -> SkuChanged:
        before, self.mark = Sku(sku="shirt", low_stock=self.mark), mark
        return SkuChanged(before, replace(before, low_stock=mark), "now")

    def announce(self, *events: RowChange) -> list[str]:
        """The types of what was told."""
        self.bus.published.clear()
        PublishEvents(self.bus, self.tasks, self).publish(events)  # type: ignore[arg-type]  # It only looks at a view.
        return [one.type for one in self.bus.published]

    def keep(self, *events: RowChange) -> int:
        return KeepReplenishmentTasks(self.tasks).keep(events)


def test_a_task_opens_changes_and_closes_with_its_level() -> None:
    shop = Warehouse()

    seen = list[list[int]]()
    for picking in (9, 4, 2, 8):
        shop.keep(shop.holds(60, picking=picking))
        seen.append([task.quantity for task in shop.tasks.waiting()])

    assert [[], [1], [3], []] == seen


def test_an_older_image_never_brings_back_a_task_that_was_closed() -> None:
    shop = Warehouse()
    opened, closed = shop.holds(60, picking=2), shop.holds(60, picking=8)
    shop.keep(opened)
    shop.keep(closed)

    shop.keep(opened)

    assert [] == shop.tasks.waiting()


def test_of_many_changes_in_one_batch_a_level_is_written_once() -> None:
    shop = Warehouse()
    changes = [shop.holds(60, picking=picking) for picking in (9, 4, 3, 2, 1)]

    written = shop.keep(*changes)

    assert (1, 1, [4]) == (written, shop.tasks.writes, [task.quantity for task in shop.tasks.waiting()])


def test_a_level_that_needs_nothing_costs_no_write() -> None:
    """Most levels of most shops: a write for each of their changes would double their cost."""
    shop = Warehouse()

    assert (0, 0) == (shop.keep(*(shop.holds(units) for units in (9, 8, 7))), shop.tasks.writes)
    assert 0 == shop.keep(OrderChanged(None, RESERVED, "now"), SkuChanged(None, Sku(sku="shirt"), "now"))


def test_an_order_and_a_task_are_announced_in_the_order_they_happened() -> None:
    shop = Warehouse()

    announced = shop.announce(OrderChanged(None, REQUESTED, "now"), shop.holds(60, picking=2))

    assert ["order.requested", "stock.replenish"] == announced


def test_a_task_is_announced_once_while_it_is_open() -> None:
    shop = Warehouse()

    announced = [shop.announce(shop.holds(60, picking=picking)) for picking in (9, 4, 2, 8, 1)]

    assert [[], ["stock.replenish"], [], [], ["stock.replenish"]] == announced


def test_no_events_are_no_call() -> None:
    shop = Warehouse(bus=FakeBus(fails=1))

    assert [] == shop.announce(shop.holds(9), SkuChanged(None, Sku(sku="shirt"), "now"))


def test_low_stock_is_announced_when_it_becomes_low_and_again_after_it_was_not() -> None:
    shop = Warehouse(mark=5)

    announced = [shop.announce(shop.holds(units)) for units in (9, 4, 3, 6, 2)]

    assert [[], ["stock.low"], [], [], ["stock.low"]] == announced


def test_low_stock_counts_all_locations_together() -> None:
    shop = Warehouse(mark=5)

    announced = [
        shop.announce(shop.holds(units, at)) for units, at in ((3, "laval"), (9, "montreal"), (1, "montreal"))
    ]

    assert [["stock.low"], [], ["stock.low"]] == announced


def test_low_stock_is_announced_although_the_view_is_ahead_of_the_stream() -> None:
    """Both sales are in the view when the first of them is told of: neither crosses the mark by itself."""
    shop = Warehouse(mark=12)
    shop.announce(shop.holds(6, "montreal"), shop.holds(6, "laval"))
    first, second = shop.holds(5, "montreal"), shop.holds(5, "laval")

    announced = [shop.announce(first), shop.announce(second)]

    assert [["stock.low"], []] == announced


def test_a_new_mark_is_looked_at_at_once() -> None:
    shop = Warehouse()
    shop.announce(shop.holds(4))

    announced = [shop.announce(shop.sets_mark(mark)) for mark in (4, 5, 6, None, 5)]

    assert [[], ["stock.low"], [], [], ["stock.low"]] == announced


def test_a_mark_removed_in_the_same_batch_as_a_sale_is_not_overlooked() -> None:
    shop = Warehouse(mark=5)
    shop.announce(shop.holds(4))

    shop.announce(shop.sets_mark(None), shop.holds(3))

    assert set() == shop.tasks.low


def test_a_write_that_changes_nothing_available_is_no_reason_to_look() -> None:
    shop = Warehouse(mark=5)
    shop.announce(shop.holds(9))
    shop.looks = 0

    shop.announce(shop.holds(9, picking=9))

    assert 0 == shop.looks


def test_what_could_not_be_published_is_published_when_the_batch_comes_again() -> None:
    shop = Warehouse(mark=5, bus=FakeBus(fails=1))
    change = shop.holds(4)
    with pytest.raises(OutcomeUnknown):
        shop.announce(change)

    assert ["stock.low"] == shop.announce(change)


def test_a_batch_that_comes_again_announces_the_same_under_the_same_ids() -> None:
    shop = Warehouse(mark=5)
    sales = [shop.holds(60, picking=2), shop.holds(4, picking=2)]
    batch: list[RowChange] = [OrderChanged(None, REQUESTED, "now"), *sales]
    shop.announce(*batch)
    first = [one.event_id for one in shop.bus.published]
    shop.tasks.low.clear()  # As if the function had died before it was noted.

    shop.announce(*batch)

    assert first == [one.event_id for one in shop.bus.published]
    assert 3 == len(set(first))


@dataclass(slots=True)
class CountingLedger:
    entries: int = 0

    def write(self, entry: LevelEntry | OrderEntry) -> None:
        self.entries += 1


def test_the_ledger_is_written_before_events_are_published() -> None:
    """A bus that is down must not leave a gap in the ledger."""
    shop, ledger = Warehouse(bus=FakeBus(fails=1)), CountingLedger()
    announce = PublishEvents(shop.bus, shop.tasks, shop)  # type: ignore[arg-type]
    record = WriteLedger(RecordEntries(ledger), KeepReplenishmentTasks(shop.tasks), announce)
    batch: list[RowChange] = [shop.holds(60, picking=2), OrderChanged(None, REQUESTED, "now")]
    with pytest.raises(OutcomeUnknown):
        record.write(batch)

    assert (2, 1) == (ledger.entries, len(shop.tasks.waiting()))
    assert LedgerCounts(entries=2, tasks=1, events=2) == record.write(iter(batch))

"""Tasks, marks and low stock in DynamoDB, from the write of a level to the list that people read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from lastunit.adapters.dynamodb import rows
from lastunit.adapters.dynamodb.catalogue import DynamoCatalogue
from lastunit.adapters.dynamodb.exceptions import DynamoExceptions
from lastunit.adapters.dynamodb.listings import DynamoListings
from lastunit.adapters.dynamodb.movements import DynamoMovements
from lastunit.adapters.dynamodb.replenishment_tasks import DynamoTasks
from lastunit.adapters.dynamodb.streams import events
from lastunit.domain.errors import Conflict
from lastunit.domain.events.business_events import BusinessEvent
from lastunit.domain.events.row_changes import SkuChanged
from lastunit.domain.review import LowStock, ReviewItem, ReviewKind
from lastunit.domain.stock.catalogue import Location, Sku
from lastunit.domain.stock.levels import Adjustment, AdjustmentReason, Bin, BinKind, Operation, Place, Transfer
from lastunit.domain.stock.replenishment import ReplenishmentTask, TaskKind
from lastunit.use_cases.events.keep_replenishment_tasks import KeepReplenishmentTasks
from lastunit.use_cases.events.publish_events import PublishEvents
from tests.support.aws.dynamo import create_tables, new_client
from tests.support.clock import NOON

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

SHIRT = rows.level_key("shirt", "montreal")
OPENED = ReplenishmentTask(
    sku="shirt", location="montreal", kind=TaskKind.BELOW_MARK, quantity=3, take_from="s-1", put_into="p-1"
)


@dataclass(slots=True)
class Silent:
    told: list[BusinessEvent]

    def publish(self, announcements: Sequence[BusinessEvent]) -> None:
        self.told += announcements


@dataclass(slots=True)
class Stockroom:
    """Shirts in montreal: a picking bin with the mark 5, a storage bin with 20, and the stream of their level."""

    client: "DynamoDBClient"
    stock: str
    orders: str
    movements: DynamoMovements
    catalogue: DynamoCatalogue
    listings: DynamoListings
    tasks: DynamoTasks
    bus: Silent
    old: Mapping[str, Any] | None = None

    def image(self, key: Any) -> Any:
        return self.client.get_item(TableName=self.stock, Key=key, ConsistentRead=True)["Item"]

    def streamed(self, key: Any = SHIRT) -> list[str]:
        """What the table's stream tells of the row now, and the types of announcements that follow."""
        new = self.image(key)
        change = {"NewImage": new, "ApproximateCreationDateTime": NOON.timestamp()}
        changed = list(events([{"dynamodb": change | ({"OldImage": self.old} if self.old else {})}]))
        self.old = new
        self.bus.told.clear()
        KeepReplenishmentTasks(self.tasks).keep(changed)
        PublishEvents(self.bus, self.tasks, self.listings).publish(changed)
        return [one.type for one in self.bus.told]

    def move(self, operation: Operation) -> list[str]:
        self.movements.move(operation, NOON)
        return self.streamed()

    def carry(self, name: str, quantity: int, source: str, destination: str) -> list[str]:
        return self.move(
            Transfer(
                operation=name,
                sku="shirt",
                quantity=quantity,
                source=Place("montreal", source),
                destination=Place("montreal", destination),
            )
        )

    def waiting(self, kind: ReviewKind = ReviewKind.REPLENISH) -> list[ReviewItem]:
        return DynamoExceptions(self.client, self.orders).review(kind, 10)

    def tasks_waiting(self) -> list[ReplenishmentTask]:
        return [item.subject for item in self.waiting() if isinstance(item.subject, ReplenishmentTask)]

    def row(self) -> dict[str, Any]:
        """The task's row as it is stored."""
        key = rows.key("TASK#shirt#montreal", "TASK")
        return rows.decode(self.client.get_item(TableName=self.orders, Key=key, ConsistentRead=True)["Item"])


@pytest.fixture
def room(aws: None) -> Stockroom:
    client = new_client()
    names = create_tables(client)
    catalogue = DynamoCatalogue(client, names.stock, names.settings)
    catalogue.put_location(Location("montreal", 1))
    catalogue.put_sku(Sku(sku="shirt"), None)
    movements = DynamoMovements(client, names.stock, names.ledger, names.settings)
    listings = DynamoListings(client, names.stock, names.settings)
    tasks = DynamoTasks(client, names.orders)
    found = Stockroom(client, names.stock, names.orders, movements, catalogue, listings, tasks, Silent([]))
    movements.put_bin("shirt", "montreal", Bin(name="p-1", kind=BinKind.PICKING, mark=5))
    movements.put_bin("shirt", "montreal", Bin(name="s-1", kind=BinKind.STORAGE))
    found.move(
        Adjustment(
            operation="in", reason=AdjustmentReason.RECEIVE, sku="shirt", location="montreal", delta=20, bin="s-1"
        )
    )
    found.carry("fill", 5, "s-1", "p-1")
    return found


def test_a_task_lists_what_to_carry_and_a_transfer_takes_it_off_the_list(room: Stockroom) -> None:
    told = [
        room.move(
            Adjustment(
                operation="gone",
                reason=AdjustmentReason.DAMAGE,
                sku="shirt",
                location="montreal",
                delta=-3,
                bin="p-1",
            )
        )
    ]
    row, waiting = room.row(), room.waiting()
    told.append(room.carry("refill", 3, "s-1", "p-1"))

    wanted = {"sku": "shirt", "location": "montreal", "kind": "below_mark", "quantity": 3, "missing": 0}
    wanted |= {"take_from": "s-1", "put_into": "p-1", "waiting": "replenish", "waiting_since": NOON.isoformat()}
    assert wanted | {"pk": "TASK#shirt#montreal", "sk": "TASK", "seq": 3} == row
    assert [ReviewItem(OPENED, NOON.isoformat())] == waiting
    assert ([["stock.replenish"], []], []) == (told, room.waiting())


def test_a_task_keeps_the_time_since_when_it_waits(room: Stockroom) -> None:
    room.tasks.open(OPENED, 4, "monday")
    room.tasks.open(
        ReplenishmentTask(
            sku="shirt",
            location="montreal",
            kind=TaskKind.SHORT,
            quantity=9,
            take_from=None,
            put_into="p-1",
            missing=2,
        ),
        5,
        "tuesday",
    )

    [item], [task] = room.waiting(), room.tasks_waiting()
    assert ("monday", TaskKind.SHORT, 9, 2) == (item.waiting_since, task.kind, task.quantity, task.missing)
    assert (None, False) == (task.take_from, "take_from" in room.row())


def test_an_older_image_neither_changes_nor_reopens_nor_closes_a_task(room: Stockroom) -> None:
    room.tasks.open(OPENED, 7, "monday")

    room.tasks.open(
        ReplenishmentTask(
            sku="shirt", location="montreal", kind=TaskKind.SHORT, quantity=9, take_from=None, put_into="p-1"
        ),
        6,
        "sunday",
    )
    room.tasks.close("shirt", "montreal", 6)
    kept = [(task.kind, task.quantity) for task in room.tasks_waiting()]
    room.tasks.close("shirt", "montreal", 8)
    room.tasks.open(OPENED, 7, "monday")

    assert ([(TaskKind.BELOW_MARK, 3)], []) == (kept, room.waiting())


def test_a_task_that_opens_again_waits_anew(room: Stockroom) -> None:
    room.tasks.open(OPENED, 7, "monday")
    room.tasks.close("shirt", "montreal", 8)
    room.tasks.open(OPENED, 9, "friday")

    assert ["friday"] == [item.waiting_since for item in room.waiting()]


def test_closing_what_was_never_open_makes_no_row(room: Stockroom) -> None:
    room.tasks.close("shirt", "laval", 1)

    assert "Item" not in room.client.get_item(TableName=room.orders, Key=rows.key("TASK#shirt#laval", "TASK"))


def test_a_mark_is_set_changed_and_taken_away_with_its_bin(room: Stockroom) -> None:
    seen = list[object]()
    for mark in (5, 9, 9, None, 2):
        room.movements.put_bin("shirt", "montreal", Bin(name="p-1", kind=BinKind.PICKING, mark=mark))
        level = rows.level_from(rows.decode(room.image(SHIRT)))
        seen.append((level.bins["p-1"].mark, level.bins["p-1"].on_hand))

    assert [(5, 5), (9, 5), (9, 5), (None, 5), (2, 5)] == seen


def test_a_higher_mark_opens_a_task_although_no_unit_moved(room: Stockroom) -> None:
    """A bin is no movement, so the level's seq stays: the same seq must be let through."""
    room.move(
        Adjustment(
            operation="gone", reason=AdjustmentReason.DAMAGE, sku="shirt", location="montreal", delta=-1, bin="p-1"
        )
    )
    room.movements.put_bin("shirt", "montreal", Bin(name="p-1", kind=BinKind.PICKING, mark=9))
    room.streamed()

    assert [5] == [task.quantity for task in room.tasks_waiting()]


def test_a_second_picking_bin_is_refused_with_a_mark_as_well(room: Stockroom) -> None:
    """Rule 1.1-10."""
    with pytest.raises(Conflict, match="one picking bin"):
        room.movements.put_bin("shirt", "montreal", Bin(name="p-2", kind=BinKind.PICKING, mark=5))


def test_a_low_mark_is_kept_and_removed_with_the_sku(room: Stockroom) -> None:
    seen = list[int | None]()
    for before, after in ((None, 30), (30, 40), (40, None)):
        room.catalogue.put_sku(Sku(sku="shirt", low_stock=after), Sku(sku="shirt", low_stock=before))
        seen.append(rows.sku_from(rows.decode(room.image(rows.sku_key("shirt")))).low_stock)

    assert [30, 40, None] == seen


def test_low_stock_is_listed_until_there_is_enough_again(room: Stockroom) -> None:
    room.catalogue.put_sku(Sku(sku="shirt", low_stock=18), Sku(sku="shirt"))
    told = [
        room.move(
            Adjustment(
                operation="a", reason=AdjustmentReason.DAMAGE, sku="shirt", location="montreal", delta=-4, bin="s-1"
            )
        )
    ]
    low = room.waiting(ReviewKind.LOW_STOCK)
    told.append(
        room.move(
            Adjustment(
                operation="b", reason=AdjustmentReason.DAMAGE, sku="shirt", location="montreal", delta=-1, bin="s-1"
            )
        )
    )
    told.append(
        room.move(
            Adjustment(
                operation="c", reason=AdjustmentReason.RECEIVE, sku="shirt", location="montreal", delta=3, bin="s-1"
            )
        )
    )

    assert [["stock.low"], [], []] == told
    assert [LowStock("shirt", 16, 18)] == [item.subject for item in low]
    assert [] == room.waiting(ReviewKind.LOW_STOCK)


def test_a_changed_mark_comes_through_the_stream(room: Stockroom) -> None:
    key = rows.sku_key("shirt")
    room.old = room.image(key)
    room.catalogue.put_sku(Sku(sku="shirt", low_stock=30), Sku(sku="shirt"))

    assert ["stock.low"] == room.streamed(key)
    change = {"OldImage": room.old, "NewImage": room.old, "ApproximateCreationDateTime": NOON.timestamp()}
    mark = Sku(sku="shirt", low_stock=30)
    assert [SkuChanged(mark, mark, NOON.isoformat())] == list(events([{"dynamodb": change}]))

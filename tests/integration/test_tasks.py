"""Tasks, marks and low stock in DynamoDB, from the write of a level to the list that people read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from lastunit.adapters import items
from lastunit.adapters.catalogue import DynamoCatalogue
from lastunit.adapters.exceptions import DynamoExceptions
from lastunit.adapters.listings import DynamoListings
from lastunit.adapters.movements import DynamoMovements
from lastunit.adapters.streams import events
from lastunit.adapters.tasks import DynamoTasks
from lastunit.announce import Announce, KeepTasks
from lastunit.domain.announcing import Announcement
from lastunit.domain.catalogue import Location, Sku
from lastunit.domain.errors import Conflict
from lastunit.domain.events import SkuChanged
from lastunit.domain.levels import Adjustment, Bin, BinKind, Operation, Place, Reason, Transfer
from lastunit.domain.replenishing import Task, TaskKind
from tests.dynamo import create_tables, new_client

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
SHIRT = items.level_key("shirt", "montreal")
OPENED = Task("shirt", "montreal", TaskKind.BELOW_MARK, 3, "s-1", "p-1")


@dataclass(slots=True)
class Silent:
    told: list[Announcement]

    def publish(self, announcements: Sequence[Announcement]) -> None:
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
        KeepTasks(self.tasks)(changed)
        Announce(self.bus, self.tasks, self.listings)(changed)
        return [one.type for one in self.bus.told]

    def move(self, operation: Operation) -> list[str]:
        self.movements.move(operation, NOON)
        return self.streamed()

    def carry(self, name: str, quantity: int, source: str, destination: str) -> list[str]:
        places = Place("montreal", source), Place("montreal", destination)
        return self.move(Transfer(name, "shirt", quantity, *places))

    def waiting(self, kind: str = "replenish") -> list[dict[str, Any]]:
        return DynamoExceptions(self.client, self.orders).waiting(kind, 10)


@pytest.fixture
def room(aws: None) -> Stockroom:
    client = new_client()
    names = create_tables(client)
    catalogue = DynamoCatalogue(client, names.stock, names.settings)
    catalogue.put_location(Location("montreal", 1))
    catalogue.put_sku(Sku("shirt"), None)
    movements = DynamoMovements(client, names.stock, names.ledger, names.settings)
    listings = DynamoListings(client, names.stock, names.settings)
    tasks = DynamoTasks(client, names.orders)
    found = Stockroom(client, names.stock, names.orders, movements, catalogue, listings, tasks, Silent([]))
    movements.put_bin("shirt", "montreal", Bin("p-1", BinKind.PICKING, mark=5))
    movements.put_bin("shirt", "montreal", Bin("s-1", BinKind.STORAGE))
    found.move(Adjustment("in", Reason.RECEIVE, "shirt", "montreal", 20, "s-1"))
    found.carry("fill", 5, "s-1", "p-1")
    return found


def test_a_task_lists_what_to_carry_and_a_transfer_takes_it_off_the_list(room: Stockroom) -> None:
    told = [room.move(Adjustment("gone", Reason.DAMAGE, "shirt", "montreal", -3, "p-1"))]
    [row] = room.waiting()
    told.append(room.carry("refill", 3, "s-1", "p-1"))

    wanted = {"sku": "shirt", "location": "montreal", "kind": "below_mark", "quantity": 3, "missing": 0}
    wanted |= {"take_from": "s-1", "put_into": "p-1", "waiting": "replenish", "waiting_since": NOON.isoformat()}
    assert wanted | {"pk": "TASK#shirt#montreal", "sk": "TASK", "seq": 3} == row
    assert ([["stock.replenish"], []], []) == (told, room.waiting())


def test_a_task_keeps_the_time_since_when_it_waits(room: Stockroom) -> None:
    room.tasks.open(OPENED, 4, "monday")
    room.tasks.open(Task("shirt", "montreal", TaskKind.SHORT, 9, None, "p-1", 2), 5, "tuesday")

    [row] = room.waiting()
    assert ("monday", "short", 9, 2) == tuple(
        row[name] for name in ("waiting_since", "kind", "quantity", "missing")
    )
    assert "take_from" not in row


def test_an_older_image_neither_changes_nor_reopens_nor_closes_a_task(room: Stockroom) -> None:
    room.tasks.open(OPENED, 7, "monday")

    room.tasks.open(Task("shirt", "montreal", TaskKind.SHORT, 9, None, "p-1"), 6, "sunday")
    room.tasks.close("shirt", "montreal", 6)
    kept = [(row["kind"], row["quantity"]) for row in room.waiting()]
    room.tasks.close("shirt", "montreal", 8)
    room.tasks.open(OPENED, 7, "monday")

    assert ([("below_mark", 3)], []) == (kept, room.waiting())


def test_a_task_that_opens_again_waits_anew(room: Stockroom) -> None:
    room.tasks.open(OPENED, 7, "monday")
    room.tasks.close("shirt", "montreal", 8)
    room.tasks.open(OPENED, 9, "friday")

    assert ["friday"] == [row["waiting_since"] for row in room.waiting()]


def test_closing_what_was_never_open_makes_no_row(room: Stockroom) -> None:
    room.tasks.close("shirt", "laval", 1)

    assert "Item" not in room.client.get_item(TableName=room.orders, Key=items.key("TASK#shirt#laval", "TASK"))


def test_a_mark_is_set_changed_and_taken_away_with_its_bin(room: Stockroom) -> None:
    seen = list[object]()
    for mark in (5, 9, 9, None, 2):
        room.movements.put_bin("shirt", "montreal", Bin("p-1", BinKind.PICKING, mark=mark))
        level = items.level_from(items.decode(room.image(SHIRT)))
        seen.append((level.bins["p-1"].mark, level.bins["p-1"].on_hand))

    assert [(5, 5), (9, 5), (9, 5), (None, 5), (2, 5)] == seen


def test_a_higher_mark_opens_a_task_although_no_unit_moved(room: Stockroom) -> None:
    """A bin is no movement, so the level's seq stays: the same seq must be let through."""
    room.move(Adjustment("gone", Reason.DAMAGE, "shirt", "montreal", -1, "p-1"))
    room.movements.put_bin("shirt", "montreal", Bin("p-1", BinKind.PICKING, mark=9))
    room.streamed()

    assert [5] == [row["quantity"] for row in room.waiting()]


def test_a_second_picking_bin_is_refused_with_a_mark_as_well(room: Stockroom) -> None:
    """Rule 1.1-10."""
    with pytest.raises(Conflict, match="one picking bin"):
        room.movements.put_bin("shirt", "montreal", Bin("p-2", BinKind.PICKING, mark=5))


def test_a_low_mark_is_kept_and_removed_with_the_sku(room: Stockroom) -> None:
    seen = list[int | None]()
    for before, after in ((None, 30), (30, 40), (40, None)):
        room.catalogue.put_sku(Sku("shirt", low_stock=after), Sku("shirt", low_stock=before))
        seen.append(items.sku_from(items.decode(room.image(items.sku_key("shirt")))).low_stock)

    assert [30, 40, None] == seen


def test_low_stock_is_listed_until_there_is_enough_again(room: Stockroom) -> None:
    room.catalogue.put_sku(Sku("shirt", low_stock=18), Sku("shirt"))
    told = [room.move(Adjustment("a", Reason.DAMAGE, "shirt", "montreal", -4, "s-1"))]
    low = room.waiting("low_stock")
    told.append(room.move(Adjustment("b", Reason.DAMAGE, "shirt", "montreal", -1, "s-1")))
    told.append(room.move(Adjustment("c", Reason.RECEIVE, "shirt", "montreal", 3, "s-1")))

    assert [["stock.low"], [], []] == told
    assert [("shirt", 16, 18)] == [(row["sku"], row["available"], row["low_stock"]) for row in low]
    assert [] == room.waiting("low_stock")


def test_a_changed_mark_comes_through_the_stream(room: Stockroom) -> None:
    key = items.sku_key("shirt")
    room.old = room.image(key)
    room.catalogue.put_sku(Sku("shirt", low_stock=30), Sku("shirt"))

    assert ["stock.low"] == room.streamed(key)
    change = {"OldImage": room.old, "NewImage": room.old, "ApproximateCreationDateTime": NOON.timestamp()}
    mark = Sku("shirt", low_stock=30)
    assert [SkuChanged(mark, mark, NOON.isoformat())] == list(events([{"dynamodb": change}]))

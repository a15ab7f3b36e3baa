"""A table's rows in the order of their keys, and its indexes: copies in another order that may lag behind."""

from bisect import bisect_left, insort
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tests.simulate.store.keys import Entry
from tests.simulate.store.values import Item

Key = tuple[str, str]
"""The text of a row's partition key and of its sort key."""

Place = tuple[str, Entry]


class Write(NamedTuple):
    """What one write did to one row. Made in the inner loop, where a dataclass takes three times as long."""

    table: str
    key: Item
    before: Item | None
    after: Item | None


class Rows:
    """Found by key, and in the order of a partition. Rows without the attributes that order them are left out."""

    __slots__ = ("_found", "hash_name", "partitions", "range_name")

    def __init__(self, hash_name: str, range_name: str) -> None:
        self.hash_name, self.range_name = hash_name, range_name
        self._found = dict[Key, Item]()
        self.partitions = dict[str, list[Entry]]()

    def get(self, key: Key) -> Item | None:
        return self._found.get(key)

    def existing(self, entry: Entry) -> Item:
        return self._found[entry[1:]]

    def all(self) -> Iterable[Item]:
        return self._found.values()

    def put(self, key: Key, before: Item | None, after: Item | None) -> None:
        old, new = self._place(key, before), self._place(key, after)
        if old != new:
            self._leave(old)
            self._enter(new)
        if new is None or after is None:
            self._found.pop(key, None)
        else:
            self._found[key] = after

    def replace(self, key: Key, after: Item) -> None:
        """A row that keeps its place."""
        self._found[key] = after

    def place(self, key: Key, item: Item) -> Entry:
        return item[self.range_name]["S"], *key

    def _place(self, key: Key, item: Item | None) -> Place | None:
        if item is None or self.hash_name not in item or self.range_name not in item:
            return None
        return item[self.hash_name]["S"], self.place(key, item)

    def _leave(self, place: Place | None) -> None:
        if place is None:
            return
        entries = self.partitions[place[0]]
        del entries[bisect_left(entries, place[1])]
        if not entries:
            del self.partitions[place[0]]

    def _enter(self, place: Place | None) -> None:
        if place is not None:
            insort(self.partitions.setdefault(place[0], []), place[1])


class Replica:
    """Rows that follow the log of a table's writes, never backwards."""

    __slots__ = ("_applied", "rows")

    def __init__(self, rows: Rows) -> None:
        self.rows, self._applied = rows, 0

    def caught_up(self, log: Sequence[tuple[Key, Write]], lag: int) -> Rows:
        """All but the newest `lag` writes are there; or more, when more were seen before."""
        target = max(self._applied, len(log) - lag)
        for key, write in log[self._applied : target]:
            self.rows.put(key, write.before, write.after)
        self._applied = target
        return self.rows

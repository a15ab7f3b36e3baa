"""One table: its keys, its rows, its indexes and its stream."""

from collections.abc import Mapping
from itertools import count
from typing import Any

from tests.simulate.store.refusals import invalid
from tests.simulate.store.rows import Key, Replica, Rows, Write
from tests.simulate.store.values import Item, Value

HASH_BYTES_MAX, RANGE_BYTES_MAX = 2048, 1024
HASH_SURE, RANGE_SURE = HASH_BYTES_MAX // 4, RANGE_BYTES_MAX // 4  # A character takes at most four bytes.
SEQUENCE_FIRST = 10**20  # Numbers of equal length are in order as texts, too.

Record = dict[str, Any]


class Table:
    """As declared in CloudFormation: a partition key, a sort key, both texts; so are those of its indexes."""

    def __init__(self, name: str, declared: Mapping[str, Any]) -> None:
        self.name = name
        self._refuse_unknown(declared)
        self.rows = Rows(*_key_names(declared))
        self.hash_name, self.range_name = self.key_names = self.rows.hash_name, self.rows.range_name
        self.log = list[tuple[Key, Write]]()
        self.streamed: bool = "StreamSpecification" in declared
        self.records = list[Record]()
        indexes = {index["IndexName"]: _key_names(index) for index in declared.get("GlobalSecondaryIndexes", ())}
        self.replicas = {name: Replica(Rows(*keys)) for name, keys in indexes.items()}
        self.replicas[""] = Replica(Rows(self.hash_name, self.range_name))
        self.indexed = sorted({key for keys in indexes.values() for key in keys})
        self._sequence = count(SEQUENCE_FIRST)

    def key(self, typed: Mapping[str, Any]) -> Key:
        """Of a call's Key parameter."""
        if len(typed) != 2:
            raise invalid("The provided key element does not match the schema")
        return self.key_of(typed)

    def key_of(self, item: Mapping[str, Any]) -> Key:
        """Of an item that may hold more than its key."""
        try:
            key = item[self.hash_name]["S"], item[self.range_name]["S"]
        except KeyError:
            raise invalid("The provided key element does not match the schema") from None
        if not (0 < len(key[0]) <= HASH_SURE and 0 < len(key[1]) <= RANGE_SURE):
            _refuse_odd(key)
        return key

    def typed(self, key: Key) -> Item:
        return {self.hash_name: {"S": key[0]}, self.range_name: {"S": key[1]}}

    def index_problem(self, item: Mapping[str, Value]) -> str | None:
        """An index cannot hold what is not a text."""
        for name in self.indexed:
            if name in item and not item[name].get("S"):
                return f"Type mismatch for Index Key {name}, or an empty string"
        return None

    def write(self, key: Key, typed: Item, before: Item | None, after: Item | None, at: float) -> Write:
        written = Write(self.name, typed, before, after)
        self.log.append((key, written))
        if before is None or after is None:
            self.rows.put(key, before, after)
        else:
            self.rows.replace(key, after)
        if self.streamed and before != after:
            self.records.append(self._record(written, at))
        return written

    def _record(self, write: Write, at: float) -> Record:
        sequence = str(next(self._sequence))
        change: Record = {"Keys": write.key, "SequenceNumber": sequence, "ApproximateCreationDateTime": int(at)}
        if write.after is not None:
            change["NewImage"] = write.after
        if write.before is not None:
            change["OldImage"] = write.before
        kind = "INSERT" if write.before is None else "REMOVE" if write.after is None else "MODIFY"
        return {"eventID": f"{self.name}-{sequence}", "eventName": kind, "dynamodb": change}

    def _refuse_unknown(self, declared: Mapping[str, Any]) -> None:
        texts = all(one["AttributeType"] == "S" for one in declared["AttributeDefinitions"])
        indexes = declared.get("GlobalSecondaryIndexes", ())
        whole = all(index["Projection"] == {"ProjectionType": "ALL"} for index in indexes)
        images = declared.get("StreamSpecification", {}).get("StreamViewType", "NEW_AND_OLD_IMAGES")
        if not texts or not whole or "LocalSecondaryIndexes" in declared or images != "NEW_AND_OLD_IMAGES":
            raise ValueError(f"{self.name}: the simulated store knows no such table")


def _refuse_odd(key: Key) -> None:
    if "" in key:
        raise invalid("The AttributeValue for a key attribute cannot contain an empty string value")
    if len(key[0].encode()) > HASH_BYTES_MAX or len(key[1].encode()) > RANGE_BYTES_MAX:
        raise invalid("Size of a key has exceeded the maximum size limit")


def _key_names(declared: Mapping[str, Any]) -> tuple[str, str]:
    (hash_key, range_key) = declared["KeySchema"]
    return hash_key["AttributeName"], range_key["AttributeName"]

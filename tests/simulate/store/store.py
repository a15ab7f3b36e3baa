"""DynamoDB in memory, as far as Lastunit uses it: calls in, answers and refusals out."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from tests.simulate.store import parameters as known
from tests.simulate.store import reads, transactions, writes
from tests.simulate.store.refusals import (
    BAD_REQUEST,
    ConditionFailed,
    Inapplicable,
    RequestRefused,
    client_error,
    invalid,
)
from tests.simulate.store.rows import Rows, Write
from tests.simulate.store.table import Record, Table
from tests.simulate.store.values import Item
from tests.simulate.store.writes import Action, Decided

BATCH_KEYS_MAX, BATCH_WRITES_MAX = 100, 25
PUT_RETURNS, UPDATE_RETURNS = ("NONE", "ALL_OLD"), ("NONE", "ALL_OLD", "ALL_NEW")

Parameters = Mapping[str, Any]
Answer = dict[str, Any]
Build = Callable[[Table, Parameters], Action]


class Store:
    """Each call is atomic. For one thread; items are never changed once stored, and nobody else may change them.

    `tables`: name → properties of an AWS::DynamoDB::Table. `now`: seconds, for tokens and streams.
    `lag`: how many of a table's newest writes its replicas lack at a read that is not consistent.
    `on_write` is told of every call that wrote, once, with all of its writes.
    """

    def __init__(self, tables: Mapping[str, Mapping[str, Any]], now: Callable[[], float] = lambda: 0.0) -> None:
        self._tables = {name: Table(name, declared) for name, declared in tables.items()}
        self._now, self._tokens = now, transactions.Tokens(now)
        self.lag: Callable[[], int] = lambda: 0
        self.on_write: Callable[[list[Write]], None] | None = None
        self._operations: Mapping[str, Callable[[Parameters], Answer]] = {
            "GetItem": self._get,
            "BatchGetItem": self._batch_get,
            "PutItem": lambda parameters: self._single(writes.put, PUT_RETURNS, parameters),
            "UpdateItem": lambda parameters: self._single(writes.update, UPDATE_RETURNS, parameters),
            "DeleteItem": lambda parameters: self._single(writes.delete, PUT_RETURNS, parameters),
            "Query": self._query,
            "Scan": self._scan,
            "TransactWriteItems": self._transact,
            "BatchWriteItem": self._batch_write,
        }

    def execute(self, operation: str, parameters: Parameters) -> Answer:
        """As boto3 answers. Raises ClientError with DynamoDB's codes, and ParamValidationError."""
        known.check(operation, parameters)
        try:
            return self._operations[operation](parameters)
        except RequestRefused as refusal:
            error = client_error(operation, refusal.code, refusal.message, refusal.more, BAD_REQUEST)
        raise error

    def stream(self, table: str) -> Sequence[Record]:
        """All records since the beginning, oldest first. The list grows."""
        return self._tables[table].records

    def rows(self, table: str) -> Iterable[Item]:
        """All that is stored now, in no order, for who checks the tables from outside."""
        return self._tables[table].rows.all()

    def _table(self, name: str) -> Table:
        if name not in self._tables:
            raise RequestRefused("ResourceNotFoundException", "Requested resource not found")
        return self._tables[name]

    def _rows(self, table: Table, parameters: Parameters) -> Rows:
        index = parameters.get("IndexName", "")
        if index not in table.replicas:
            raise invalid(f"The table does not have the specified index: {index}")
        if not parameters.get("ConsistentRead"):
            return table.replicas[index].caught_up(table.log, self.lag())
        if index:
            raise invalid("Consistent reads are not supported on global secondary indexes")
        return table.rows

    def _get(self, parameters: Parameters) -> Answer:
        table = self._table(parameters["TableName"])
        return reads.get(table, self._rows(table, parameters), parameters)

    def _query(self, parameters: Parameters) -> Answer:
        table = self._table(parameters["TableName"])
        return reads.query(table, self._rows(table, parameters), parameters)

    def _scan(self, parameters: Parameters) -> Answer:
        table = self._table(parameters["TableName"])
        return reads.scan(table, self._rows(table, parameters), parameters)

    def _batch_get(self, parameters: Parameters) -> Answer:
        asked = parameters["RequestItems"]
        if not 0 < sum(len(one["Keys"]) for one in asked.values()) <= BATCH_KEYS_MAX:
            raise invalid(f"Too many items requested for the BatchGetItem call, or none: at most {BATCH_KEYS_MAX}")
        return {"Responses": {name: self._found(name, one) for name, one in asked.items()}, "UnprocessedKeys": {}}

    def _found(self, name: str, asked: Parameters) -> list[Item]:
        known.check("Keys", asked)
        table = self._table(name)
        keys = [table.key(typed) for typed in asked["Keys"]]
        if len(set(keys)) < len(keys):
            raise invalid("Provided list of item keys contains duplicates")
        rows = self._rows(table, asked)
        # DynamoDB answers in no order; here in the reverse of what was asked, so that nobody relies on that.
        found = map(rows.get, reversed(keys))
        return [item for item in found if item is not None]

    def _single(self, build: Build, returns: Collection[str], parameters: Parameters) -> Answer:
        action = build(self._table(parameters["TableName"]), parameters)
        wanted = parameters.get("ReturnValues", "NONE")
        if wanted not in returns:
            raise invalid(f"ReturnValues set to invalid value: {wanted}")
        try:
            decided = action.decide()
        except ConditionFailed as failed:
            told = {} if failed.told is None else {"Item": failed.told}
            raise RequestRefused(
                "ConditionalCheckFailedException", "The conditional request failed", **told
            ) from None
        except Inapplicable as problem:
            raise invalid(str(problem)) from None
        self._write([action], [decided])
        item = None if wanted == "NONE" else decided[wanted == "ALL_NEW"]
        return {} if item is None else {"Attributes": item}

    def _transact(self, parameters: Parameters) -> Answer:
        items, token = parameters["TransactItems"], parameters.get("ClientRequestToken")
        actions = transactions.prepared(self._table, items)
        if token is not None and self._tokens.knows(token, items):
            return {}
        self._write(actions, transactions.decided(actions))
        if token is not None:
            self._tokens.keep(token, items)
        return {}

    def _batch_write(self, parameters: Parameters) -> Answer:
        actions = [
            self._put_or_delete(name, one) for name, asked in parameters["RequestItems"].items() for one in asked
        ]
        if not 0 < len(actions) <= BATCH_WRITES_MAX:
            raise invalid(
                f"Too many items requested for the BatchWriteItem call, or none: at most {BATCH_WRITES_MAX}"
            )
        if len({(action.table, action.key) for action in actions}) < len(actions):
            raise invalid("Provided list of item keys contains duplicates")
        self._write(actions, [action.decide() for action in actions])
        return {"UnprocessedItems": {}}

    def _put_or_delete(self, name: str, asked: Parameters) -> Action:
        if "PutRequest" in asked:
            return writes.put(self._table(name), asked["PutRequest"])
        return writes.delete(self._table(name), asked["DeleteRequest"])

    def _write(self, actions: Sequence[Action], decided: Sequence[Decided]) -> None:
        at = self._now()
        written = [
            action.table.write(action.key, action.typed, before, after, at)
            for action, (before, after) in zip(actions, decided, strict=True)
            if action.change
        ]
        if self.on_write and written:
            self.on_write(written)

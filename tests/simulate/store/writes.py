"""Put, update, delete and check: what each would do is decided first, and done afterwards."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from tests.simulate.store.conditions import Test, Values
from tests.simulate.store.refusals import ConditionFailed, Inapplicable, invalid
from tests.simulate.store.rows import Key
from tests.simulate.store.statements import statement
from tests.simulate.store.table import Table
from tests.simulate.store.values import ITEM_BYTES_MAX, Item, measured, stored, surely_fits

NOTHING: Item = {}

Parameters = Mapping[str, Any]
Change = Callable[[Item | None], Item | None]
"""The item before → the item afterwards."""

Decided = tuple[Item | None, Item | None]
"""The item before, and afterwards."""


class Action(NamedTuple):
    """One action on one item, checked as far as can be without looking at the item. Made in the inner loop."""

    table: Table
    key: Key
    typed: Item  # The key as it is sent.
    test: Test | None
    values: Values
    change: Change | None  # A check changes nothing, and is no write.
    tells: bool  # A refusal comes with the item that is stored.

    def decide(self) -> Decided:
        """Raises ConditionFailed or Inapplicable."""
        before = self.table.rows.get(self.key)
        if self.test and not self.test(NOTHING if before is None else before, self.values):
            raise ConditionFailed(before if self.tells else None)
        return before, self.change(before) if self.change else before


def put(table: Table, parameters: Parameters) -> Action:
    item, size = stored(parameters["Item"])
    key = table.key_of(item)
    problem = table.index_problem(item)
    if problem or size > ITEM_BYTES_MAX:
        raise invalid(problem or "Item size has exceeded the maximum allowed size")
    return _action(table, key, table.typed(key), parameters, lambda _: item)


def delete(table: Table, parameters: Parameters) -> Action:
    typed = parameters["Key"]
    return _action(table, table.key(typed), typed, parameters, lambda _: None)


def check(table: Table, parameters: Parameters) -> Action:
    typed = parameters["Key"]
    return _action(table, table.key(typed), typed, parameters, None)


def update(table: Table, parameters: Parameters) -> Action:
    typed = parameters["Key"]
    key = table.key(typed)
    compiled = statement(parameters)
    values, changes = compiled.bind(parameters), compiled.update
    if changes and not changes.roots.isdisjoint(table.key_names):
        raise invalid("Cannot update an attribute that is part of the key")

    def change(before: Item | None) -> Item:
        start = typed if before is None else before
        after: Item = changes(start, values) if changes else start
        problem = table.index_problem(after)
        if problem or not (surely_fits(after, ITEM_BYTES_MAX) or measured(after) <= ITEM_BYTES_MAX):
            raise Inapplicable(problem or "Item size to update has exceeded the maximum allowed size")
        return after

    tells = parameters.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
    return Action(table, key, typed, compiled.condition, values, change, tells)


def _action(table: Table, key: Key, typed: Item, parameters: Parameters, change: Change | None) -> Action:
    compiled = statement(parameters)
    values = compiled.bind(parameters)
    tells = parameters.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
    return Action(table, key, typed, compiled.condition, values, change, tells)

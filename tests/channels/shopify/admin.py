"""The Admin GraphQL API of a simulated Shopify, version 2026-10, as far as the hub uses it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLResolveInfo,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    OperationType,
    execute_sync,
    get_operation_ast,
    get_variable_values,
    parse,
    validate,
)

from tests.channels.shopify.inventory import Inventory, InventoryData, refuse_long, refused
from tests.channels.shopify.orders import changed_orders, find_node
from tests.channels.shopify.schema import Cost, charged, schema

QUERY_COST_MAX = 1000
QUERIES_MAX = 200


@dataclass(frozen=True, slots=True)
class Bucket:
    available: float
    at: float


@dataclass(slots=True)
class AdminApi:
    stock: InventoryData
    points_maximum: float = 2000.0
    points_restored_per_second: float = 100.0
    inventory: Inventory = field(init=False)
    _bucket: Bucket | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.inventory = Inventory(self.stock)

    def answer(self, query: str, variables: dict[str, Any]) -> dict[str, Any]:
        document, problems = _understood(query)
        if document is None:
            return _errors(problems)
        operation = get_operation_ast(document)
        if operation is None:
            return _errors([refused("An operation name is required", "BAD_REQUEST")])
        given = get_variable_values(schema(), operation.variable_definitions or (), variables)
        if isinstance(given, list):
            return _errors(given)
        return self._metered(document, operation, given)

    def _metered(
        self, document: DocumentNode, operation: OperationDefinitionNode, given: dict[str, Any]
    ) -> dict[str, Any]:
        fragments = [one for one in document.definitions if isinstance(one, FragmentDefinitionNode)]
        cost = Cost(fragments, given).of(operation)
        if cost > QUERY_COST_MAX:
            message = f"Query cost is {cost:g}, which exceeds the single query max cost limit ({QUERY_COST_MAX})."
            return _errors([refused(message, "MAX_COST_EXCEEDED")])
        left = self._pay(cost)
        if left is None:
            return self.throttled(cost, self._points())
        with self.stock.changed:
            result = execute_sync(schema(), document, root_value=self._root(), variable_values=given)
        mutates = operation.operation is OperationType.MUTATION
        actual = cost if mutates else min(cost, charged(result.data) - 1)
        left = self._give_back(cost - actual)
        return {**result.formatted, "extensions": {"cost": self._cost_report(cost, actual, left)}}

    def _root(self) -> dict[str, Any]:
        return {
            "node": self._node,
            "nodes": self._nodes,
            "order": self._node,
            "orders": self._orders,
            "inventorySetQuantities": self.inventory.set_quantities,
            "inventoryAdjustQuantities": self.inventory.adjust_quantities,
        }

    # -- cost ------------------------------------------------------------------------------------------------

    def _points(self) -> float:
        with self.stock.changed:
            if self._bucket is None:
                return self.points_maximum
            restored = (self.stock.seconds() - self._bucket.at) * self.points_restored_per_second
            return min(self.points_maximum, self._bucket.available + restored)

    def _pay(self, cost: float) -> float | None:
        with self.stock.changed:
            left = self._points() - cost
            if left < 0:
                return None
            self._bucket = Bucket(left, self.stock.seconds())
            return left

    def _give_back(self, points: float) -> float:
        """What was asked for and not found costs nothing in the end."""
        with self.stock.changed:
            assert self._bucket
            self._bucket = Bucket(self._bucket.available + points, self._bucket.at)
            return self._bucket.available

    def throttled(self, cost: float, available: float) -> dict[str, Any]:
        error = {"message": "Throttled", "extensions": {"code": "THROTTLED"}}
        return {"errors": [error], "extensions": {"cost": self._cost_report(cost, None, available)}}

    def _cost_report(self, requested: float, actual: float | None, available: float) -> dict[str, Any]:
        status = {
            "maximumAvailable": self.points_maximum,
            "currentlyAvailable": available,
            "restoreRate": self.points_restored_per_second,
        }
        return {"requestedQueryCost": requested, "actualQueryCost": actual, "throttleStatus": status}

    # -- reading ---------------------------------------------------------------------------------------------

    def _nodes(self, info: GraphQLResolveInfo, ids: list[str]) -> list[dict[str, Any] | None]:
        refuse_long(ids)
        names = [self.stock.names.get(gid) for gid in ids]
        return [None if name is None else self._item(name) for name in names]

    def _node(self, info: GraphQLResolveInfo, id: str) -> dict[str, Any] | None:
        name = self.stock.names.get(id)
        return self._item(name) if name else find_node(self.stock.orders, id)

    def _orders(
        self,
        info: GraphQLResolveInfo,
        sortKey: str,
        reverse: bool,
        query: str | None = None,
        first: int | None = None,
        after: str | None = None,
    ) -> dict[str, Any]:
        return changed_orders(self.stock.orders, query, sortKey, reverse, first, after)

    def _item(self, name: str) -> dict[str, Any]:
        def level(info: GraphQLResolveInfo, locationId: str, includeInactive: bool) -> dict[str, Any] | None:
            return self._level(name) if locationId == self.stock.variants[name].location_gid else None

        gid = self.stock.variants[name].item_gid
        return {"__typename": "InventoryItem", "id": gid, "sku": name, "tracked": True, "inventoryLevel": level}

    def _level(self, name: str) -> dict[str, Any]:
        def quantities(info: GraphQLResolveInfo, names: list[str]) -> list[dict[str, Any]]:
            return [{"name": state, "quantity": self.inventory.quantity(name, state)} for state in names]

        return {"id": f"gid://shopify/InventoryLevel/{name}", "isActive": True, "quantities": quantities}


@lru_cache(QUERIES_MAX)
def _understood(query: str) -> tuple[DocumentNode | None, Sequence[GraphQLError]]:
    """Kept, as the hub asks the same few queries again and again: reading one costs more than answering it."""
    try:
        document = parse(query)
    except GraphQLSyntaxError as error:
        return None, [error]
    problems = validate(schema(), document)
    return (None if problems else document), problems


def _errors(errors: Iterable[GraphQLError]) -> dict[str, Any]:
    return {"errors": [error.formatted for error in errors]}

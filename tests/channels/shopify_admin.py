"""The Admin GraphQL API of a simulated Shopify, version 2026-10, as far as the hub uses it."""

import json
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any, Protocol

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
    GraphQLResolveInfo,
    GraphQLSchema,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    OperationType,
    build_schema,
    execute_sync,
    get_argument_values,
    get_directive_values,
    get_operation_ast,
    get_variable_values,
    parse,
    validate,
)

ARRAY_MAX = 250
QUANTITY_MAX = 1_000_000_000
QUERY_COST_MAX = 1000
MUTATION_COST = 10
NODE_COST = 3
REASONS = frozenset(
    {
        "correction",
        "cycle_count_available",
        "damaged",
        "other",
        "promotion",
        "quality_control",
        "received",
        "restock",
        "safety_stock",
        "shrinkage",
    }
)

# An excerpt of Shopify's schema. Neither @idempotent nor changeFromQuantity is mandatory in it: both are
# demanded when the mutation runs, as the real API does since 2026-04.
SCHEMA = """
directive @idempotent(key: String!) on FIELD
scalar DateTime
interface Node { id: ID! }
type InventoryQuantity { name: String! quantity: Int! }
type InventoryLevel implements Node {
  id: ID!
  isActive: Boolean!
  quantities(names: [String!]!): [InventoryQuantity!]!
}
type InventoryItem implements Node {
  id: ID!
  sku: String
  tracked: Boolean!
  inventoryLevel(locationId: ID!, includeInactive: Boolean = false): InventoryLevel
}
type Query { nodes(ids: [ID!]!): [Node]! }
input InventoryQuantityInput { inventoryItemId: ID! locationId: ID! quantity: Int! changeFromQuantity: Int }
input InventorySetQuantitiesInput {
  name: String!
  reason: String!
  referenceDocumentUri: String
  quantities: [InventoryQuantityInput!]!
}
enum InventorySetQuantitiesUserErrorCode {
  CHANGE_FROM_QUANTITY_STALE COMPARE_QUANTITY_REQUIRED COMPARE_QUANTITY_STALE IDEMPOTENCY_CONCURRENT_REQUEST
  IDEMPOTENCY_KEY_PARAMETER_MISMATCH IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED INVALID_INVENTORY_ITEM INVALID_LOCATION
  INVALID_NAME INVALID_QUANTITY_NEGATIVE INVALID_QUANTITY_TOO_HIGH INVALID_QUANTITY_TOO_LOW INVALID_REASON
  INVALID_REFERENCE_DOCUMENT ITEM_NOT_STOCKED_AT_LOCATION NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR
  NON_MUTABLE_INVENTORY_ITEM SERVICE_UNAVAILABLE
}
type InventorySetQuantitiesUserError {
  code: InventorySetQuantitiesUserErrorCode
  field: [String!]
  message: String!
}
type InventoryChange { name: String! delta: Int! quantityAfterChange: Int }
type InventoryAdjustmentGroup {
  id: ID!
  createdAt: DateTime!
  reason: String!
  referenceDocumentUri: String
  changes(quantityNames: [String!]): [InventoryChange!]!
}
type InventorySetQuantitiesPayload {
  inventoryAdjustmentGroup: InventoryAdjustmentGroup
  userErrors: [InventorySetQuantitiesUserError!]!
}
type Mutation { inventorySetQuantities(input: InventorySetQuantitiesInput!): InventorySetQuantitiesPayload }
"""


@cache
def _schema() -> GraphQLSchema:
    return build_schema(SCHEMA)


@dataclass(frozen=True, slots=True)
class Variant:
    variant_id: int
    item_gid: str
    location_gid: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """What an idempotency key was used for, and what came of it; `payload` is None when it failed."""

    content: str
    payload: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Bucket:
    available: float
    at: float


def _user_error(code: str, message: str, *path: str | int) -> dict[str, Any]:
    return {"code": code, "field": [str(part) for part in path] or None, "message": message}


def _refused(message: str, code: str) -> GraphQLError:
    return GraphQLError(message, extensions={"code": code})


class Stock(Protocol):
    """The shop's own counting."""

    @property
    def changed(self) -> threading.Condition: ...

    @property
    def variants(self) -> Mapping[str, Variant]: ...

    @property
    def names(self) -> Mapping[str, str]:
        """By the gid of the inventory item."""
        ...

    @property
    def location_gids(self) -> frozenset[str]: ...

    def quantity(self, name: str, state: str) -> int | None:
        """None: there is no such state."""
        ...

    def add(self, name: str, delta: int) -> None: ...


@dataclass(slots=True)
class AdminApi:
    """`keys_in_progress`: idempotency keys whose first request is still being worked on.

    `unnamed`: user errors come without the path that tells their item.
    """

    stock: Stock
    points_maximum: float = 2000.0
    points_restored_per_second: float = 100.0
    unnamed: bool = False
    keys_in_progress: set[str] = field(default_factory=set)
    attempts: dict[str, Attempt] = field(default_factory=dict)
    _bucket: Bucket | None = field(default=None, init=False)

    def answer(self, query: str, variables: dict[str, Any]) -> dict[str, Any]:
        try:
            document = parse(query)
        except GraphQLSyntaxError as error:
            return _errors([error])
        invalid = validate(_schema(), document)
        if invalid:
            return _errors(invalid)
        operation = get_operation_ast(document)
        if operation is None:
            return _errors([_refused("An operation name is required", "BAD_REQUEST")])
        given = get_variable_values(_schema(), operation.variable_definitions or (), variables)
        if isinstance(given, list):
            return _errors(given)
        return self._metered(document, operation, given)

    def _metered(
        self, document: DocumentNode, operation: OperationDefinitionNode, given: dict[str, Any]
    ) -> dict[str, Any]:
        cost = _cost(operation, given)
        if cost > QUERY_COST_MAX:
            message = f"Query cost is {cost:g}, which exceeds the single query max cost limit ({QUERY_COST_MAX})."
            return _errors([_refused(message, "MAX_COST_EXCEEDED")])
        left = self._pay(cost)
        if left is None:
            return self.throttled(cost, self._points())
        with self.stock.changed:
            result = execute_sync(_schema(), document, root_value=self._root(), variable_values=given)
        return {**result.formatted, "extensions": {"cost": self._cost_report(cost, cost, left)}}

    def _root(self) -> dict[str, Any]:
        return {"nodes": self._nodes, "inventorySetQuantities": self._set_quantities}

    # -- cost ------------------------------------------------------------------------------------------------

    def _points(self) -> float:
        with self.stock.changed:
            if self._bucket is None:
                return self.points_maximum
            restored = (time.monotonic() - self._bucket.at) * self.points_restored_per_second
            return min(self.points_maximum, self._bucket.available + restored)

    def _pay(self, cost: float) -> float | None:
        with self.stock.changed:
            left = self._points() - cost
            if left < 0:
                return None
            self._bucket = Bucket(left, time.monotonic())
            return left

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
        _refuse_long(ids)
        names = [self.stock.names.get(gid) for gid in ids]
        return [None if name is None else self._item(name) for name in names]

    def _item(self, name: str) -> dict[str, Any]:
        def level(info: GraphQLResolveInfo, locationId: str, includeInactive: bool) -> dict[str, Any] | None:
            return self._level(name) if locationId == self.stock.variants[name].location_gid else None

        gid = self.stock.variants[name].item_gid
        return {"__typename": "InventoryItem", "id": gid, "sku": name, "tracked": True, "inventoryLevel": level}

    def _level(self, name: str) -> dict[str, Any]:
        def quantities(info: GraphQLResolveInfo, names: list[str]) -> list[dict[str, Any]]:
            return [{"name": state, "quantity": self._quantity(name, state)} for state in names]

        return {"id": f"gid://shopify/InventoryLevel/{name}", "isActive": True, "quantities": quantities}

    def _quantity(self, name: str, state: str) -> int:
        quantity = self.stock.quantity(name, state)
        if quantity is None:
            raise _refused(f"{state} is not a quantity name", "INVALID_FIELD_ARGUMENTS")
        return quantity

    # -- writing ---------------------------------------------------------------------------------------------

    def _set_quantities(self, info: GraphQLResolveInfo, input: dict[str, Any]) -> Mapping[str, Any]:
        key = _idempotency_key(info)
        _refuse_long(input["quantities"])
        if any("changeFromQuantity" not in quantity for quantity in input["quantities"]):
            message = "InventoryQuantityInput must include the following argument: changeFromQuantity."
            raise _refused(message, "INVALID_FIELD_ARGUMENTS")
        content = json.dumps(input, sort_keys=True)
        earlier = self._earlier(key, content)
        if earlier is not None:
            return earlier
        errors = self._problems(input)
        payload = self._apply(input) if not errors else None
        self.attempts[key] = Attempt(content, payload)
        return payload or _failed(errors)

    def _earlier(self, key: str, content: str) -> Mapping[str, Any] | None:
        if key in self.keys_in_progress:
            return _failed([_user_error("IDEMPOTENCY_CONCURRENT_REQUEST", "This request is in progress.")])
        attempt = self.attempts.get(key)
        if attempt is None:
            return None
        if attempt.content != content:
            return _failed([_user_error("IDEMPOTENCY_KEY_PARAMETER_MISMATCH", "Different parameters.")])
        if attempt.payload is None:
            return _failed([_user_error("IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED", "Retry with a new key.")])
        return attempt.payload

    def _problems(self, input: Mapping[str, Any]) -> list[dict[str, Any]]:
        problems = list(_call_problems(input))
        seen: set[tuple[str, str]] = set()
        for index, quantity in enumerate(input["quantities"]):
            pair = (quantity["inventoryItemId"], quantity["locationId"])
            problem = self._problem(quantity, input["name"], repeated=pair in seen)
            seen.add(pair)
            if problem:
                code, message, name = problem
                path = () if self.unnamed else ("input", "quantities", index, name)
                problems.append(_user_error(code, message, *path))
        return problems

    def _problem(self, quantity: Mapping[str, Any], state: str, *, repeated: bool) -> tuple[str, str, str] | None:
        name = self.stock.names.get(quantity["inventoryItemId"])
        if name is None:
            return "INVALID_INVENTORY_ITEM", "The specified inventory item could not be found.", "inventoryItemId"
        if quantity["locationId"] not in self.stock.location_gids:
            return "INVALID_LOCATION", "The specified location could not be found.", "locationId"
        if quantity["locationId"] != self.stock.variants[name].location_gid:
            return "ITEM_NOT_STOCKED_AT_LOCATION", "The item is not stocked at the location.", "locationId"
        if repeated:
            return "NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR", "The pair must be unique.", "inventoryItemId"
        if quantity["quantity"] < 0:
            return "INVALID_QUANTITY_NEGATIVE", "The quantity can't be negative.", "quantity"
        if quantity["quantity"] > QUANTITY_MAX:
            return "INVALID_QUANTITY_TOO_HIGH", "The quantity can't be higher than 1,000,000,000.", "quantity"
        expected = quantity["changeFromQuantity"]
        if expected is not None and expected != self._quantity(name, state):
            return "CHANGE_FROM_QUANTITY_STALE", "changeFromQuantity does not match.", "changeFromQuantity"
        return None

    def _apply(self, input: Mapping[str, Any]) -> dict[str, Any]:
        changes: list[dict[str, Any]] = []
        for quantity in input["quantities"]:
            name = self.stock.names[quantity["inventoryItemId"]]
            delta = quantity["quantity"] - self._quantity(name, input["name"])
            self.stock.add(name, delta)
            changes.append({"name": input["name"], "delta": delta, "quantityAfterChange": quantity["quantity"]})
        group = {
            "id": f"gid://shopify/InventoryAdjustmentGroup/{len(self.attempts) + 1}",
            "createdAt": datetime.now(UTC).isoformat(timespec="seconds"),
            "reason": input["reason"],
            "referenceDocumentUri": input.get("referenceDocumentUri"),
            "changes": [change for change in changes if change["delta"]],
        }
        return {"inventoryAdjustmentGroup": group if group["changes"] else None, "userErrors": []}


def _errors(errors: Iterable[GraphQLError]) -> dict[str, Any]:
    return {"errors": [error.formatted for error in errors]}


def _failed(errors: list[dict[str, Any]]) -> dict[str, Any]:
    return {"inventoryAdjustmentGroup": None, "userErrors": errors}


def _refuse_long(items: list[Any]) -> None:
    if len(items) > ARRAY_MAX:
        message = f"The input array size of {len(items)} is greater than the maximum allowed of {ARRAY_MAX}."
        raise _refused(message, "MAX_INPUT_SIZE_EXCEEDED")


def _idempotency_key(info: GraphQLResolveInfo) -> str:
    directive = info.schema.get_directive("idempotent")
    assert directive is not None
    given = get_directive_values(directive, info.field_nodes[0], info.variable_values)
    if not given or not given["key"]:
        message = "The @idempotent directive is required for this mutation but was not provided."
        raise _refused(message, "BAD_REQUEST")
    return str(given["key"])


def _call_problems(input: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    if input["name"] not in ("available", "on_hand"):
        message = "The quantity name must be either 'available' or 'on_hand'."
        yield _user_error("INVALID_NAME", message, "input", "name")
    if input["reason"] not in REASONS:
        yield _user_error("INVALID_REASON", "The specified reason is invalid.", "input", "reason")
    if "://" not in (input.get("referenceDocumentUri") or "://"):
        message = "The specified reference document is invalid."
        yield _user_error("INVALID_REFERENCE_DOCUMENT", message, "input", "referenceDocumentUri")


def _cost(operation: OperationDefinitionNode, variables: dict[str, Any]) -> float:
    """10 points for a mutation; an item, its level and its quantities for every id read."""
    if operation.operation is OperationType.MUTATION:
        return MUTATION_COST
    query = _schema().query_type
    assert query is not None
    nodes = [node for node in operation.selection_set.selections if isinstance(node, FieldNode)]
    given = [get_argument_values(query.fields["nodes"], node, variables) for node in nodes]
    return sum(NODE_COST * len(arguments["ids"]) for arguments in given)

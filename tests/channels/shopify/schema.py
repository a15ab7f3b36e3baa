"""The part of Shopify's Admin schema, version 2026-10, that the hub uses, and what queries against it cost."""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLField,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    build_schema,
    get_argument_values,
    get_named_type,
    is_leaf_type,
)

MUTATION_COST = 10

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
type PageInfo { hasNextPage: Boolean! endCursor: String }
type Location implements Node { id: ID! }
type ProductVariant implements Node { id: ID! inventoryItem: InventoryItem! }
type LineItem implements Node {
  id: ID!
  sku: String
  quantity: Int!
  currentQuantity: Int!
  unfulfilledQuantity: Int!
  isGiftCard: Boolean!
  requiresShipping: Boolean!
  vendor: String
  variant: ProductVariant
}
type LineItemConnection { nodes: [LineItem!]! pageInfo: PageInfo! }
type RefundLineItem { quantity: Int! restockType: String! lineItem: LineItem! }
type RefundLineItemConnection { nodes: [RefundLineItem!]! pageInfo: PageInfo! }
type Refund implements Node {
  id: ID!
  refundLineItems(first: Int, after: String): RefundLineItemConnection!
}
type FulfillmentLineItem implements Node { id: ID! quantity: Int lineItem: LineItem! }
type FulfillmentLineItemConnection { nodes: [FulfillmentLineItem!]! pageInfo: PageInfo! }
type FulfillmentTrackingInfo { number: String }
type Fulfillment implements Node {
  id: ID!
  status: String!
  createdAt: DateTime!
  location: Location
  trackingInfo(first: Int): [FulfillmentTrackingInfo!]!
  fulfillmentLineItems(first: Int, after: String): FulfillmentLineItemConnection!
}
type Order implements Node {
  id: ID!
  name: String!
  test: Boolean!
  createdAt: DateTime!
  updatedAt: DateTime!
  cancelledAt: DateTime
  displayFinancialStatus: String
  displayFulfillmentStatus: String!
  retailLocation: Location
  lineItems(first: Int, after: String): LineItemConnection!
  refunds(first: Int): [Refund!]!
  fulfillments(first: Int): [Fulfillment!]!
}
type OrderConnection { nodes: [Order!]! pageInfo: PageInfo! }
enum OrderSortKeys { CREATED_AT ID PROCESSED_AT UPDATED_AT }
type Query {
  node(id: ID!): Node
  nodes(ids: [ID!]!): [Node]!
  order(id: ID!): Order
  orders(
    first: Int, after: String, query: String, sortKey: OrderSortKeys = PROCESSED_AT, reverse: Boolean = false
  ): OrderConnection!
}
input InventoryChangeInput {
  delta: Int!
  inventoryItemId: ID!
  locationId: ID!
  ledgerDocumentUri: String
  changeFromQuantity: Int
}
input InventoryAdjustQuantitiesInput {
  reason: String!
  name: String!
  referenceDocumentUri: String
  changes: [InventoryChangeInput!]!
}
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
enum InventoryAdjustQuantitiesUserErrorCode {
  ADJUST_QUANTITIES_FAILED CHANGE_FROM_QUANTITY_STALE IDEMPOTENCY_CONCURRENT_REQUEST
  IDEMPOTENCY_KEY_PARAMETER_MISMATCH IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED INVALID_AVAILABLE_DOCUMENT
  INVALID_INVENTORY_ITEM INVALID_LOCATION INVALID_QUANTITY_DOCUMENT INVALID_QUANTITY_NAME
  INVALID_QUANTITY_TOO_HIGH INVALID_QUANTITY_TOO_LOW INVALID_REASON INVALID_REFERENCE_DOCUMENT
  ITEM_NOT_STOCKED_AT_LOCATION NON_MUTABLE_INVENTORY_ITEM SERVICE_UNAVAILABLE
}
type InventoryAdjustQuantitiesUserError {
  code: InventoryAdjustQuantitiesUserErrorCode
  field: [String!]
  message: String!
}
type InventoryAdjustQuantitiesPayload {
  inventoryAdjustmentGroup: InventoryAdjustmentGroup
  userErrors: [InventoryAdjustQuantitiesUserError!]!
}
type Mutation {
  inventorySetQuantities(input: InventorySetQuantitiesInput!): InventorySetQuantitiesPayload
  inventoryAdjustQuantities(input: InventoryAdjustQuantitiesInput!): InventoryAdjustQuantitiesPayload
}
"""


@cache
def schema() -> GraphQLSchema:
    return build_schema(SCHEMA)


class Cost:
    """Counted before a query runs, as if everything it asks for were there."""

    def __init__(self, fragments: Iterable[FragmentDefinitionNode], variables: dict[str, Any]) -> None:
        self._fragments = {one.name.value: one for one in fragments}
        self._variables = variables

    def of(self, operation: OperationDefinitionNode) -> float:
        """10 points for a mutation; for a query 1 for every object, and 2 for every connection."""
        if operation.operation is OperationType.MUTATION:
            return MUTATION_COST * len(operation.selection_set.selections)
        query = schema().query_type
        assert query is not None
        return self._selected(query.name, operation.selection_set)

    def _selected(self, type_name: str, selected: SelectionSetNode | None, times: int = 1) -> float:
        fields = sum(self._field(type_name, node, times) for node in _fields(selected))
        # An object is of one type only, so the dearest fragment counts for a node of any type.
        inner = [self._fragment(type_name, node, times) for node in _fragments(selected)]
        return fields + (max(inner, default=0) if type_name == "Node" else sum(inner))

    def _fragment(self, type_name: str, node: Any, times: int) -> float:
        found = node if isinstance(node, InlineFragmentNode) else self._fragments[node.name.value]
        condition = found.type_condition.name.value if found.type_condition else type_name
        return self._selected(condition, found.selection_set, times)

    def _field(self, type_name: str, node: FieldNode, times: int) -> float:
        parent = schema().type_map[type_name]
        field = getattr(parent, "fields", {}).get(node.name.value)
        if field is None or is_leaf_type(get_named_type(field.type)):
            return 0
        name = get_named_type(field.type).name
        size = self._size(field, node)
        if name.endswith("Connection"):
            return 2 + self._selected(name, node.selection_set, size)
        count = times if type_name.endswith("Connection") and node.name.value == "nodes" else size
        return count * (1 + self._selected(name, node.selection_set))

    def _size(self, field: GraphQLField, node: FieldNode) -> int:
        given = get_argument_values(field, node, self._variables)
        return len(given["ids"]) if "ids" in given else given.get("first") or 1


def _fields(selected: SelectionSetNode | None) -> list[FieldNode]:
    return [node for node in selected.selections if isinstance(node, FieldNode)] if selected else []


def _fragments(selected: SelectionSetNode | None) -> list[Any]:
    return [node for node in selected.selections if not isinstance(node, FieldNode)] if selected else []


def charged(data: object) -> float:
    """What a query really found is charged: 1 for every object."""
    if isinstance(data, Mapping):
        return 1 + sum(map(charged, data.values()))
    return sum(map(charged, data)) if isinstance(data, list) else 0

"""Orders of a Shopify shop that changed since an instant, as its webhooks would have reported them."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import AwareDatetime

from lastunit.channels.shared.one_record import one_record
from lastunit.channels.shared.problems import readable
from lastunit.channels.shopify.client import Admin, Wire, understood
from lastunit.channels.shopify.orders import fulfilment_shipment, order_snapshot
from lastunit.domain.errors import ChannelUnavailable, UnreadableOrder
from lastunit.domain.orders.inbound import ChannelEvent
from lastunit.domain.orders.snapshot import LINES_MAX
from lastunit.ports.channel import OrdersPage

# A query may cost 1,000 points at most, counted as if all that it could find were there: an order of a page counts
# 1 + 1 (location) + 30 (9 lines) + 36 (3 refunds of 4 lines) + 54 (3 fulfilments of 5 lines) = 122. Longer orders
# are completed one by one. What is really there is charged, some 10 points for a common order.
ORDERS_MAX = 8
FIRST_PARTS = {"refunds": 3, "fulfillments": 3}
ALL_PARTS = {"refunds": 40, "fulfillments": 25}  # 40 x 12 + 25 x 18 points. An order with more is left to a person.

READS_MAX = 3  # Of an order that changes while its parts are read.

LINES = """
fragment Lines on LineItemConnection {
  pageInfo { hasNextPage endCursor } nodes {
    id sku quantity currentQuantity unfulfilledQuantity isGiftCard requiresShipping vendor
    variant { id inventoryItem { tracked } }
  }
}
fragment RefundLines on RefundLineItemConnection {
  pageInfo { hasNextPage endCursor } nodes { quantity restockType lineItem { id } }
}
fragment FulfilledLines on FulfillmentLineItemConnection {
  pageInfo { hasNextPage endCursor } nodes { quantity lineItem { id } }
}"""
ORDER = (
    """
fragment Whole on Order {
  id test createdAt updatedAt cancelledAt displayFinancialStatus retailLocation { id }
  lineItems(first: 9) { ...Lines }
  refunds(first: $refunds) { id refundLineItems(first: 4) { ...RefundLines } }
  fulfillments(first: $fulfillments) {
    id status createdAt location { id } trackingInfo(first: 3) { number }
    fulfillmentLineItems(first: 5) { ...FulfilledLines }
  }
}"""
    + LINES
)
CHANGED_ORDERS = f"""
query ChangedOrders($query: String!, $first: Int!, $after: String, $refunds: Int!, $fulfillments: Int!) {{
  orders(first: $first, after: $after, sortKey: UPDATED_AT, query: $query) {{
    pageInfo {{ hasNextPage endCursor }} nodes {{ ...Whole }}
  }}
}}{ORDER}"""
ONE_ORDER = f"""
query OneOrder($id: ID!, $refunds: Int!, $fulfillments: Int!) {{ order(id: $id) {{ ...Whole }} }}{ORDER}"""
MORE_LINES = f"""
query MoreLines($id: ID!, $after: String) {{
  node(id: $id) {{
    ... on Order {{ lineItems(first: 100, after: $after) {{ ...Lines }} }}
    ... on Refund {{ refundLineItems(first: 100, after: $after) {{ ...RefundLines }} }}
    ... on Fulfillment {{ fulfillmentLineItems(first: 100, after: $after) {{ ...FulfilledLines }} }}
  }}
}}{LINES}"""


class _PageInfo(Wire):
    hasNextPage: bool
    endCursor: str | None = None


class _Connection[Node](Wire):
    pageInfo: _PageInfo
    nodes: list[Node]


class _Named(Wire):
    id: str

    @property
    def number(self) -> str:
        """As webhooks write ids: gid://shopify/Order/1 is 1 there."""
        return self.id.rpartition("/")[2]


class _InventoryItem(Wire):
    tracked: bool


class _Variant(_Named):
    inventoryItem: _InventoryItem | None = None


class _Line(_Named):
    sku: str | None = None
    quantity: int
    currentQuantity: int
    unfulfilledQuantity: int | None = None
    isGiftCard: bool | None = None
    requiresShipping: bool | None = None
    vendor: str | None = None
    variant: _Variant | None = None


class _RefundLine(Wire):
    quantity: int
    restockType: str
    lineItem: _Named


class _Refund(_Named):
    refundLineItems: _Connection[_RefundLine]


class _FulfilledLine(Wire):
    quantity: int | None = None
    lineItem: _Named


class _Tracking(Wire):
    number: str | None = None


class _Fulfilment(_Named):
    status: str
    createdAt: AwareDatetime
    location: _Named | None = None
    trackingInfo: tuple[_Tracking, ...] = ()
    fulfillmentLineItems: _Connection[_FulfilledLine]


class _Order(_Named):
    test: bool
    createdAt: AwareDatetime
    updatedAt: AwareDatetime
    cancelledAt: AwareDatetime | None = None
    displayFinancialStatus: str | None = None
    retailLocation: _Named | None = None
    lineItems: _Connection[_Line]
    refunds: list[_Refund]
    fulfillments: list[_Fulfilment]

    def is_whole(self, refunds: int, fulfillments: int) -> bool:
        """Asked for so many of them, Shopify had fewer."""
        pages = [
            self.lineItems.pageInfo,
            *(one.refundLineItems.pageInfo for one in self.refunds),
            *(one.fulfillmentLineItems.pageInfo for one in self.fulfillments),
        ]
        is_cut = any(page.hasNextPage for page in pages)
        return not is_cut and len(self.refunds) < refunds and len(self.fulfillments) < fulfillments


class _OrdersData(Wire):
    orders: _Connection[dict[str, Any]]


class _OrderData(Wire):
    order: dict[str, Any] | None


class _NodeData(Wire):
    node: dict[str, Any]


class _Moment(Wire):
    updatedAt: AwareDatetime


Make = Callable[[str, Mapping[str, Any], Mapping[str, str]], ChannelEvent | None]
"""From a payload as webhooks carry it."""


@dataclass(frozen=True, slots=True)
class Changes:
    """`locations`: Shopify's location ids → ours."""

    admin: Admin
    channel: str
    locations: Mapping[str, str]

    def page(self, since: datetime, after: str | None) -> OrdersPage:
        found = f"updated_at:>='{since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}'"  # Its clock has one-second steps.
        variables = {"query": found, "first": ORDERS_MAX, "after": after} | FIRST_PARTS
        orders = understood(_OrdersData, self.admin.call(CHANGED_ORDERS, variables)).orders
        results = [(_order_id(node), result) for node in orders.nodes for result in self._results(node)]
        return OrdersPage(
            events=tuple(result for _, result in results if not isinstance(result, UnreadableOrder)),
            unreadable=tuple(
                (order_id, str(result)) for order_id, result in results if isinstance(result, UnreadableOrder)
            ),
            next=orders.pageInfo.endCursor if orders.pageInfo.hasNextPage else None,
            latest=_latest(orders.nodes),
        )

    def _results(self, node: Mapping[str, Any]) -> Iterator[ChannelEvent | UnreadableOrder]:
        """What the order and each of its fulfilments tell, or why it cannot be understood."""
        try:
            with one_record():
                order = self._whole(readable(_Order, node))
        except UnreadableOrder as error:
            yield error
            return
        if order and not order.test:
            yield from self._events(order)

    def _events(self, order: _Order) -> Iterator[ChannelEvent | UnreadableOrder]:
        events = [self._event(order_snapshot, _order_payload(order))]
        events += [self._event(fulfilment_shipment, payload) for payload in _fulfilment_payloads(order)]
        yield from (one for one in events if one)

    def _event(self, make: Make, payload: Mapping[str, Any]) -> ChannelEvent | UnreadableOrder | None:
        try:
            with one_record():
                return make(self.channel, payload, self.locations)
        except UnreadableOrder as error:
            return error

    def _whole(self, order: _Order) -> _Order | None:
        """With all its parts as they were at one moment; None when it is gone."""
        if order.is_whole(**FIRST_PARTS):
            return order
        current = self._one(order.id)
        for _ in range(READS_MAX):
            if current is None:
                return None
            whole, before = self._completed(current), current
            current = self._one(order.id)
            if current and current.updatedAt == before.updatedAt:
                return whole
        raise ChannelUnavailable("an order kept changing while its parts were read")

    def _one(self, order_id: str) -> _Order | None:
        found = understood(_OrderData, self.admin.call(ONE_ORDER, {"id": order_id} | ALL_PARTS)).order
        return readable(_Order, found) if found else None

    def _completed(self, order: _Order) -> _Order:
        for name, most in ALL_PARTS.items():
            if len(getattr(order, name)) >= most:
                raise UnreadableOrder(name, f"at most {most - 1} of one order are read")
        return order.model_copy(
            update={
                "lineItems": self._all(order.id, order.lineItems),
                "refunds": [
                    one.model_copy(update={"refundLineItems": self._all(one.id, one.refundLineItems)})
                    for one in order.refunds
                ],
                "fulfillments": [
                    one.model_copy(update={"fulfillmentLineItems": self._all(one.id, one.fulfillmentLineItems)})
                    for one in order.fulfillments
                ],
            }
        )

    def _all[Node](self, owner: str, lines: _Connection[Node]) -> _Connection[Node]:
        """More lines than an order may have are not read: it is refused for them."""
        while lines.pageInfo.hasNextPage and len(lines.nodes) <= LINES_MAX:
            variables = {"id": owner, "after": lines.pageInfo.endCursor}
            node = understood(_NodeData, self.admin.call(MORE_LINES, variables)).node
            more = readable(type(lines), next(iter(node.values()), {}))
            lines = more.model_copy(update={"nodes": [*lines.nodes, *more.nodes]})
        return lines


def _order_id(node: Mapping[str, Any]) -> str:
    return str(node.get("id")).rpartition("/")[2]


def _latest(nodes: Iterable[Mapping[str, Any]]) -> datetime | None:
    """By what could be read: an odd order is reported, and keeps nobody from going on."""
    moments = [moment for node in nodes if (moment := _moment(node))]
    return max(moments, default=None)


def _moment(node: Mapping[str, Any]) -> datetime | None:
    try:
        return readable(_Moment, node).updatedAt
    except UnreadableOrder:
        return None


def _order_payload(order: _Order) -> Mapping[str, Any]:
    """As webhooks write it, so that one mapping serves both and a poll repeats what a webhook says."""
    return {
        "id": order.number,
        "created_at": order.createdAt,
        "updated_at": order.updatedAt,
        "cancelled_at": order.cancelledAt,
        "financial_status": order.displayFinancialStatus.lower() if order.displayFinancialStatus else None,
        "location_id": order.retailLocation.number if order.retailLocation else None,
        "line_items": [_line_payload(line) for line in order.lineItems.nodes],
        "refunds": [
            {"refund_line_items": [_refund_line_payload(line) for line in refund.refundLineItems.nodes]}
            for refund in order.refunds
        ],
        "fulfillments": [
            {
                "status": one.status.lower(),
                "line_items": [
                    {"id": sent.lineItem.number, "quantity": sent.quantity or 0}
                    for sent in one.fulfillmentLineItems.nodes
                ],
            }
            for one in order.fulfillments
        ],
    }


def _line_payload(line: _Line) -> dict[str, Any]:
    return {
        "id": line.number,
        "variant_id": line.variant.number if line.variant else None,
        "sku": line.sku,
        "quantity": line.quantity,
        "current_quantity": line.currentQuantity,
        "fulfillable_quantity": line.unfulfilledQuantity,
        "gift_card": line.isGiftCard,
        "requires_shipping": line.requiresShipping,
        "vendor": line.vendor,
    } | _tracking(line)


def _tracking(line: _Line) -> dict[str, Any]:
    """A webhook names who counts a variant, or says null: nobody."""
    item = line.variant.inventoryItem if line.variant else None
    return {"variant_inventory_management": "shopify" if item.tracked else None} if item else {}


def _refund_line_payload(line: _RefundLine) -> dict[str, Any]:
    return {
        "line_item_id": line.lineItem.number,
        "quantity": line.quantity,
        "restock_type": line.restockType.lower(),
    }


def _fulfilment_payloads(order: _Order) -> Iterator[Mapping[str, Any]]:
    lines = {line.id: _line_payload(line) for line in order.lineItems.nodes}
    for one in order.fulfillments:
        yield {
            "id": one.number,
            "order_id": order.number,
            "status": one.status.lower(),
            "created_at": one.createdAt,
            "location_id": one.location.number if one.location else None,
            "tracking_numbers": [parcel.number for parcel in one.trackingInfo if parcel.number],
            "line_items": [
                lines.get(sent.lineItem.id, {"id": sent.lineItem.number}) | {"quantity": sent.quantity}
                for sent in one.fulfillmentLineItems.nodes
            ],
        }

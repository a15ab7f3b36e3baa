"""What waits for a person: orders, exceptions, replenishment tasks and SKUs that are low."""

from typing import Annotated, Literal

from pydantic import Field, StrictBool

from functions.api.schemas.common import Answer, Body, Instant, Person
from functions.api.schemas.orders import OrderOut
from lastunit.domain.orders.order import Order
from lastunit.domain.review import ExceptionKind, ExceptionRecord, LowStock, ReviewItem
from lastunit.domain.stock.replenishment import ReplenishmentTask, TaskKind


class ResolutionIn(Body):
    by: Person
    retry: StrictBool = False


class ResolutionOut(Answer):
    """The exception waits no more."""

    exception_id: str
    resolved_by: str
    retried: bool


class OrderReviewOut(Answer):
    """An order that waits for a person."""

    type: Literal["order"]
    waiting_since: Instant
    remedy: str
    order: OrderOut

    @classmethod
    def of(cls, item: ReviewItem, order: Order) -> "OrderReviewOut":
        return cls(type="order", waiting_since=item.waiting_since, remedy=item.remedy, order=OrderOut.of(order))


class ExceptionReviewOut(Answer):
    """A message that could not be processed, and why."""

    type: Literal["exception"]
    waiting_since: Instant
    remedy: str
    exception_id: str
    kind: ExceptionKind
    channel: str
    cause: str

    @classmethod
    def of(cls, item: ReviewItem, exception: ExceptionRecord) -> "ExceptionReviewOut":
        return cls(
            type="exception",
            waiting_since=item.waiting_since,
            remedy=item.remedy,
            exception_id=exception.exception_id,
            kind=exception.kind,
            channel=exception.channel,
            cause=exception.cause,
        )


class ReplenishmentReviewOut(Answer):
    """Units to carry within a location. `take_from` null: those in no bin; `put_into` null: name a picking bin.

    `missing`: what is lacking beyond all that lies there.
    """

    type: Literal["replenishment_task"]
    waiting_since: Instant
    remedy: str
    sku: str
    location: str
    kind: TaskKind
    quantity: int
    take_from: str | None
    put_into: str | None
    missing: int

    @classmethod
    def of(cls, item: ReviewItem, task: ReplenishmentTask) -> "ReplenishmentReviewOut":
        return cls(
            type="replenishment_task",
            waiting_since=item.waiting_since,
            remedy=item.remedy,
            sku=task.sku,
            location=task.location,
            kind=task.kind,
            quantity=task.quantity,
            take_from=task.take_from,
            put_into=task.put_into,
            missing=task.missing,
        )


class LowStockReviewOut(Answer):
    """A SKU with fewer units available than its `low_stock`, at all locations together."""

    type: Literal["low_stock"]
    waiting_since: Instant
    remedy: str
    sku: str
    available: int
    low_stock: int

    @classmethod
    def of(cls, item: ReviewItem, low: LowStock) -> "LowStockReviewOut":
        return cls(
            type="low_stock",
            waiting_since=item.waiting_since,
            remedy=item.remedy,
            sku=low.sku,
            available=low.available,
            low_stock=low.low_stock,
        )


ReviewItemOut = Annotated[
    OrderReviewOut | ExceptionReviewOut | ReplenishmentReviewOut | LowStockReviewOut, Field(discriminator="type")
]


def review_item(
    item: ReviewItem,
) -> OrderReviewOut | ExceptionReviewOut | ReplenishmentReviewOut | LowStockReviewOut:
    match item.subject:
        case Order() as order:
            return OrderReviewOut.of(item, order)
        case ExceptionRecord() as exception:
            return ExceptionReviewOut.of(item, exception)
        case ReplenishmentTask() as task:
            return ReplenishmentReviewOut.of(item, task)
        case LowStock() as low:
            return LowStockReviewOut.of(item, low)

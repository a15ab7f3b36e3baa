"""Business events: every step of an order and every shortage, without personal data."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime

from lastunit.domain.listings.sku_view import SkuView
from lastunit.domain.orders.order import Line, Order, PickedUnits, Return, ReturnState, Shipment
from lastunit.domain.orders.states import OrderReason, State
from lastunit.domain.stock.replenishment import ReplenishmentTask

LINES_MAX = 50  # Of one announcement; with names of 100 characters that is well under EventBridge's 256 KB.
NAME_MAX_CHARS = 100

SHIPMENT_BOOKED, SHIPMENT_VOIDED = "shipment.booked", "shipment.voided"
DEADLINE_NEAR, ESCALATED = "request.deadline_near", "request.escalated"
RETURNS = ("return.announced", "return.received", "return.inspected")
STOCK_LOW, STOCK_REPLENISH = "stock.low", "stock.replenish"

TYPES = (
    *(f"order.{state}" for state in State),
    SHIPMENT_BOOKED,
    SHIPMENT_VOIDED,
    *RETURNS,
    DEADLINE_NEAR,
    ESCALATED,
    STOCK_LOW,
    STOCK_REPLENISH,
)
"""Every type there is; docs/events.md describes each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BusinessEvent:
    """`event_id` is the same however often the same change is read, so that consumers recognise repeats.

    `data` holds ids, SKUs, quantities, states and reasons only.
    """

    event_id: str
    type: str
    at: str
    data: Mapping[str, object] = field(default_factory=dict)

    def message(self) -> dict[str, object]:
        """As it travels on the bus, through queues and to outgoing webhooks."""
        return {"id": self.event_id, "type": self.type, "timestamp": self.at, "data": dict(self.data)}


def of_order(before: Order | None, after: Order, at: str) -> Iterator[BusinessEvent]:
    """Of one write of an order: its new state, its parcels, its returns and its clocks."""
    for type_, subject, data in _drafts(before, after):
        # `rev` counts the writes of the row: the same write read again has the same ids.
        identity = event_id_of(type_, after.order_id, str(after.rev), subject)
        yield BusinessEvent(
            event_id=identity,
            type=type_,
            at=at,
            data={"order_id": after.order_id, "channel": after.channel, **data},
        )


def of_task(
    before: ReplenishmentTask | None, after: ReplenishmentTask | None, seq: int, at: str
) -> BusinessEvent | None:
    """Told when a task opens, not while its quantity changes."""
    if after is None or before is not None:
        return None
    identity = event_id_of(STOCK_REPLENISH, after.sku, after.location, str(seq))
    return BusinessEvent(event_id=identity, type=STOCK_REPLENISH, at=at, data=asdict(after))


def of_low_stock(view: SkuView, trigger: str, at: str) -> BusinessEvent | None:
    """When the SKU is low. `trigger` names the change that was looked at."""
    mark = view.item.low_stock
    if not is_low(view) or mark is None:
        return None
    data = {"sku": view.item.sku, "available": view.available, "low_stock": mark}
    return BusinessEvent(event_id=event_id_of(STOCK_LOW, view.item.sku, trigger), type=STOCK_LOW, at=at, data=data)


def is_low(view: SkuView) -> bool:
    return view.item.low_stock is not None and view.available < view.item.low_stock


def event_id_of(*parts: str) -> str:
    """Without dots and blanks: it is also the `webhook-id`, which is signed as `id.time.body`."""
    return "evt_" + hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


EventDraft = tuple[str, str, Mapping[str, object]]
"""(type, what of the order it concerns, its data)."""


def _drafts(before: Order | None, after: Order) -> Iterator[EventDraft]:
    if before is None or before.state is not after.state:
        yield f"order.{after.state}", "", _state(before, after)
    yield from _shipments(before, after)
    yield from _returns(before, after)
    if after.reminded and not (before and before.reminded):
        clock, due = ("decision", after.decide_by) if after.decide_by else ("payment", after.pay_by)
        yield DEADLINE_NEAR, clock, {"clock": clock, "due_at": _text(due)}
    if after.escalated and not (before and before.escalated):
        yield ESCALATED, "", _lines(after.lines)


def _state(before: Order | None, after: Order) -> dict[str, object]:
    data: dict[str, object] = {
        "state": after.state.value,
        "before": before.state.value if before else None,
        "reason": after.reason.value if after.reason else None,
        **_lines(after.lines),
    }
    if after.state is State.REQUESTED or after.reason is OrderReason.SHORTAGE:
        data["shortage"] = _shortage(after)
    due = {"decide_by": after.decide_by, "pay_by": after.pay_by}
    return data | {name: _text(at) for name, at in due.items() if at}


def _text(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _shortage(order: Order) -> dict[str, int]:
    units = order.routing.shortage if order.routing else {}
    return dict(sorted(units.items())[:LINES_MAX])


def _lines(lines: tuple[Line, ...]) -> dict[str, object]:
    data = {"lines": [_line(line) for line in lines[:LINES_MAX]]}
    return data | ({"lines_left_out": len(lines) - LINES_MAX} if len(lines) > LINES_MAX else {})


def _line(line: Line) -> dict[str, object]:
    # A SKU the hub does not know has only the channel's own name for it.
    name = line.sku or next(iter(line.names), "")
    return {"line_id": line.line_id, "sku": name[:NAME_MAX_CHARS], "quantity": line.accepted}


def _shipments(before: Order | None, after: Order) -> Iterator[EventDraft]:
    known = {parcel.shipment_id: parcel for parcel in before.shipments} if before else {}
    for parcel in after.shipments:
        old = known.get(parcel.shipment_id)
        if parcel.voided and not (old and old.voided):
            yield SHIPMENT_VOIDED, parcel.shipment_id, {"shipment_id": parcel.shipment_id}
        # Without lines it brings nothing new: another system has reported the parcel.
        if parcel.lines and not parcel.voided and not (old and old.lines):
            yield SHIPMENT_BOOKED, parcel.shipment_id, _shipment(parcel)


def _shipment(parcel: Shipment) -> dict[str, object]:
    """`picked` is empty when the parcel deducted nothing, as while import is off."""
    return {
        "shipment_id": parcel.shipment_id,
        "shipped_at": _text(parcel.shipped_at),
        "lines": [{"line_id": key, "quantity": units} for key, units in [*parcel.lines.items()][:LINES_MAX]],
        "picked": _places(parcel.picked),
    }


def _returns(before: Order | None, after: Order) -> Iterator[EventDraft]:
    known = {one.return_id: one for one in before.returns} if before else {}
    for one in after.returns:
        step = _step(known.get(one.return_id), one)
        if step:
            yield f"return.{step}", one.return_id, _return(one)


def _step(before: Return | None, after: Return) -> str | None:
    """The last thing that happened to the return, which may come in several parcels and be corrected."""
    if before is None or before.state is not after.state:
        return after.state.value
    if (before.found, before.restocked) != (after.found, after.restocked):
        return ReturnState.INSPECTED.value
    if (before.location, before.arrivals) != (after.location, after.arrivals):
        return ReturnState.RECEIVED.value
    return ReturnState.ANNOUNCED.value if before.lines != after.lines else None


def _return(one: Return) -> dict[str, object]:
    lines = [_returned(one, key, units) for key, units in [*one.lines.items()][:LINES_MAX]]
    back = _places(one.restocked)
    return {"return_id": one.return_id, "location": one.location, "lines": lines, "restocked": back}


def _returned(one: Return, line_id: str, units: int) -> dict[str, object]:
    found = asdict(one.found[line_id]) if line_id in one.found else {}
    filled = {name: value for name, value in found.items() if name != "components" or value}
    return {"line_id": line_id, "quantity": units, **filled}


def _places(taken: Iterable[PickedUnits]) -> list[dict[str, object]]:
    units = [{"sku": one.sku, "location": one.location, "quantity": one.quantity} for one in taken]
    return units[:LINES_MAX]

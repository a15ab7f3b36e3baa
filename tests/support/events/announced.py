"""One change for every type of announcement: what the tests look at and docs/events.md shows."""

from dataclasses import replace
from datetime import datetime

from lastunit.domain.events.business_events import BusinessEvent, of_low_stock, of_order, of_task
from lastunit.domain.listings.sku_view import SkuView
from lastunit.domain.orders.order import (
    Allocation,
    Inspection,
    Line,
    Order,
    PickedUnits,
    Return,
    ReturnState,
    RoutingDecision,
    Shipment,
)
from lastunit.domain.orders.states import OrderReason, State
from lastunit.domain.stock.catalogue import Sku
from lastunit.domain.stock.levels import Bin, BinKind, Level
from lastunit.domain.stock.replenishment import task_for

AT = "2026-11-21T12:00:00+00:00"
SOON, LATER = "2026-11-21T12:45:00+00:00", "2026-11-21T18:00:00+00:00"

SHIRTS = Line(line_id="1", names=("TEE", "variant:77"), quantity=3, listing="TEE", sku="shirt", parts={"shirt": 1})
HELD = Allocation(line_id="1", sku="shirt", location="montreal", quantity=3, rule="R2")
RESERVED = Order(
    channel="web",
    external_id="1001",
    state=State.RESERVED,
    revision="1",
    lines=(SHIRTS,),
    allocations=(HELD,),
    rev=1,
)
SHORT = RoutingDecision(
    policy="pooled", candidates=("montreal",), saw={"montreal": {"shirt": 1}}, shortage={"shirt": 2}
)
REQUESTED = replace(
    RESERVED,
    state=State.REQUESTED,
    reason=OrderReason.SHORTAGE,
    allocations=(),
    routing=SHORT,
    decide_by=datetime.fromisoformat(SOON),
)
TOOK = PickedUnits(line_id="1", sku="shirt", location="montreal", quantity=2, bins={"p-1": 2})
PARCEL = Shipment(shipment_id="S-1", lines={"1": 2}, picked=(TOOK,), shipped_at=datetime.fromisoformat(AT))
PARTLY = replace(RESERVED, state=State.PARTLY_SHIPPED, shipments=(PARCEL,), rev=2)
ANNOUNCED = Return(return_id="R-1", lines={"1": 2})
RECEIVED = replace(ANNOUNCED, state=ReturnState.RECEIVED, location="laval")
INSPECTED = replace(
    RECEIVED,
    state=ReturnState.INSPECTED,
    found={"1": Inspection(1, 1)},
    restocked=(PickedUnits(line_id="1", sku="shirt", location="laval", quantity=1, bins={"p-1": 1}),),
)


def announcements_of(before: Order | None, after: Order) -> list[BusinessEvent]:
    """Of one write, which counts the row's `rev` up."""
    return list(of_order(before, replace(after, rev=before.rev + 1 if before else 1), AT))


def _states() -> list[BusinessEvent]:
    one_state = {
        State.RECORDED: replace(RESERVED, allocations=(), reason=OrderReason.IMPORT_OFF),
        State.REQUESTED: REQUESTED,
        State.EXCEPTION: replace(RESERVED, allocations=(), reason=OrderReason.UNKNOWN_SKU),
        State.AWAITING_PAYMENT: replace(RESERVED, pay_by=datetime.fromisoformat(LATER)),
        State.CANCELLED: replace(RESERVED, allocations=(), reason=OrderReason.UNDECIDED_IN_TIME),
    }
    before = {State.BACKORDERED: REQUESTED, State.AWAITING_PAYMENT: REQUESTED, State.CANCELLED: REQUESTED}
    before |= {State.PARTLY_SHIPPED: RESERVED, State.SHIPPED: PARTLY}
    steps = {state: replace(one_state.get(state, RESERVED), state=state) for state in State}
    return [one for state, after in steps.items() for one in announcements_of(before.get(state), after)]


def _of_parcels_and_returns() -> list[BusinessEvent]:
    back = [replace(PARTLY, returns=(one,)) for one in (ANNOUNCED, RECEIVED, INSPECTED)]
    return [
        *announcements_of(replace(PARTLY, shipments=()), PARTLY),
        *announcements_of(PARTLY, replace(PARTLY, shipments=(replace(PARCEL, voided=True),))),
        *announcements_of(PARTLY, back[0]),
        *announcements_of(back[0], back[1]),
        *announcements_of(back[1], back[2]),
    ]


def _of_clocks() -> list[BusinessEvent]:
    return [
        *announcements_of(REQUESTED, replace(REQUESTED, reminded=True)),
        *announcements_of(REQUESTED, replace(REQUESTED, escalated=True, decide_by=None)),
    ]


def _of_stock() -> list[BusinessEvent]:
    bins = {
        "p-1": Bin(name="p-1", kind=BinKind.PICKING, on_hand=2, mark=5),
        "s-1": Bin(name="s-1", kind=BinKind.STORAGE, on_hand=10),
    }
    level = Level(
        sku="shirt", location="montreal", on_hand=12, reserved=0, available=12, unplaced=0, bins=bins, seq=7
    )
    low = of_low_stock(SkuView(item=Sku(sku="shirt", low_stock=20), levels=(level,)), "montreal 7", AT)
    opened = of_task(None, task_for(level), level.seq, AT)
    return [one for one in (low, opened) if one]


def examples() -> dict[str, BusinessEvent]:
    """Type → an announcement of it."""
    made = [*_states(), *_of_parcels_and_returns(), *_of_clocks(), *_of_stock()]
    return {one.type: one for one in made}

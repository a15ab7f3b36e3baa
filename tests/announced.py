"""One change for every type of announcement: what the tests look at and docs/events.md shows."""

from dataclasses import replace

from lastunit.domain.announcing import Announcement, of_low_stock, of_order, of_task
from lastunit.domain.catalogue import Sku
from lastunit.domain.levels import Bin, BinKind, Level
from lastunit.domain.lifecycle import Reason, State
from lastunit.domain.orders import (
    Allocation,
    Decision,
    Inspection,
    Line,
    Order,
    Parcel,
    Return,
    ReturnState,
    Taken,
)
from lastunit.domain.replenishing import task_for
from lastunit.domain.stock_view import SkuView

AT = "2026-11-21T12:00:00+00:00"
SOON, LATER = "2026-11-21T12:45:00+00:00", "2026-11-21T18:00:00+00:00"

SHIRTS = Line("1", ("TEE", "variant:77"), 3, "TEE", "shirt", {"shirt": 1})
HELD = Allocation("1", "shirt", "montreal", 3, "R2")
RESERVED = Order("web", "1001", State.RESERVED, "1", lines=(SHIRTS,), allocations=(HELD,), rev=1)
SHORT = Decision("pooled", ("montreal",), {"montreal": {"shirt": 1}}, {"shirt": 2})
REQUESTED = replace(
    RESERVED, state=State.REQUESTED, reason=Reason.SHORTAGE, allocations=(), decision=SHORT, decide_by=SOON
)
TOOK = Taken("1", "shirt", "montreal", 2, bins={"p-1": 2})
PARCEL = Parcel("S-1", {"1": 2}, (TOOK,), shipped_at=AT)
PARTLY = replace(RESERVED, state=State.PARTLY_SHIPPED, parcels=(PARCEL,), rev=2)
ANNOUNCED = Return("R-1", {"1": 2})
RECEIVED = replace(ANNOUNCED, state=ReturnState.RECEIVED, location="laval")
INSPECTED = replace(
    RECEIVED,
    state=ReturnState.INSPECTED,
    found={"1": Inspection(1, 1)},
    restocked=(Taken("1", "shirt", "laval", 1, bins={"p-1": 1}),),
)


def told(before: Order | None, after: Order) -> list[Announcement]:
    """Of one write, which counts the row's `rev` up."""
    return list(of_order(before, replace(after, rev=before.rev + 1 if before else 1), AT))


def _states() -> list[Announcement]:
    one_state = {
        State.RECORDED: replace(RESERVED, allocations=(), reason=Reason.IMPORT_OFF),
        State.REQUESTED: REQUESTED,
        State.EXCEPTION: replace(RESERVED, allocations=(), reason=Reason.UNKNOWN_SKU),
        State.AWAITING_PAYMENT: replace(RESERVED, pay_by=LATER),
        State.CANCELLED: replace(RESERVED, allocations=(), reason=Reason.UNDECIDED_IN_TIME),
    }
    before = {State.PROMISED: REQUESTED, State.AWAITING_PAYMENT: REQUESTED, State.CANCELLED: REQUESTED}
    before |= {State.PARTLY_SHIPPED: RESERVED, State.SHIPPED: PARTLY}
    steps = {state: replace(one_state.get(state, RESERVED), state=state) for state in State}
    return [one for state, after in steps.items() for one in told(before.get(state), after)]


def _of_parcels_and_returns() -> list[Announcement]:
    back = [replace(PARTLY, returns=(one,)) for one in (ANNOUNCED, RECEIVED, INSPECTED)]
    return [
        *told(replace(PARTLY, parcels=()), PARTLY),
        *told(PARTLY, replace(PARTLY, parcels=(replace(PARCEL, voided=True),))),
        *told(PARTLY, back[0]),
        *told(back[0], back[1]),
        *told(back[1], back[2]),
    ]


def _of_clocks() -> list[Announcement]:
    return [
        *told(REQUESTED, replace(REQUESTED, reminded=True)),
        *told(REQUESTED, replace(REQUESTED, escalated=True, decide_by=None)),
    ]


def _of_stock() -> list[Announcement]:
    bins = {"p-1": Bin("p-1", BinKind.PICKING, 2, 5), "s-1": Bin("s-1", BinKind.STORAGE, 10)}
    level = Level("shirt", "montreal", 12, 0, 12, 0, bins, seq=7)
    low = of_low_stock(SkuView(Sku("shirt", low_stock=20), (level,)), "montreal 7", AT)
    opened = of_task(None, task_for(level), level.seq, AT)
    return [one for one in (low, opened) if one]


def examples() -> dict[str, Announcement]:
    """Type → an announcement of it."""
    made = [*_states(), *_of_parcels_and_returns(), *_of_clocks(), *_of_stock()]
    return {one.type: one for one in made}

"""An order that a person must look at: what keeps it from being placed, and how it is held meanwhile."""

from collections.abc import Mapping
from dataclasses import replace

from lastunit.domain.orders.commit_groups import LEVELS_MAX
from lastunit.domain.orders.context import Decided, DecisionContext
from lastunit.domain.orders.depletion import deplete_pending
from lastunit.domain.orders.order import Order
from lastunit.domain.orders.placement import Placement
from lastunit.domain.orders.states import OrderReason, State
from lastunit.domain.orders.units import open_lines, unallocated
from lastunit.domain.stock.catalogue import Status

Obstacle = tuple[OrderReason, Mapping[str, str]]
"""Why an order cannot be placed, and the details shown with it."""

TOO_MANY_LEVELS: Obstacle = (OrderReason.TOO_MANY_LEVELS, {"levels_max": str(LEVELS_MAX)})


def find_obstacle(order: Order, context: DecisionContext) -> Obstacle | None:
    """A SKU that is unknown (rule 1.2-15), or a draft, which takes no orders (rule 1.4-9).

    What has left or is held already needs neither: only units that are still to be allocated meet an obstacle.
    """
    unknown = [line for line, units in open_lines(order) if units and line.sku is None and not line.no_stock]
    if unknown:
        return OrderReason.UNKNOWN_SKU, {"names": ", ".join(" or ".join(line.names) for line in unknown)}
    lacking = {line_id for line_id, _ in unallocated(order)}
    wanted = [line for line in order.lines if line.line_id in lacking]
    skus = {sku for line in wanted for sku in (line.sku, *line.parts) if sku is not None}
    drafts = sorted(sku for sku in skus if sku in context.items and context.items[sku].status is Status.DRAFT)
    return (OrderReason.DRAFT_SKU, {"skus": ", ".join(drafts)}) if drafts else None


def hold_for_person(placement: Placement, obstacle: Obstacle) -> Decided:
    """An exception, or a refusal where that is possible. What was reserved before stays reserved.

    Shipments that wait are depleted all the same: the goods have left.
    """
    reason, details = obstacle
    base = placement.base
    state = State.REFUSED if placement.can_be_refused else State.EXCEPTION
    queued_at = base.queued_at if base.backorders else None  # Accepted backorders keep their place in the queue.
    after = replace(base, state=state, reason=reason, details=details, decide_by=None, queued_at=queued_at)
    return deplete_pending(placement.before, after, placement.context)

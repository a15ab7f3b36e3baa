"""From one revision of a channel's order to the next: its lines, its fingerprints, its payment."""

from collections.abc import Iterable
from dataclasses import replace

from lastunit.domain.orders.context import DecisionContext
from lastunit.domain.orders.no_stock import needs_no_stock
from lastunit.domain.orders.order import Line, Order
from lastunit.domain.orders.snapshot import OrderSnapshot, SnapshotLine
from lastunit.domain.orders.states import State
from lastunit.domain.orders.units import shipped
from lastunit.domain.stock.catalogue import Alias

FINGERPRINTS_MAX = 8  # Contents of one revision that are remembered: some channels reuse a revision.


def with_revision(order: Order, snapshot: OrderSnapshot) -> Order:
    """The order with the snapshot's revision and fingerprint noted; an older revision is not noted."""
    if snapshot.revision < order.revision:
        return order
    known = order.fingerprints if snapshot.revision == order.revision else ()
    fingerprints = tuple(dict.fromkeys((*known, snapshot.fingerprint)))[-FINGERPRINTS_MAX:]
    return replace(order, revision=snapshot.revision, fingerprints=fingerprints)


def undecided(order: Order | None, snapshot: OrderSnapshot) -> Order:
    """The row's next version before anything is decided on the snapshot. What the order holds stays held."""
    fresh = Order(
        channel=snapshot.channel,
        external_id=snapshot.external_id,
        state=State.EXCEPTION,
        revision=snapshot.revision,
    )
    # A retry places the stored row again: that is no new revision of the channel's.
    is_retry = bool(order and order.lines and snapshot == order.snapshot())
    noted = order if order and is_retry else with_revision(order or fresh, snapshot)
    paid = noted.paid or bool(snapshot.paid)
    return replace(
        noted,
        location=snapshot.location,
        details={},
        reason=None,
        restocked=False,
        placed_at=noted.placed_at or snapshot.placed_at,
        routing=None,
        paid=paid,
        pay_by=None if paid else noted.pay_by,  # A paid order has no payment deadline, be it edited at once.
    )


def same_lines(order: Order, snapshot: OrderSnapshot) -> bool:
    """The snapshot wants the same units of the same names on the same lines as the order."""
    cancelled = cancelled_line_ids(order, snapshot)
    ours = {line.line_id: (line.names, line.quantity) for line in order.lines if line.quantity}
    wanted = [line for line in snapshot.lines if line.line_id not in cancelled]
    theirs = {line.line_id: (line.names, line.quantity) for line in wanted if line.quantity}
    return ours == theirs


def lines_of_snapshot(order: Order | None, snapshot: OrderSnapshot, context: DecisionContext) -> tuple[Line, ...]:
    """The snapshot's lines. A line that is known keeps its recipe and what a person declined of it.

    A line that the channel removed and that was shipped in part stays with 0 units, so that its shipments find it.
    """
    known = {line.line_id: line for line in order.lines} if order else {}
    cancelled = cancelled_line_ids(order, snapshot)
    lines = list[Line]()
    for stated in snapshot.lines:
        line = _resolve_line(stated, known.get(stated.line_id), context)
        is_cancelled = stated.line_id in cancelled
        lines.append(_cancelled_line(line, known.get(stated.line_id)) if is_cancelled else line)
    removed = known.keys() - {line.line_id for line in lines}
    left = shipped(order) if order else {}
    return (*lines, *(replace(known[key], quantity=0) for key in sorted(removed) if left.get(key)))


def cancelled_line_ids(order: Order | None, snapshot: OrderSnapshot) -> set[str]:
    """Lines cancelled for good, by this snapshot or one before: no later snapshot revives them."""
    before = {line.line_id for line in order.lines if line.cancelled} if order else set()
    return before | set(snapshot.cancelled_lines)


def _cancelled_line(line: Line, known: Line | None) -> Line:
    """The line with 0 units. Its channel keeps showing so many fewer, which `cancelled` remembers."""
    return replace(line, quantity=0, declined=0, cancelled=max(line.quantity, known.cancelled if known else 0))


def _resolve_line(line: SnapshotLine, known: Line | None, context: DecisionContext) -> Line:
    """The line with our SKU and its recipe; without a SKU where no name is known.

    A known line keeps its SKU, the recipe as it stood when the order came, and what a person declined, until it has
    a name that is new to it: a product that its channel has deleted merely loses names, down to the line's own id.
    """
    if known is not None and known.sku is not None:
        new = set(line.names) - {*known.names, f"line:{line.line_id}"}
        alias = _first_known(line.names, context)
        if not new or (alias and alias.sku == known.sku):
            declined = _declined(known, line.quantity)
            return replace(known, names=line.names, quantity=line.quantity, declined=declined)
    # What a later version leaves unsaid it does not deny.
    stated = line.no_stock or (known is not None and known.no_stock and known.names == line.names)
    if needs_no_stock(line.names, context, stated=stated):
        return Line(line_id=line.line_id, names=line.names, quantity=line.quantity, no_stock=True)
    alias = _first_known(line.names, context)
    if alias is None:
        return Line(line_id=line.line_id, names=line.names, quantity=line.quantity)
    item = context.items[alias.sku]
    return Line(
        line_id=line.line_id,
        names=line.names,
        quantity=line.quantity,
        listing=alias.listing,
        sku=item.sku,
        parts=item.parts,
    )


def _first_known(names: Iterable[str], context: DecisionContext) -> Alias | None:
    return next((context.names[name] for name in names if name in context.names), None)


def _declined(known: Line, quantity: int) -> int:
    """Of the new quantity. An edit takes the declined units first: what was accepted stays so."""
    return max(0, known.declined - max(0, known.quantity - quantity))

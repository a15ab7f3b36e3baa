"""An order snapshot: the whole order at one revision, as its channel tells it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

from lastunit.domain.errors import UnreadableOrder

LINES_MAX = 500  # Far above any channel's own limit; more is an attack or a mistake.
QUANTITY_MAX = 1_000_000
NAME_MAX = 200  # Characters, of at most four bytes: a key of the store holds 1,024 bytes.


def check_names(field: str, *names: str) -> None:
    """Names and ids become keys of the store. Raises UnreadableOrder, which repeats none of them."""
    for name in names:
        if len(name) > NAME_MAX:
            raise UnreadableOrder(field, f"{len(name)} characters, at most {NAME_MAX}")
        if not _is_text(name):
            raise UnreadableOrder(field, "is no Unicode text")


def check_quantity(field: str, quantity: int, least: int = 0) -> None:
    """Raises UnreadableOrder. A number of thousands of digits cannot even be written."""
    if not least <= quantity <= QUANTITY_MAX:
        raise UnreadableOrder(field, f"must be {least} to {QUANTITY_MAX:,}")


def _is_text(name: str) -> bool:
    """JSON may hold half of a surrogate pair, which no store takes."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class SnapshotLine:
    """`names`: what the channel calls the SKU, most specific first; the first known alias wins.

    `no_stock`: the channel says that the line needs none, such as a tip. A name that is known counts for more.
    """

    line_id: str
    names: tuple[str, ...]
    quantity: int
    no_stock: bool = False

    def __post_init__(self) -> None:
        check_names("lines.line_id", self.line_id)
        check_names(f"lines[{self.line_id}].names", *self.names)
        check_quantity(f"lines[{self.line_id}].quantity", self.quantity)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderSnapshot:
    """The whole order at one revision: what is to be delivered now, after edits. Raises UnreadableOrder."""

    channel: str
    external_id: str  # the channel's own id of the order
    revision: str  # sorts as text in the order the channel made the changes
    lines: tuple[SnapshotLine, ...]  # a line reduced to 0 may stay or be left out; empty only when cancelled
    cancelled: bool = False
    restocked: bool = False  # cancelled, and the channel put the units back on its own shelf
    cancel_is_final: bool = True  # its channel never undoes a cancel
    location: str | None = None  # a place that the order itself names
    placed_at: datetime | None = None  # aware
    paid: bool | None = None  # None: the channel does not say
    cancelled_lines: tuple[str, ...] = ()
    """Line ids cancelled for good, although this and later snapshots list them with units. The channel does not put
    those units back on its shelf."""

    def __post_init__(self) -> None:
        if not self.external_id:
            raise UnreadableOrder("order id", "is missing")
        check_names("order id", self.external_id)
        check_names("cancelled_lines", *self.cancelled_lines)
        if not self.lines and not self.cancelled:
            raise UnreadableOrder("lines", "an order needs at least one line")
        if len(self.lines) > LINES_MAX:
            raise UnreadableOrder("lines", f"{len(self.lines)} lines, at most {LINES_MAX}")
        ids = [line.line_id for line in self.lines]
        if len(set(ids)) != len(ids):
            raise UnreadableOrder("lines", "two lines share one line id")

    @property
    def fingerprint(self) -> str:
        """Tells two contents of one revision apart, whatever the order of lines and the zone of instants."""
        content: dict[str, object] = {one.name: getattr(self, one.name) for one in fields(self)}
        del content["cancel_is_final"]  # Of the channel, not of this order.
        content["lines"] = sorted((line.line_id, line.names, line.quantity) for line in self.lines)
        content["placed_at"] = self.placed_at.timestamp() if self.placed_at else None
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """What a verified webhook leaves on the orders queue: keys and the few fields the hub needs.

    `event_id` is the channel's own id of the event (for tracing; correctness never rests on it). `payload` has
    been cut down to the fields the channel's module reads, so that no personal data travels further.
    """

    channel: str
    event_id: str
    order_id: str
    topic: str
    payload: Mapping[str, Any] = field(default_factory=dict)

"""A store's order list: what its events said, asked for again (docs/channels/generic.md, section 5)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode

from pydantic import Field, TypeAdapter, ValidationError

from lastunit.channels.generic.orders import CONTRACT, Incoming, OrderId, fact, read
from lastunit.channels.shared.one_record import one_record
from lastunit.channels.shared.times import Instant, instant_text
from lastunit.domain.errors import InvalidInput, UnreadableOrder
from lastunit.domain.orders.inbound import ChannelEvent
from lastunit.ports.channel import OrdersPage
from lastunit.standard_webhooks import TOLERANCE_SECONDS

ENTRIES_MAX = 100
UNNAMED = "unnamed"
EARLIEST = datetime.min.replace(tzinfo=UTC)

_id_of = TypeAdapter[str](OrderId)


class PageIn(Incoming):
    """All three are required: a page that forgets to name the next one would pass for the last."""

    orders: list[Any] = Field(max_length=ENTRIES_MAX)
    shipments: list[Any] = Field(max_length=ENTRIES_MAX)
    next: Annotated[str, Field(min_length=1, max_length=1000)] | None


class ChangedIn(Incoming):
    updated_at: Instant


class ParcelIn(Incoming):
    voided: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """`place` names it in an error. `at`: when it was changed, None where that cannot be read."""

    order_id: str
    place: str
    at: datetime | None
    said: ChannelEvent | UnreadableOrder


def query(since: datetime, page: str | None) -> str:
    asked = {"updated_since": instant_text(since).replace("+00:00", "Z"), "limit": str(ENTRIES_MAX)}
    return urlencode(asked if page is None else asked | {"cursor": page})


def orders_page(channel_name: str, content: Mapping[str, Any], page: str | None, now: datetime) -> OrdersPage:
    """Raises InvalidInput for a page that breaks the contract as a whole, since it may hide orders."""
    found = read(PageIn, content)
    if found.next is not None and found.next == page:
        raise InvalidInput("next", "is the cursor of this very page", CONTRACT)
    # Both clocks are that near to each other, or no signature would be good. A cursor beyond would pass orders by.
    horizon = now + timedelta(seconds=TOLERANCE_SECONDS)
    orders = [_entry(channel_name, "orders", "order_id", one, horizon) for one in found.orders]
    shipments = [_entry(channel_name, "shipments", "shipment_id", one, horizon) for one in found.shipments]
    _check_sorted(orders)
    _check_sorted(shipments)
    return _in_order_of_change([*orders, *shipments], found.next)


def _in_order_of_change(entries: Sequence[Entry], following: str | None) -> OrdersPage:
    ordered = sorted(entries, key=lambda entry: entry.at or EARLIEST)
    events = [entry.said for entry in ordered if not isinstance(entry.said, UnreadableOrder)]
    bad = [entry for entry in ordered if isinstance(entry.said, UnreadableOrder)]
    problems = tuple((entry.order_id, f"{entry.place}.{entry.said}") for entry in bad)
    times = [entry.at for entry in ordered if entry.at]
    return OrdersPage(events=tuple(events), unreadable=problems, next=following, latest=max(times, default=None))


def _entry(channel_name: str, kind: str, id_field: str, content: Any, horizon: datetime) -> Entry:
    at: datetime | None = None
    said: ChannelEvent | UnreadableOrder
    try:
        with one_record():
            at = _changed_at(content, horizon)
            said = fact(channel_name, _topic(kind, content), content)
    except UnreadableOrder as error:
        said = error
    return Entry(
        order_id=_shown(content, "order_id"), place=f"{kind}[{_shown(content, id_field)}]", at=at, said=said
    )


def _changed_at(content: Any, horizon: datetime) -> datetime:
    at = read(ChangedIn, content).updated_at
    if at > horizon:
        raise UnreadableOrder("updated_at", "lies in the future", CONTRACT)
    return at


def _topic(kind: str, content: Mapping[str, Any]) -> str:
    """The event that says the same."""
    if kind == "orders":
        return "order.cancelled" if content.get("status") == "cancelled" else "order.updated"
    return "shipment.voided" if read(ParcelIn, content).voided else "shipment.created"


def _shown(content: Any, field: str) -> str:
    """What is no id may be anything, a buyer's name included, and is not repeated."""
    try:
        return _id_of.validate_python(content.get(field) if isinstance(content, dict) else None)
    except ValidationError:
        return UNNAMED


def _check_sorted(entries: Sequence[Entry]) -> None:
    """Whoever stops after a page goes on from its last change: older ones must not stand behind it."""
    times = [entry.at for entry in entries if entry.at]
    if times != sorted(times):
        raise InvalidInput("updated_at", "the list is not sorted by it, oldest change first", CONTRACT)

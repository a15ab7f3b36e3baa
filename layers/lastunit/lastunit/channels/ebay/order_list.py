"""Orders changed at eBay since an instant, a page at a time, so that no change meanwhile hides one."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from urllib.parse import quote

from pydantic import Field, ValidationError

from lastunit.channels.ebay.client import Client, Grant, Payload
from lastunit.channels.ebay.orders import events_of_listed
from lastunit.channels.ebay.webhooks import at
from lastunit.channels.shared.one_record import one_record
from lastunit.channels.shared.times import instant
from lastunit.domain.errors import ChannelUnavailable, UnreadableOrder
from lastunit.domain.orders.inbound import ChannelEvent, PartlyUnreadable
from lastunit.ports.channel import OrdersPage

LIMIT = 200  # The most orders one answer lists.
STEP = 180  # Pages overlap, so that up to 20 orders listed late push no other out of sight.
FETCHES_MAX = 8  # Orders are completed side by side: 200 that were all shipped take 25 rounds and not 200.
TICK = timedelta(milliseconds=1)  # eBay's dates are no finer.


@dataclass(frozen=True, slots=True)
class Window:
    """Orders last changed from `start` on, up to and with `end` where there is one. Its text is a page's name.

    eBay promises no order within a list, and an order that changes leaves a window that ends. So what one answer
    can hold is taken from that answer alone. More is read up to the newest change shown, where orders can only
    leave: from its last page to its first, for what moves up is then still to come. Whatever left has changed
    after `end`, and is found by going on from there. The last window has no end, thus a poll misses no order that
    was there when it began, and rests on no clock but eBay's.
    """

    start: datetime
    end: datetime | None = None
    offset: int | None = None  # None: not known yet to need more than one answer.

    def __str__(self) -> str:
        offset = "" if self.offset is None else self.offset
        return f"{_text(self.start)}/{_text(self.end) if self.end else ''}/{offset}"

    @classmethod
    def named(cls, page: str) -> "Window":
        start, end, offset = page.split("/")
        return cls(
            datetime.fromisoformat(start),
            datetime.fromisoformat(end) if end else None,
            int(offset) if offset else None,
        )

    @property
    def query(self) -> str:
        period = quote(f"lastmodifieddate:[{_text(self.start)}..{_text(self.end) if self.end else ''}]", safe=":")
        return f"filter={period}&limit={LIMIT}&offset={self.offset or 0}"

    def narrowed(self, total: int, newest: datetime | None) -> "Window":
        """What to read instead, where one answer cannot hold it."""
        if self.end:
            return Window(self.start, self.end, total - LIMIT)
        if newest is None:
            raise ChannelUnavailable("eBay lists orders without the dates of their changes")
        return Window(self.start, max(newest, self.start + TICK))

    def following(self) -> "Window | None":
        if self.offset:
            return Window(self.start, self.end, max(0, self.offset - STEP))
        return Window(self.end) if self.end else None


class _Listed(Payload):
    total: Annotated[int, Field(ge=0)]
    orders: tuple[Any, ...] = ()


def orders_since(client: Client, channel: str, since: datetime, page: str | None) -> OrdersPage:
    window = Window.named(page) if page else Window(since)
    listed = _list(client, window)
    newest = max(filter(None, map(_changed_at, listed.orders)), default=None)
    if window.offset is None and listed.total > LIMIT:
        return OrdersPage(events=(), next=str(window.narrowed(listed.total, newest)))
    events, unreadable = _read_orders(client, channel, sorted(listed.orders, key=_age))
    following = window.following()
    # A page in the middle of a window says nothing of how far the changes are known.
    latest = None if window.offset else window.end or newest
    return OrdersPage(
        events=events, unreadable=unreadable, next=str(following) if following else None, latest=latest
    )


def _list(client: Client, window: Window) -> _Listed:
    answer = client.call(Grant.SELLER, "GET", f"/sell/fulfillment/v1/order?{window.query}")
    if answer.status != 200:
        raise ChannelUnavailable(f"eBay answered {answer.status} when asked for changed orders")
    try:
        listed = _Listed.model_validate_json(answer.body)
    except ValidationError as error:
        raise ChannelUnavailable("eBay's list of orders could not be read") from error
    if len(listed.orders) < min(LIMIT, listed.total - (window.offset or 0)):
        raise ChannelUnavailable("eBay listed fewer orders than it counted")
    return listed


def _read_orders(
    client: Client, channel: str, orders: Sequence[object]
) -> tuple[tuple[ChannelEvent, ...], tuple[tuple[str, str], ...]]:
    read = client.run_parallel(lambda order: _read(client, channel, order), orders, FETCHES_MAX)
    problems = ((_id(order), str(error)) for order, (_, error) in zip(orders, read, strict=True) if error)
    return tuple(event for events, _ in read for event in events), tuple(problems)


def _read(client: Client, channel: str, order: object) -> tuple[Iterable[ChannelEvent], UnreadableOrder | None]:
    try:
        with one_record():
            return list(events_of_listed(client, channel, order)), None
    except PartlyUnreadable as error:
        return error.events, error
    except UnreadableOrder as error:
        return (), error


def _id(order: object) -> str:
    found = at(order, ("orderId",))
    return found[:100] if isinstance(found, str) else ""


def _changed_at(order: object) -> datetime | None:
    try:
        return instant("lastModifiedDate", at(order, ("lastModifiedDate",)))
    except UnreadableOrder:
        return None


def _age(order: object) -> datetime:
    return _changed_at(order) or datetime.min.replace(tzinfo=UTC)


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

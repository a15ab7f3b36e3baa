"""Polling eBay's orders, without a network: pages that shift, dates, and what cannot be read."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from lastunit.domain.errors import ChannelUnavailable, LastunitError, OutcomeUnknown, Throttled
from lastunit.domain.orders.inbound import ChannelEvent, ShipmentNotice
from lastunit.domain.orders.snapshot import OrderSnapshot
from lastunit.ports.channel import OrdersPage
from tests.channels.ebay.fakes import NOW, ORDER_ID, EbayRequest, api, still_wanted

DAY = NOW - timedelta(days=1)
LIST = "/sell/fulfillment/v1/order?"
PAGES_MAX = 60


def stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def order(number: int = 0, modified: datetime = NOW, **changes: object) -> dict[str, Any]:
    line = {"lineItemId": f"L{number}", "sku": "TEE", "quantity": 1, "lineItemFulfillmentStatus": "NOT_STARTED"}
    return {
        "orderId": f"O-{number}",
        "creationDate": stamp(DAY),
        "lastModifiedDate": stamp(modified),
        "orderFulfillmentStatus": "NOT_STARTED",
        "orderPaymentStatus": "PAID",
        "buyer": {"username": "buyer1"},
        "cancelStatus": {"cancelState": "NONE_REQUESTED", "cancelRequests": []},
        "lineItems": [line],
        **changes,
    }


def listing(*orders: object, total: int | None = None) -> dict[str, Any]:
    return {"total": len(orders) if total is None else total, "orders": list(orders)}


def ids(reported: tuple[ChannelEvent, ...]) -> list[str]:
    return [one.external_id for one in reported]


def test_orders_changed_since_an_instant_are_asked_for_by_ebays_clock() -> None:
    ebay, http = api(lambda call: (200, listing(order(1, DAY), order(2, NOW))))

    page = ebay.orders_since(DAY, None)

    query = "filter=lastmodifieddate:%5B2026-11-20T12:00:00.000Z..%5D&limit=200&offset=0"
    assert http.asked == [EbayRequest("GET", LIST + query, None)]
    assert (ids(page.events), page.next, page.latest) == (["O-1", "O-2"], None, NOW)


def test_nothing_changed_is_an_empty_last_page() -> None:
    ebay, _ = api(lambda call: (200, listing()))

    assert ebay.orders_since(DAY, None) == OrdersPage(events=())


def test_an_answer_reports_the_oldest_change_first() -> None:
    ebay, _ = api(lambda call: (200, listing(order(2, NOW), order(1, DAY))))

    assert ids(ebay.orders_since(DAY, None).events) == ["O-1", "O-2"]


# Pages


@dataclass(slots=True)
class Listed:
    """getOrders over orders by id, in the order that `sort` gives. `meanwhile` is called after each answer.

    `answered`: the orders as they were at the last answer.
    """

    changed: dict[str, datetime]
    sort: Callable[[tuple[str, datetime]], Any]
    meanwhile: Callable[["Listed"], None] = lambda listed: None
    now: datetime = NOW
    answers: int = 0
    answered: dict[str, datetime] = field(default_factory=dict)

    def __call__(self, call: EbayRequest) -> tuple[int, object]:
        reported = {name: values[0] for name, values in parse_qs(urlsplit(call.path).query).items()}
        start, end = reported["filter"].removeprefix("lastmodifieddate:[").removesuffix("]").split("..")
        last = datetime.fromisoformat(end) if end else datetime.max.replace(tzinfo=UTC)
        found = sorted(
            (one for one in self.changed.items() if datetime.fromisoformat(start) <= one[1] <= last), key=self.sort
        )
        offset, limit = int(reported["offset"]), int(reported["limit"])
        shown = [order(int(name), at) for name, at in found[offset : offset + limit]]
        self.answers, self.answered = self.answers + 1, dict(self.changed)
        answer = listing(*shown, total=len(found))
        self.meanwhile(self)
        return 200, answer

    def change(self, name: str) -> None:
        """By something that happens now, at eBay."""
        self.now += timedelta(milliseconds=1)
        self.changed[name] = self.now


def hashed(one: tuple[str, datetime]) -> int:
    return hash((int(one[0]) * 2654435761) % 2**32)


SORTS = pytest.mark.parametrize(
    "sort",
    [
        pytest.param(lambda one: one[1], id="oldest change first"),
        pytest.param(lambda one: -one[1].timestamp(), id="newest change first"),
        pytest.param(lambda one: int(one[0]), id="oldest order first"),
        pytest.param(lambda one: -int(one[0]), id="newest order first"),
        pytest.param(hashed, id="in no order"),
    ],
)


def spread(count: int) -> dict[str, datetime]:
    return {str(number): DAY + timedelta(minutes=number) for number in range(count)}


def walk(listed: Listed) -> Iterator[OrdersPage]:
    ebay, _ = api(listed)
    page = ebay.orders_since(DAY, None)
    for _ in range(PAGES_MAX):
        yield page
        if page.next is None:
            return
        page = ebay.orders_since(DAY, page.next)
    raise AssertionError("the pages do not end")


def revisions(pages: list[OrdersPage]) -> dict[str, set[str]]:
    """Order number → the revisions of it that were told."""
    found: dict[str, set[str]] = {}
    for event in (event for page in pages for event in page.events if isinstance(event, OrderSnapshot)):
        found.setdefault(event.external_id.removeprefix("O-"), set()).add(event.revision)
    return found


@SORTS
@pytest.mark.parametrize("count", [200, 201, 700])
def test_more_orders_than_one_answer_holds_are_all_reported(sort: Callable[..., Any], count: int) -> None:
    listed = Listed(spread(count), sort)

    pages = list(walk(listed))

    assert len(revisions(pages)) == count
    assert listed.answers <= 3 + count / 50


@SORTS
def test_an_order_that_changes_while_pages_are_read_hides_neither_itself_nor_another(
    sort: Callable[..., Any],
) -> None:
    """A poll counts every order that was there when it began, or sold units would be put on sale again."""

    def touch(listed: Listed) -> None:
        for name in untouched[:7]:
            listed.change(name)
            untouched.remove(name)

    untouched = [str(number) for number in range(0, 450, 5)]
    listed = Listed(spread(450), sort, touch)

    pages = list(walk(listed))

    seen = revisions(pages)
    present = {name: at.isoformat(timespec="microseconds") for name, at in listed.answered.items()}
    assert [name for name, revision in present.items() if revision not in seen.get(name, ())] == []


@SORTS
def test_orders_that_are_listed_late_push_no_other_out_of_sight(sort: Callable[..., Any]) -> None:
    def reveal(listed: Listed) -> None:
        if listed.answers == 3:
            listed.changed |= {str(number): DAY + timedelta(seconds=1) for number in range(1000, 1020)}

    listed = Listed(spread(450), sort, reveal)

    pages = list(walk(listed))

    assert [str(number) for number in range(450) if str(number) not in revisions(pages)] == []


@SORTS
def test_no_page_says_that_changes_are_known_up_to_an_instant_before_they_are(sort: Callable[..., Any]) -> None:
    listed = Listed(spread(450), sort)

    reported, skipped = set[str](), list[str]()
    for page in walk(listed):
        reported |= {external_id.removeprefix("O-") for external_id in ids(page.events)}
        reached = page.latest or DAY - timedelta(days=1)
        skipped += [name for name, at in listed.changed.items() if at <= reached and name not in reported]

    assert skipped == []


@pytest.mark.parametrize("since", [NOW - timedelta(hours=1), NOW])
def test_orders_that_all_changed_in_one_millisecond_are_all_reported(since: datetime) -> None:
    listed = Listed(dict.fromkeys(map(str, range(500)), NOW), lambda one: int(one[0]))
    ebay, _ = api(listed)

    pages = [ebay.orders_since(since, None)]
    while pages[-1].next and len(pages) < PAGES_MAX:
        pages.append(ebay.orders_since(since, pages[-1].next))

    assert (len(revisions(pages)), pages[-1].next, pages[-1].latest) == (500, None, None)


# What one order tells


def polled(listed: dict[str, Any], fetched: dict[str, Any] | None = None) -> tuple[OrdersPage, list[str]]:
    """The page, and what else was asked for it."""

    def answer(call: EbayRequest) -> tuple[int, object]:
        if call.path.startswith(LIST):
            return 200, listing(listed)
        if call.path.endswith("/shipping_fulfillment"):
            return 200, {"fulfillments": parcels}
        return 200, fetched or listed

    parcels = [{"fulfillmentId": "F1", "lineItems": [{"lineItemId": "L0", "quantity": 1}]}]
    ebay, http = api(answer)
    page = ebay.orders_since(DAY, None)
    return page, [call.path.removeprefix("/sell/fulfillment/v1/order/") for call in http.asked[1:]]


@pytest.mark.parametrize("status", ["IN_PROGRESS", "FULFILLED", None])
def test_shipments_are_asked_for_once_something_may_have_left(status: str | None) -> None:
    page, asked = polled(order(orderFulfillmentStatus=status))

    assert asked == ["O-0/shipping_fulfillment"]
    assert [type(event) for event in page.events] == [OrderSnapshot, ShipmentNotice]


@pytest.mark.parametrize(
    ("changes", "asked"),
    [
        ({}, []),
        ({"cancelStatus": {"cancelState": "CANCELED"}, "orderPaymentStatus": "FULLY_REFUNDED"}, []),
        ({"cancelStatus": {"cancelState": "IN_PROGRESS"}}, ["O-0"]),
        ({"cancelStatus": None}, ["O-0"]),
        ({"orderPaymentStatus": "PARTIALLY_REFUNDED"}, ["O-0"]),
        ({"orderPaymentStatus": "FULLY_REFUNDED"}, ["O-0"]),
    ],
)
def test_an_order_whose_cancellations_the_list_may_hide_is_fetched(
    changes: dict[str, Any], asked: list[str]
) -> None:
    _, fetched = polled(order(**changes))

    assert fetched == asked


def test_a_refunded_line_has_its_order_fetched_and_shows_what_was_cancelled() -> None:
    back = {"refunds": [{"amount": {"value": "5"}}], "total": {"value": "5"}}
    lines = [one | {"lineItemId": key} for key, one in (("L0", {}), ("L1", back))]
    lines = [order()["lineItems"][0] | one for one in lines]
    request = {"cancelRequestState": "COMPLETED", "cancelCompletedDate": "2026-11-21T11:00:00.000Z"}
    status = {"cancelState": "NONE_REQUESTED", "cancelRequests": [request]}

    page, asked = polled(order(lineItems=lines), order(lineItems=lines, cancelStatus=status))

    (snapshot,) = page.events
    assert isinstance(snapshot, OrderSnapshot)
    assert (asked, snapshot.cancelled_lines) == (["O-0"], ("L1",))
    assert still_wanted(snapshot) == [1, 0]


# What cannot be understood


@pytest.mark.parametrize(
    ("bad", "external_id", "named"),
    [
        (order(1, lineItems=[]), "O-1", "lines"),
        (order(1, lastModifiedDate="soon"), "O-1", "lastModifiedDate"),
        (order(1, lineItems={"fullName": "B One"}), "O-1", "lineItems"),
        (order(1, orderId="../B", orderFulfillmentStatus="FULFILLED"), "../B", "orderId"),
        (order(1, orderId=7), "", "lastModifiedDate"),
        ("B One", "", "order"),
    ],
)
def test_an_order_that_cannot_be_understood_is_named_and_hinders_no_other(
    bad: object, external_id: str, named: str
) -> None:
    if external_id == "" and isinstance(bad, dict):
        bad["lastModifiedDate"] = None
    ebay, _ = api(lambda call: (200, listing(order(0), bad, order(2))))

    page = ebay.orders_since(DAY, None)

    assert (sorted(ids(page.events)), page.next, page.latest) == (["O-0", "O-2"], None, NOW)
    ((unreadable_id, why),) = page.unreadable
    assert (unreadable_id, why.split(":")[0]) == (external_id, named)
    assert "B One" not in repr(page)


def test_a_parcel_that_cannot_be_understood_hinders_no_other() -> None:
    good = {"fulfillmentId": "F1", "lineItems": [{"lineItemId": "L0", "quantity": 1}]}
    shipped = order(orderFulfillmentStatus="IN_PROGRESS")
    ebay, _ = api(
        lambda call: (200, listing(shipped) if call.path.startswith(LIST) else {"fulfillments": [good, {}]})
    )

    page = ebay.orders_since(DAY, None)

    assert [type(event) for event in page.events] == [OrderSnapshot, ShipmentNotice]
    assert [external_id for external_id, _ in page.unreadable] == ["O-0"]
    assert "fulfillments[1]" in page.unreadable[0][1]


# Troubles


@pytest.mark.parametrize(
    ("status", "content", "error"),
    [
        (400, {"errors": [{"errorId": 30850}]}, ChannelUnavailable),
        (400, listing(), ChannelUnavailable),
        (404, {}, ChannelUnavailable),
        (200, b"<html>", ChannelUnavailable),
        (200, {"orders": []}, ChannelUnavailable),
        (200, listing(order(), total=2), ChannelUnavailable),
        (200, listing(*[{"orderId": "1"}] * 200, total=201), ChannelUnavailable),
        (500, {}, ChannelUnavailable),
        (429, {}, Throttled),
    ],
)
def test_a_list_that_is_refused_or_incomplete_is_never_taken_for_the_whole(
    status: int, content: object, error: type[LastunitError]
) -> None:
    ebay, _ = api(lambda call: (status, content))

    with pytest.raises(error):
        ebay.orders_since(DAY, None)


@pytest.mark.parametrize(
    ("status", "error"), [(429, Throttled), (500, ChannelUnavailable), (404, ChannelUnavailable)]
)
def test_trouble_with_one_of_its_orders_fails_the_page(status: int, error: type[LastunitError]) -> None:
    shipped = order(orderFulfillmentStatus="FULFILLED")
    ebay, _ = api(lambda call: (200, listing(order(1), shipped)) if call.path.startswith(LIST) else (status, {}))

    with pytest.raises(error):
        ebay.orders_since(DAY, None)


def test_an_answer_that_never_came_fails_the_page() -> None:
    def silent(call: EbayRequest) -> tuple[int, object]:
        raise OutcomeUnknown("no answer")

    ebay, _ = api(silent)

    with pytest.raises(OutcomeUnknown):
        ebay.orders_since(DAY, None)


def test_the_name_of_a_page_is_all_that_is_needed_to_go_on() -> None:
    listed = Listed(spread(450), lambda one: -one[1].timestamp())
    pages = list(walk(listed))

    again = [api(listed)[0].orders_since(DAY, page.next) for page in pages if page.next]

    assert [page.events for page in again] == [page.events for page in pages[1:]]
    assert ORDER_ID not in str([page.next for page in pages])

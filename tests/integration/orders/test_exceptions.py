"""Exceptions: one list, what can be done about each, and what resolving one does."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from lastunit import bootstrap
from lastunit.domain.errors import StoreUnavailable
from lastunit.domain.orders.states import OrderReason
from lastunit.domain.review import REMEDY_OF, ExceptionKind, ExceptionRecord
from lastunit.use_cases.messages import NotificationMessage
from tests.support.api_client import ApiClient, opened
from tests.support.listings.pushing import FakeQueue

EXCEPTION = "0123456789abcdef01234567"
BROKEN = "f" * 24
NOTIFICATION = NotificationMessage(channel="own-store", event_id="e", order_id="1", topic="order.created").to_json()
RECORD = ExceptionRecord(
    exception_id=EXCEPTION,
    kind=ExceptionKind.UNREADABLE_ORDER,
    channel="own-store",
    cause="lines: is no list",
    at="2026-11-21",
    payload=NOTIFICATION,
)
ENDED = {OrderReason.CANCELLED_BY_CHANNEL, OrderReason.CANCELLED_BEFORE_ORDER, OrderReason.CANCELLED_AFTER_SHIPPING}
ENDED |= {
    OrderReason.NOTHING_TO_DELIVER,
    OrderReason.DECLINED,
    OrderReason.UNDECIDED_IN_TIME,
    OrderReason.UNPAID_IN_TIME,
}


@pytest.fixture
def client(aws: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[ApiClient]:
    with opened(monkeypatch) as client:
        bootstrap.hub().exceptions.record(RECORD)
        yield client


def test_every_cause_that_waits_for_a_person_names_what_can_be_done() -> None:
    assert {*OrderReason, *ExceptionKind} - ENDED == REMEDY_OF.keys()


def test_the_list_says_what_can_be_done(client: ApiClient) -> None:
    status, rows = client.call("GET", "/review/exception")

    assert (200, [(ExceptionKind.UNREADABLE_ORDER.value, REMEDY_OF[ExceptionKind.UNREADABLE_ORDER])]) == (
        status,
        [(row["kind"], row["remedy"]) for row in rows],
    )


def test_a_resolved_exception_waits_no_more_and_is_resolved_once(client: ApiClient) -> None:
    first, _ = client.call("POST", f"/exceptions/{EXCEPTION}/resolution", {"by": "sam"})
    again, answer = client.call("POST", f"/exceptions/{EXCEPTION}/resolution", {"by": "kim"})

    assert (200, 409, "sam") == (first, again, answer["by"])
    assert (200, []) == client.call("GET", "/review/exception")


def test_what_the_queue_did_not_take_is_not_resolved(client: ApiClient) -> None:
    resolve = replace(bootstrap.hub().resolve_exception, orders=FakeQueue(errors=[StoreUnavailable("down")]))

    with pytest.raises(StoreUnavailable):
        resolve.resolve(EXCEPTION, "sam", retry=True)

    [item] = client.call("GET", "/review/exception")[1]
    assert EXCEPTION == item["exception_id"]


def test_an_exception_without_its_message_is_resolved_but_not_tried_again(client: ApiClient) -> None:
    bootstrap.hub().exceptions.record(replace(RECORD, exception_id=BROKEN, payload=""))

    status, answer = client.call("POST", f"/exceptions/{BROKEN}/resolution", {"by": "sam", "retry": True})
    resolved, _ = client.call("POST", f"/exceptions/{BROKEN}/resolution", {"by": "sam"})

    assert (409, "have its channel send it again; then resolve it", 200) == (status, answer["remedy"], resolved)


def test_a_message_that_this_release_cannot_read_stays_for_one_that_can(client: ApiClient) -> None:
    bootstrap.hub().exceptions.record(replace(RECORD, exception_id=BROKEN, payload='{"type":"notification"}'))

    status, answer = client.call("POST", f"/exceptions/{BROKEN}/resolution", {"by": "sam", "retry": True})

    assert (409, "deploy the one that wrote it") == (status, answer["remedy"])


def test_a_redelivery_does_not_open_what_was_resolved(client: ApiClient) -> None:
    client.call("POST", f"/exceptions/{EXCEPTION}/resolution", {"by": "sam"})

    bootstrap.hub().exceptions.record(RECORD)

    assert (200, []) == client.call("GET", "/review/exception")


def test_what_is_tried_again_is_queued_and_waits_again_when_it_fails_again(client: ApiClient) -> None:
    client.deployment.sent(client.deployment.orders_url)
    client.call("POST", f"/exceptions/{EXCEPTION}/resolution", {"by": "sam", "retry": True})
    queued = client.deployment.sent(client.deployment.orders_url)
    bootstrap.hub().exceptions.record(RECORD)

    assert ["1"] == [message["order_id"] for message in queued]
    assert 1 == len(client.call("GET", "/review/exception")[1])


def test_a_message_that_this_release_cannot_read_stays_until_one_can(client: ApiClient) -> None:
    client.deployment.sent(client.deployment.orders_url)
    unknown = replace(RECORD, exception_id="f" * 24, payload='{"type":"of_a_newer_release"}')
    bootstrap.hub().exceptions.record(unknown)

    status, answer = client.call(
        "POST", f"/exceptions/{unknown.exception_id}/resolution", {"by": "sam", "retry": True}
    )

    assert (409, "deploy the one that wrote it") == (status, answer["remedy"])
    assert [] == client.deployment.sent(client.deployment.orders_url)
    assert 2 == len(client.call("GET", "/review/exception")[1])


@pytest.mark.parametrize("retry", [True, False])
def test_an_exception_nobody_knows_is_not_found(client: ApiClient, *, retry: bool) -> None:
    body = {"by": "sam", "retry": retry}

    status, _ = client.call("POST", "/exceptions/ffffffffffffffffffffffff/resolution", body)

    assert 404 == status

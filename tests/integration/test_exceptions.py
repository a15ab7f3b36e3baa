"""Exceptions: one list, what can be done about each, and what resolving one does."""

from collections.abc import Iterator

import pytest

from lastunit import bootstrap
from lastunit.domain.exceptions import ExceptionRecord, Kind
from lastunit.domain.lifecycle import Reason
from lastunit.domain.remedies import BY_REASON
from tests.api_client import Client, opened

EXCEPTION = "0123456789abcdef01234567"
NOTIFICATION = '{"channel":"own-store","event_id":"e","order_id":"1","topic":"order.created","payload":{}}'
RECORD = ExceptionRecord(
    EXCEPTION, Kind.UNREADABLE_ORDER, "own-store", "lines: is no list", "2026-11-21", NOTIFICATION
)
ENDED = {Reason.CANCELLED_BY_CHANNEL, Reason.CANCELLED_BEFORE_ORDER, Reason.CANCELLED_AFTER_SHIPPING}
ENDED |= {Reason.NOTHING_TO_DELIVER, Reason.DECLINED, Reason.UNDECIDED_IN_TIME, Reason.UNPAID_IN_TIME}


@pytest.fixture
def client(aws: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    with opened(monkeypatch) as client:
        bootstrap.hub().exceptions.record(RECORD)
        yield client


def test_every_cause_that_waits_for_a_person_names_what_can_be_done() -> None:
    assert {*Reason, *Kind} - ENDED == BY_REASON.keys()


def test_the_list_says_what_can_be_done(client: Client) -> None:
    status, rows = client.call("GET", "/waiting/exception")

    assert (200, [(Kind.UNREADABLE_ORDER.value, BY_REASON[Kind.UNREADABLE_ORDER])]) == (
        status,
        [(row["kind"], row["remedy"]) for row in rows],
    )


def test_a_resolved_exception_waits_no_more_and_is_resolved_once(client: Client) -> None:
    first, _ = client.call("POST", f"/exceptions/{EXCEPTION}/resolution", {"by": "sam"})
    again, answer = client.call("POST", f"/exceptions/{EXCEPTION}/resolution", {"by": "kim"})

    assert (200, 409, "sam") == (first, again, answer["by"])
    assert (200, []) == client.call("GET", "/waiting/exception")


def test_a_redelivery_does_not_open_what_was_resolved(client: Client) -> None:
    client.call("POST", f"/exceptions/{EXCEPTION}/resolution", {"by": "sam"})

    bootstrap.hub().exceptions.record(RECORD)

    assert (200, []) == client.call("GET", "/waiting/exception")


def test_what_is_tried_again_is_queued_and_waits_again_when_it_fails_again(client: Client) -> None:
    client.deployment.sent(client.deployment.orders_url)
    client.call("POST", f"/exceptions/{EXCEPTION}/resolution", {"by": "sam", "retry": True})
    queued = client.deployment.sent(client.deployment.orders_url)
    bootstrap.hub().exceptions.record(RECORD)

    assert ["1"] == [message["order_id"] for message in queued]
    assert 1 == len(client.call("GET", "/waiting/exception")[1])


def test_an_exception_nobody_knows_is_not_found(client: Client) -> None:
    status, _ = client.call("POST", "/exceptions/ffffffffffffffffffffffff/resolution", {"by": "sam"})

    assert 404 == status

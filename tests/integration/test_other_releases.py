"""Messages that this release cannot read, as after a deployment was rolled back: none is ever dropped."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from functions.cover_listings.handler import handler as cover_listings
from functions.deliver_webhooks.handler import handler as deliver_webhooks
from functions.process_orders.handler import handler as process_orders
from functions.push_quantities.handler import handler as push_quantities
from functions.reconcile_listings.handler import handler as reconcile_listings
from lastunit import bootstrap
from lastunit.domain.review import ExceptionKind, ExceptionRecord, ReviewKind
from lastunit.use_cases.messages import (
    CoverSegmentMessage,
    PushChannelMessage,
    PushListingMessage,
    ReconcileSegmentMessage,
)
from tests.support.aws.deployment import Deployment, context, deployed

Handler = Callable[[dict[str, Any], Any], dict[str, Any]]

UNKNOWN = '{"type":"of_a_newer_release","channel":"web"}'
GIVEN_BACK: dict[str, tuple[Handler, str]] = {
    "pushes": (push_quantities, PushChannelMessage(channel="nowhere").to_json()),
    "coverage": (cover_listings, CoverSegmentMessage(channel="nowhere", run="today").to_json()),
    "reconcile": (reconcile_listings, ReconcileSegmentMessage(channel="nowhere").to_json()),
    "webhooks": (deliver_webhooks, '{"id":"e","type":"order.reserved","timestamp":"now","data":{}}'),
}
"""Queue → its function, and a message that it can read and has nothing to do for."""


@pytest.fixture
def deployment(aws: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployment]:
    with deployed(monkeypatch) as found:
        yield found


def failed(handler: Handler, *bodies: str) -> list[int]:
    records = [
        {
            "messageId": str(at),
            "receiptHandle": "gone",
            "body": body,
            "attributes": {"ApproximateReceiveCount": "1"},
        }
        for at, body in enumerate(bodies)
    ]
    answer = handler({"Records": records}, context())
    return [int(one["itemIdentifier"]) for one in answer["batchItemFailures"]]


@pytest.mark.usefixtures("deployment")
@pytest.mark.parametrize("body", [UNKNOWN, "not JSON", "[]", '{"channel":"web","after":null}'])
@pytest.mark.parametrize("queue", GIVEN_BACK)
def test_a_message_that_cannot_be_read_goes_back_alone_and_is_logged_as_an_error(
    queue: str, body: str, caplog: pytest.LogCaptureFixture
) -> None:
    handler, readable = GIVEN_BACK[queue]

    again = failed(handler, body, readable)

    logged = [getattr(line, "message_id", None) for line in caplog.records if line.levelname == "ERROR"]
    assert ([0], ["0"]) == (again, logged)


@pytest.mark.usefixtures("deployment")
@pytest.mark.parametrize("instant", ["yesterday", "", "2026-12-01T12:00:00"])
@pytest.mark.parametrize("name", ["since", "not_since"])
def test_a_push_whose_instant_cannot_be_read_goes_back_alone(
    name: str, instant: str, caplog: pytest.LogCaptureFixture
) -> None:
    message = json.loads(PushListingMessage(sku="hat", channel="nowhere", listing="hat").to_json())

    again = failed(push_quantities, json.dumps(message | {name: instant}), json.dumps(message))

    [line] = [line for line in caplog.records if line.levelname == "ERROR"]
    assert ([0], True) == (again, f"message.{name}" in getattr(line, "reason", ""))


@pytest.mark.usefixtures("deployment")
def test_an_order_message_of_another_release_waits_for_a_person() -> None:
    again = failed(process_orders, UNKNOWN, UNKNOWN)

    [item] = bootstrap.hub().exceptions.review(ReviewKind.EXCEPTION, 9)
    assert isinstance(item.subject, ExceptionRecord)
    assert ([], ExceptionKind.UNKNOWN_MESSAGE) == (again, item.subject.kind)
    assert UNKNOWN == bootstrap.hub().exceptions.message(item.subject.exception_id)

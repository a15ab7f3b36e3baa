"""The handler of the orders queue: only what must come again goes back, and it goes back with a pause."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from functions.process_orders.handler import handler
from lastunit import bootstrap
from lastunit.domain.channel import Channel
from lastunit.domain.keys import LevelKey
from lastunit.domain.orders.states import State
from lastunit.domain.review import ExceptionRecord, ReviewKind
from lastunit.domain.stock.catalogue import Location
from lastunit.domain.stock.levels import Adjustment, AdjustmentReason
from lastunit.use_cases.messages import NotificationMessage, RetryOrderMessage
from lastunit.use_cases.redelivery import PAUSE_MAX_SECONDS
from tests.channels.ebay.simulator import Ebay
from tests.channels.generic.simulator import GenericStore
from tests.channels.marketplace import Misbehaviour
from tests.support.aws.deployment import Deployment, context, deployed
from tests.support.messages import content

VISIBLE_AT_ONCE = {"WaitTimeSeconds": 0}


@pytest.fixture
def deployment(aws: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployment]:
    """Ten shirts, sold on the own store and on eBay."""
    with deployed(monkeypatch) as found, Ebay(webhook_url="https://hub.example/webhooks/ebay") as market:
        store = GenericStore(port=9)
        bootstrap.hub().configure_catalogue.put_location(Location("montreal", 1))
        found.connect(Channel(name="web", kind="generic", connection=store.connection()), store.secret())
        found.connect(Channel(name="ebay", kind="ebay", connection=market.connection()), market.secret())
        for channel in ("web", "ebay"):
            found.add_listing("shirt", channel)
        bootstrap.hub().adjust_stock.move(
            Adjustment(
                operation="opening", reason=AdjustmentReason.RECEIVE, sku="shirt", location="montreal", delta=10
            )
        )
        yield found


def notification(order_id: str, channel: str = "web", lines: object = None) -> dict[str, Any]:
    payload = {
        "order_id": order_id,
        "version": 1,
        "lines": lines or [{"line_id": "1", "sku": "shirt", "quantity": 1}],
    }
    topic = "order.created" if channel == "web" else "ORDER_CONFIRMATION"
    return content(
        NotificationMessage(
            channel=channel, event_id=f"e-{order_id}", order_id=order_id, topic=topic, payload=payload
        )
    )


def deliver(deployment: Deployment, *contents: object) -> tuple[list[str], dict[str, Any]]:
    """As Lambda takes a batch off the queue. Message ids, and what the handler answered."""
    for one in contents:
        body = one if isinstance(one, str) else json.dumps(one)
        deployment.sqs.send_message(QueueUrl=deployment.orders_url, MessageBody=body)
    messages = list[Any]()
    while len(messages) < len(contents):
        messages += deployment.sqs.receive_message(
            QueueUrl=deployment.orders_url, MaxNumberOfMessages=10, AttributeNames=["All"], VisibilityTimeout=360
        )["Messages"]
    records = [
        {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "attributes": message["Attributes"],
        }
        for message in messages
    ]
    return [record["messageId"] for record in records], handler({"Records": records}, context())


def failures(answer: dict[str, Any]) -> list[str]:
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def test_only_what_must_come_again_goes_back_to_the_queue(deployment: Deployment) -> None:
    ids, answer = deliver(
        deployment,
        notification("1"),
        notification("missing-at-ebay", "ebay"),
        notification("2", lines=[{"line_id": "1", "sku": "shirt", "quantity": "many"}]),
        notification("3", "closed"),
        notification("4"),
        notification("1"),
    )

    assert [ids[1]] == failures(answer)
    assert {"web:1": State.RESERVED, "web:4": State.RESERVED} == {
        key: order.state for key, order in deployment.store.orders().items()
    }
    kinds = [exception.kind for exception in exceptions()]
    assert ["unknown_channel", "unreadable_order"] == sorted(kinds)
    assert [] == deployment.store.broken_promises()


def test_an_exception_keeps_what_was_received_and_is_recorded_once(deployment: Deployment) -> None:
    odd = notification("2", lines=[{"line_id": "1", "sku": "shirt", "quantity": "many"}])

    deliver(deployment, odd)
    deliver(deployment, odd, odd)

    kept = exceptions()
    assert [odd["payload"]] == [json.loads(exception.payload)["payload"] for exception in kept]
    assert [True] == [exception.cause.startswith("lines[0].quantity: ") for exception in kept]


def exceptions() -> list[ExceptionRecord]:
    """Those that wait for a person."""
    items = bootstrap.hub().exceptions.review(ReviewKind.EXCEPTION, 9)
    return [item.subject for item in items if isinstance(item.subject, ExceptionRecord)]


def test_what_goes_back_comes_again_after_a_pause_that_grows(deployment: Deployment) -> None:
    missing = notification("missing", "ebay")
    pauses = list[int]()
    watched = bootstrap.hub().orders_queue._client
    watched.meta.events.register(
        "provide-client-params.sqs.ChangeMessageVisibility",
        lambda params, **_: pauses.append(params["VisibilityTimeout"]),
    )

    _, answer = deliver(deployment, missing)

    assert (1, 1) == (len(failures(answer)), len(pauses))
    assert 1 <= pauses[0] <= 2 < PAUSE_MAX_SECONDS


def test_a_pause_that_cannot_be_set_fails_nobody(deployment: Deployment) -> None:
    record = {
        "messageId": "m-1",
        "receiptHandle": "expired",
        "body": json.dumps(notification("missing", "ebay")),
        "attributes": {"ApproximateReceiveCount": "30"},
    }

    answer = handler({"Records": [record]}, context())

    assert ["m-1"] == failures(answer)


def test_a_throttled_channel_is_asked_again_when_it_wishes_however_often_it_was_asked(
    deployment: Deployment,
) -> None:
    pauses = list[int]()
    bootstrap.hub().orders_queue._client.meta.events.register(
        "provide-client-params.sqs.ChangeMessageVisibility",
        lambda params, **_: pauses.append(params["VisibilityTimeout"]),
    )
    attributes = {"ApproximateReceiveCount": "30"}
    with Ebay(webhook_url="https://hub.example/x", misbehaviour=Misbehaviour(throttled=1.0)) as market:
        deployment.connect(Channel(name="busy", kind="ebay", connection=market.connection()), market.secret())
        records = [
            {
                "messageId": str(number),
                "receiptHandle": "handle",
                "body": json.dumps(notification(str(number), "busy")),
                "attributes": attributes,
            }
            for number in range(3)
        ]

        answer = handler({"Records": records}, context())

    assert (["0", "1", "2"], 1) == (failures(answer), len(set(pauses)))


def test_a_message_that_is_not_ours_goes_back_alone(deployment: Deployment) -> None:
    ids, answer = deliver(deployment, "not JSON", notification("1"))

    assert ([ids[0]], ["web:1"]) == (failures(answer), list(deployment.store.orders()))


def test_an_order_that_waited_for_a_name_is_reserved_once_the_name_exists(deployment: Deployment) -> None:
    deliver(deployment, notification("1", lines=[{"line_id": "1", "sku": "TEE", "quantity": 2}]))
    assert State.EXCEPTION is deployment.store.orders()["web:1"].state
    bootstrap.hub().configure_catalogue.put_listing("web", "TEE", "shirt", {}, [])
    retries = deployment.sent(deployment.orders_url)

    _, answer = deliver(deployment, *retries)

    assert ([content(RetryOrderMessage(channel="web", external_id="1"))], []) == (retries, failures(answer))
    assert State.RESERVED is deployment.store.orders()["web:1"].state
    assert 8 == deployment.store.levels()[LevelKey("shirt", "montreal")].available


def test_a_fetched_order_is_reserved_like_any_other(deployment: Deployment) -> None:
    with Ebay(webhook_url="https://hub.example/webhooks/second", retry_seconds=()) as market:
        market.list_item("shirt", 5)
        deployment.connect(Channel(name="second", kind="ebay", connection=market.connection()), market.secret())
        deployment.add_listing("shirt", "second", market.refs("shirt"))
        market.webhook_url = "http://127.0.0.1:9/unused"
        order_id = market.sell({"shirt": 2})

        _, answer = deliver(deployment, notification(order_id, "second"))

    assert ([], State.RESERVED) == (failures(answer), deployment.store.orders()[f"second:{order_id}"].state)
    assert 2 == deployment.listing("shirt", "second").sold


def test_a_secret_is_looked_up_only_for_channels_that_are_pushed_to(deployment: Deployment) -> None:
    boto3.client("secretsmanager").delete_secret(SecretId="lastunit/ebay", ForceDeleteWithoutRecovery=True)

    ids, answer = deliver(deployment, notification("1"), notification("9", "ebay"))

    assert ([ids[1]], ["web:1"]) == (failures(answer), list(deployment.store.orders()))

"""Messages of the queues: one codec for writers and readers, and what another release wrote is never misread."""

import json
from collections.abc import Collection
from datetime import timedelta
from typing import Any

import pytest

from lastunit.domain.errors import InvalidInput, UnknownMessage
from lastunit.domain.events.business_events import TYPES, BusinessEvent
from lastunit.domain.keys import ListingKey
from lastunit.use_cases.listings.push.tasks import PushTask, push_message, task_of
from lastunit.use_cases.messages import (
    COVERAGE,
    ORDERS,
    PUSHES,
    RECONCILE,
    WEBHOOKS,
    CoverSegmentMessage,
    DeadlineCheckMessage,
    DeliverWebhookMessage,
    NotificationMessage,
    PushChannelMessage,
    PushListingMessage,
    QueueMessage,
    ReconcileSegmentMessage,
    RetryOrderMessage,
    StockArrivedMessage,
    from_json,
    webhook_work,
)
from tests.support.clock import NOON

Kinds = Collection[type[QueueMessage]]
QUEUES: dict[str, Kinds] = {
    "orders": ORDERS,
    "pushes": PUSHES,
    "coverage": COVERAGE,
    "reconcile": RECONCILE,
    "webhooks": WEBHOOKS,
}
EVENT = BusinessEvent(event_id="evt_1", type="order.reserved", at="now", data={"order_id": "web:1"})
MESSAGES: list[tuple[Kinds, QueueMessage]] = [
    (ORDERS, NotificationMessage(channel="web", event_id="e", order_id="1", topic="t", payload={"lines": []})),
    (ORDERS, StockArrivedMessage(sku="shirt")),
    (ORDERS, RetryOrderMessage(channel="web", external_id="1")),
    (ORDERS, DeadlineCheckMessage(channel="web", external_id="1")),
    (PUSHES, PushListingMessage(sku="shirt", channel="web", listing="TEE", overwrite=True, since="now")),
    (PUSHES, PushChannelMessage(channel="web", after="TEE")),
    (COVERAGE, CoverSegmentMessage(channel="web", run="today")),
    (RECONCILE, ReconcileSegmentMessage(channel="web", after="TEE")),
    (WEBHOOKS, DeliverWebhookMessage.of("erp", EVENT)),
]


@pytest.mark.parametrize(("kinds", "message"), MESSAGES, ids=lambda one: getattr(one, "type", ""))
def test_what_is_written_is_read_as_it_was(kinds: Kinds, message: QueueMessage) -> None:
    assert message == from_json(message.to_json(), kinds)


def test_every_message_of_every_queue_is_tried_here() -> None:
    assert {kind for kinds in QUEUES.values() for kind in kinds} == {type(message) for _, message in MESSAGES}


def test_no_two_messages_have_one_type() -> None:
    types = [kind.type for kinds in QUEUES.values() for kind in kinds]

    assert sorted(set(types)) == sorted(types)


def test_the_type_of_an_event_holds_a_dot_and_that_of_a_message_none() -> None:
    messages = [kind.type for kinds in QUEUES.values() for kind in kinds]

    assert (set(), True) == ({one for one in messages if "." in one}, all("." in one for one in TYPES))


def test_a_field_with_a_default_may_be_missing() -> None:
    read = from_json('{"type":"push_channel","channel":"web"}', PUSHES)

    assert PushChannelMessage(channel="web") == read


@pytest.mark.parametrize("queue", QUEUES)
@pytest.mark.parametrize("text", ['{"type":"of_a_newer_release","channel":"web"}', '{"type":""}'])
def test_a_type_that_the_queue_does_not_know_is_another_release_s(queue: str, text: str) -> None:
    with pytest.raises(UnknownMessage):
        from_json(text, QUEUES[queue])


@pytest.mark.parametrize(("kinds", "message"), MESSAGES, ids=lambda one: getattr(one, "type", ""))
def test_a_field_that_is_not_known_is_another_release_s(kinds: Kinds, message: QueueMessage) -> None:
    """To leave it out could be to do something else."""
    text = json.dumps({**json.loads(message.to_json()), "only_if": "x"})

    with pytest.raises(UnknownMessage):
        from_json(text, kinds)


@pytest.mark.parametrize("queue", QUEUES)
@pytest.mark.parametrize("text", ["not JSON", "[]", "7", "{}", '{"type": 7}', '{"channel": "web"}', ""])
def test_what_no_release_has_written_is_refused(queue: str, text: str) -> None:
    with pytest.raises(InvalidInput):
        from_json(text, QUEUES[queue])


@pytest.mark.parametrize(
    ("content", "field"),
    [
        ({"channel": "web"}, "external_id"),
        ({"channel": "web", "external_id": None}, "external_id"),
        ({"channel": ["web"], "external_id": "1"}, "channel"),
    ],
)
def test_a_field_that_is_missing_or_of_another_type_is_named(content: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        from_json(json.dumps({"type": "retry_order"} | content), ORDERS)

    assert f"message.{field}" == refused.value.field


def test_a_message_of_another_queue_is_not_known() -> None:
    with pytest.raises(UnknownMessage):
        from_json(StockArrivedMessage(sku="shirt").to_json(), PUSHES)


@pytest.mark.parametrize(
    "task",
    [
        PushTask(key=ListingKey("shirt", "web", "TEE")),
        PushTask(
            key=ListingKey("shirt", "web", "TEE"), overwrite=True, not_since=NOON, since=NOON - timedelta(days=1)
        ),
    ],
)
def test_a_push_task_travels_whole(task: PushTask) -> None:
    assert task == task_of(from_json(push_message(task).to_json(), [PushListingMessage]))


def test_the_webhooks_queue_holds_events_and_their_deliveries() -> None:
    delivery = DeliverWebhookMessage.of("erp", EVENT)

    assert (EVENT, delivery) == (webhook_work(json.dumps(EVENT.message())), webhook_work(delivery.to_json()))
    assert EVENT == delivery.event


@pytest.mark.parametrize(
    "content",
    [
        {"type": "order.reserved"},
        {"type": "order.reserved", "id": 1, "timestamp": "now", "data": {}},
        {"type": "order.reserved", "id": "evt_1", "timestamp": "now", "data": []},
    ],
)
def test_half_an_event_is_refused(content: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        webhook_work(json.dumps(content))

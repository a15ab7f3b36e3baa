"""A marketplace's webhook from API Gateway's event to the orders queue: what is not signed writes nothing."""

import base64
import json
import logging
import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from moto import mock_aws
from standardwebhooks.webhooks import Webhook

from functions.receive_webhook.handler import handler
from lastunit import bootstrap
from lastunit.domain.channel import Channel
from lastunit.use_cases.orders.receive_webhook import BODY_MAX_BYTES
from tests.channels.ebay.simulator import Ebay
from tests.channels.generic.simulator import new_secret
from tests.channels.shopify.simulator import Shopify
from tests.support.aws.deployment import PREFIX, Deployment, context, deployed, http_event

OLD, NEW, PUSH = new_secret(), new_secret(), new_secret()
ORDER: Mapping[str, Any] = {
    "type": "order.created",
    "data": {
        "order_id": "A-1",
        "version": 1,
        "customer": {"name": "Ada Example", "email": "ada@example.com"},
        "lines": [{"line_id": "1", "sku": "shirt", "quantity": 1, "engraving": "for Ada Example"}],
    },
}


@pytest.fixture(scope="module")
def deployment() -> Iterator[Deployment]:
    """One for all tests: a webhook writes to the queue only, and each test takes what it wrote."""
    with mock_aws(), pytest.MonkeyPatch.context() as monkeypatch, deployed(monkeypatch) as found:
        connection = {"base_url": "https://store.example"}
        secret = {"webhook_secrets": [OLD, NEW], "push_secret": PUSH}
        found.connect(Channel(name="web", kind="generic", connection=connection), secret)
        found.sent(found.pushes_url)
        yield found


def signed(body: str, secret: str = OLD, *, seconds_ago: int = 0) -> dict[str, str]:
    at = datetime.now(UTC) - timedelta(seconds=seconds_ago)
    message_id = f"msg_{uuid.uuid4().hex}"
    return {
        "Webhook-Id": message_id,
        "Webhook-Timestamp": str(int(at.timestamp())),
        "Webhook-Signature": Webhook(secret).sign(message_id, at, body),
    }


def post(
    body: str, headers: Mapping[str, str] | None = None, channel: str = "web", *, encoded: bool = False
) -> tuple[int, dict[str, Any]]:
    event = http_event(
        "POST", f"/webhooks/{channel}", body, headers=headers or {}, channel=channel, encoded=encoded
    )
    return call(event)


def call(event: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    answer = handler(event, context())
    return answer["statusCode"], json.loads(answer["body"])


def order(**data: Any) -> str:
    return json.dumps({**ORDER, "data": {**ORDER["data"], **data}})


def written(deployment: Deployment) -> list[dict[str, Any]]:
    """What the orders queue got; no table changes while a marketplace waits."""
    assert [] == deployment.store.rows(deployment.store.tables.orders)
    return deployment.sent(deployment.orders_url)


def test_an_accepted_order_is_one_message_without_personal_data(deployment: Deployment) -> None:
    body = order()

    answer = post(body, signed(body))

    messages = written(deployment)
    assert ((200, {"status": "accepted"}), 1) == (answer, len(messages))
    assert "Ada" not in json.dumps(messages)
    assert ("web", "A-1", "order.created") == tuple(messages[0][name] for name in ("channel", "order_id", "topic"))
    assert [{"line_id": "1", "sku": "shirt", "quantity": 1}] == messages[0]["payload"]["lines"]


def test_both_secrets_of_a_rotation_are_good(deployment: Deployment) -> None:
    bodies = {secret: order(order_id=secret[-8:]) for secret in (OLD, NEW)}

    answers = [post(body, signed(body, secret))[0] for secret, body in bodies.items()]

    assert ([200, 200], 2) == (answers, len(written(deployment)))


def test_a_body_that_api_gateway_encoded_is_verified_over_its_raw_bytes(deployment: Deployment) -> None:
    body = json.dumps(json.loads(order(order_id="Ä-1")), indent=3, ensure_ascii=False)
    encoded = base64.b64encode(body.encode()).decode()

    answer = post(encoded, signed(body), encoded=True)

    assert (200, ["Ä-1"]) == (answer[0], [message["order_id"] for message in written(deployment)])


@pytest.mark.parametrize(
    "headers",
    [
        {},
        signed(order(), new_secret()),
        signed(order(version=2)),
        signed(order(), seconds_ago=4000),
        signed(order(), seconds_ago=-4000),
        signed(order(), PUSH),
        signed(order()) | {"Webhook-Signature": "v1,???"},
        signed(order()) | {"Webhook-Timestamp": "soon"},
    ],
)
def test_what_is_not_signed_now_by_the_store_writes_nothing_and_learns_nothing(
    deployment: Deployment, headers: Mapping[str, str]
) -> None:
    answer = post(order(), headers)

    assert ((401, {"error": "the signature is missing or wrong"}), []) == (answer, written(deployment))


def test_a_body_over_one_mebibyte_writes_nothing(deployment: Deployment) -> None:
    body = " " * (BODY_MAX_BYTES + 1)

    status, _ = post(body, signed(body))

    assert (413, []) == (status, written(deployment))


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ("not JSON", "body"),
        ("[]", "body"),
        ("{}", "type"),
        (json.dumps({"type": "order.created"}), "data"),
        (json.dumps({"type": "order.created", "data": {}}), "data.order_id"),
        (json.dumps({"type": "party", "data": {"order_id": "1"}}), "type"),
    ],
)
def test_a_signed_body_that_is_no_event_is_answered_with_the_field(
    deployment: Deployment, body: str, field: str
) -> None:
    status, answer = post(body, signed(body))

    assert (400, []) == (status, written(deployment))
    assert answer["error"].startswith(f"{field}: ")


def test_an_order_with_odd_content_is_kept_for_a_person(deployment: Deployment) -> None:
    body = order(lines=[{"line_id": "1", "sku": "shirt", "quantity": "many"}])

    status, _ = post(body, signed(body))

    assert (200, ["many"]) == (status, [one["payload"]["lines"][0]["quantity"] for one in written(deployment)])


def test_an_event_the_hub_does_not_act_on_is_accepted_and_left(deployment: Deployment) -> None:
    body = json.dumps({"type": "order.shipped", "data": {"order_id": "1"}})

    answer = post(body, signed(body))

    assert ((200, {"status": "ignored"}), []) == (answer, written(deployment))


@pytest.mark.parametrize("channel", ["closed", "A" * 3000, "../web", "web "])
def test_an_unknown_channel_is_not_found(deployment: Deployment, channel: str) -> None:
    body = order()

    status, _ = post(body, signed(body), channel)

    assert (404, []) == (status, written(deployment))


@pytest.mark.parametrize("secret", ["not JSON", '["a list"]', '{"webhook_secrets": ["hush"]}', None])
def test_a_secret_that_cannot_be_used_is_our_own_affair(
    deployment: Deployment, caplog: pytest.LogCaptureFixture, secret: str | None
) -> None:
    channel = f"broken-{uuid.uuid4().hex[:8]}"
    bootstrap.hub().configure_channel.put_channel(
        Channel(name=channel, kind="generic", connection={"base_url": "https://store.example"})
    )
    if secret is not None:
        boto3.client("secretsmanager").create_secret(Name=PREFIX + channel, SecretString=secret)

    with caplog.at_level(logging.INFO):
        answer = post(order(), signed(order()), channel)

    assert ((503, {"error": "not stored; try again later"}), []) == (answer, written(deployment))
    assert "hush" not in str([vars(record) for record in caplog.records])


def test_a_store_has_no_challenge(deployment: Deployment) -> None:
    assert 404 == call(http_event("GET", "/webhooks/web", channel="web", query={"challenge_code": "7"}))[0]


def test_shopifys_signature_and_topic_are_taken_from_its_headers(deployment: Deployment) -> None:
    shop = Shopify()
    shop.list_item("shirt", 5)
    deployment.connect(Channel(name="shop", kind="shopify", connection=shop.connection()), shop.secret())
    body = json.dumps(shop._new_order({"shirt": 1}))
    headers = {
        "X-Shopify-Topic": "orders/create",
        "X-Shopify-Shop-Domain": shop.shop_domain,
        "X-Shopify-API-Version": shop.api_version,
        "X-Shopify-Webhook-Id": "w-1",
        "X-Shopify-Event-Id": "e-1",
        "X-Shopify-Hmac-Sha256": shop.sign(body.encode()),
    }

    accepted = post(body, headers, "shop")
    forged = post(body.replace("shirt", "short"), headers, "shop")

    messages = written(deployment)
    assert (200, 401, 1) == (accepted[0], forged[0], len(messages))
    assert not any(word in json.dumps(messages) for word in ("Bea", "buyer@example.com", "Main St"))


def test_ebays_challenge_is_answered_and_its_signature_checked_with_a_fetched_key(deployment: Deployment) -> None:
    with Ebay(webhook_url="https://hub.example/webhooks/ebay") as market:
        deployment.connect(Channel(name="ebay", kind="ebay", connection=market.connection()), market.secret())
        asked = http_event("GET", "/webhooks/ebay", channel="ebay", query={"challenge_code": "a8628072"})
        notice = {
            "metadata": {"topic": "ORDER_CONFIRMATION", "schemaVersion": "1.0", "deprecated": False},
            "notification": {
                "notificationId": "n-1",
                "eventDate": "2026-11-21T12:00:00.000Z",
                "publishDate": "2026-11-21T12:00:01.000Z",
                "publishAttemptCount": 1,
                "data": {
                    "user": {"userId": market.seller_id, "username": "some-seller"},
                    "order": {"orderId": "11-1-1", "orderLineItems": [{"orderLineItemId": "1", "quantity": 1}]},
                },
            },
        }
        delivery = market.signed(notice)

        challenge = call(asked)
        accepted = post(delivery.body.decode(), delivery.headers, "ebay")
        forged = post(delivery.body.decode().replace("11-1-1", "11-1-2"), delivery.headers, "ebay")

    assert (200, 64) == (challenge[0], len(challenge[1]["challengeResponse"]))
    assert (200, 401) == (accepted[0], forged[0])
    assert ["11-1-1"] == [message["order_id"] for message in written(deployment)]

"""Outgoing webhooks from the operator's settings to a receiver that checks the signature with its own library."""

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from functions.api.handler import handler as api
from functions.deliver_webhooks.handler import handler
from lastunit import bootstrap
from tests.support.aws.deployment import forget
from tests.support.aws.dynamo import create_tables, new_client
from tests.support.events.announced import examples
from tests.support.events.receiver import Receiver, receiving

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

OLD, NEW = (f"whsec_{base64.b64encode(bytes([at]) * 32).decode()}" for at in (1, 2))
CANCELLED = examples()["order.cancelled"].message()
LOW = examples()["stock.low"].message()


def context() -> Any:
    return SimpleNamespace(
        function_name="lastunit", memory_limit_in_mb=512, invoked_function_arn="arn:aws:lambda", aws_request_id="1"
    )


UNUSED = ("ORDERS_QUEUE_URL", "PUSHES_QUEUE_URL", "COVERAGE_QUEUE_URL", "RECONCILE_QUEUE_URL", "EVENT_BUS_NAME")


@dataclass(slots=True)
class WebhookDeployment:
    sqs: "SQSClient"
    queue: str
    secrets: Any

    def call(self, method: str, path: str, content: object = None) -> tuple[int, Any]:
        event = {
            "version": "2.0",
            "rawPath": path,
            "headers": {"content-type": "application/json"},
            "requestContext": {"http": {"method": method, "path": path}, "stage": "$default"},
            "body": None if content is None else json.dumps(content),
            "isBase64Encoded": False,
        }
        answer = api(event, context())
        return answer["statusCode"], json.loads(answer["body"] or "null")

    def connect(self, name: str, receiver: Receiver, *types: str, **secret: str) -> None:
        status, _ = self.call("PUT", f"/webhook-subscriptions/{name}", {"url": receiver.url, "types": types})
        assert 200 == status
        text = json.dumps(secret or {"secret": receiver.secret})
        self.secrets.create_secret(Name=f"shop/webhooks/{name}", SecretString=text)

    def announce(self, *announcements: Mapping[str, object]) -> None:
        """As the rule of the event bus puts them into the queue."""
        for one in announcements:
            self.sqs.send_message(QueueUrl=self.queue, MessageBody=json.dumps(one))

    def run(self) -> int:
        """As Lambda takes a batch off the queue. How many messages came again."""
        found = self.sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10, AttributeNames=["All"])
        records: list[dict[str, Any]] = [
            {
                "messageId": one["MessageId"],
                "receiptHandle": one["ReceiptHandle"],
                "body": one["Body"],
                "attributes": one["Attributes"],
            }
            for one in found.get("Messages", [])
        ]
        failed = {one["itemIdentifier"] for one in handler({"Records": records}, context())["batchItemFailures"]}
        for record in records:
            if record["messageId"] not in failed:
                self.sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=record["receiptHandle"])
        return len(failed)

    def deliver(self, *announcements: Mapping[str, object]) -> int:
        """Fan out, then deliver."""
        self.announce(*announcements)
        return self.run() + self.run()

    def left(self) -> int:
        names: Any = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=names)["Attributes"]
        return sum(map(int, found.values()))


@pytest.fixture
def hub(aws: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[WebhookDeployment]:
    tables = create_tables(new_client())
    sqs = boto3.client("sqs")
    queue = sqs.create_queue(QueueName="webhooks")["QueueUrl"]
    environment = {
        "STOCK_TABLE": tables.stock,
        "ORDERS_TABLE": tables.orders,
        "LEDGER_TABLE": tables.ledger,
        "SETTINGS_TABLE": tables.settings,
        **dict.fromkeys(UNUSED, "unused"),
        "WEBHOOKS_QUEUE_URL": queue,
        "SECRETS_PREFIX": "shop/",
        # A local stack, whose receivers are on this machine; the clients here must stay with the mocked AWS.
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    forget()
    yield WebhookDeployment(sqs, queue, boto3.client("secretsmanager"))
    forget()


def skipped_pauses() -> list[int]:
    """Messages come again at once; the pauses they should have made are noted here."""
    pauses = list[int]()

    def skip(params: dict[str, Any], **_: Any) -> None:
        pauses.append(params["VisibilityTimeout"])
        params["VisibilityTimeout"] = 0

    client = bootstrap.hub().webhooks_queue._client
    client.meta.events.register("provide-client-params.sqs.ChangeMessageVisibility", skip)
    return pauses


def test_an_announcement_reaches_every_address_that_wants_it_once(hub: WebhookDeployment) -> None:
    with receiving(OLD) as erp, receiving(NEW) as mail:
        hub.connect("erp", erp)
        hub.connect("mail", mail, "stock.")

        assert 0 == hub.deliver(CANCELLED, LOW)

    assert [CANCELLED["id"], LOW["id"]] == sorted(erp.ids, key=[CANCELLED["id"], LOW["id"]].index)
    assert [{name: LOW[name] for name in ("type", "timestamp", "data")}] == mail.taken
    assert (0, 0, 0) == (erp.refused, mail.refused, hub.left())


def test_what_was_refused_comes_again_with_the_same_id_until_it_is_taken(hub: WebhookDeployment) -> None:
    with receiving(OLD) as erp:
        erp.statuses = [500, 429]
        hub.connect("erp", erp)
        pauses = skipped_pauses()

        failed = [hub.deliver(CANCELLED), hub.run(), hub.run()]

    assert ([1, 1, 0], [CANCELLED["id"]] * 3, 1) == (failed, erp.ids, len(erp.taken))
    assert 4 <= pauses[0] <= 5 < 8 <= pauses[1] <= 10
    assert 0 == hub.left()


def test_a_receiver_s_own_wish_for_a_pause_is_respected(hub: WebhookDeployment) -> None:
    with receiving(OLD) as erp:
        erp.statuses, erp.headers = [503], {"retry-after": "7200"}
        hub.connect("erp", erp)
        pauses = skipped_pauses()

        hub.deliver(CANCELLED)

    assert [7200] == pauses


def test_an_address_that_is_gone_is_switched_off_until_it_is_put_again(hub: WebhookDeployment) -> None:
    with receiving(OLD) as erp:
        erp.statuses = [410]
        hub.connect("erp", erp)
        hub.deliver(CANCELLED)
        _, gone = hub.call("GET", "/webhook-subscriptions/erp")
        hub.deliver(LOW)
        hub.call("PUT", "/webhook-subscriptions/erp", {"url": erp.url})
        hub.deliver(LOW)

    assert (False, [CANCELLED["id"], LOW["id"]]) == (gone["enabled"], erp.ids)


def test_one_address_that_is_gone_does_not_switch_off_its_successor(hub: WebhookDeployment) -> None:
    with receiving(OLD) as erp, receiving(OLD) as successor:
        hub.connect("erp", erp)
        before = bootstrap.hub().configure_webhooks.get("erp")
        hub.call("PUT", "/webhook-subscriptions/erp", {"url": successor.url})

        bootstrap.hub().deliver_webhooks.webhooks.disable(before)

    assert bootstrap.hub().configure_webhooks.get("erp").enabled


def test_during_a_rotation_the_receiver_may_know_either_secret(hub: WebhookDeployment) -> None:
    with receiving(OLD) as erp:
        hub.connect("erp", erp, secret=NEW, previous=OLD)
        hub.deliver(CANCELLED)
        erp.secret = NEW
        hub.deliver(LOW)

    assert (2, 0) == (len(erp.taken), erp.refused)


def test_a_receiver_with_another_secret_takes_nothing(hub: WebhookDeployment) -> None:
    with receiving(OLD) as erp:
        hub.connect("erp", erp, secret=NEW)

        assert 1 == hub.deliver(CANCELLED)

    assert ([], 1) == (erp.taken, erp.refused)


@pytest.mark.parametrize("secret", [{"secret": "whsec_short"}, {"key": OLD}, {"secret": OLD, "more": "x"}])
def test_with_a_malformed_secret_nothing_leaves_and_no_log_shows_it(
    hub: WebhookDeployment, secret: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    with receiving(OLD) as erp:
        hub.connect("erp", erp, **secret)

        assert 1 == hub.deliver(CANCELLED)

    said = capsys.readouterr()
    assert ([], 0) == (erp.ids, erp.refused)
    assert not any(one.removeprefix("whsec_") in said.out + said.err for one in secret.values() if len(one) > 1)


def test_a_message_that_is_not_ours_goes_back_alone(hub: WebhookDeployment) -> None:
    with receiving(OLD) as erp:
        hub.connect("erp", erp)
        hub.sqs.send_message(QueueUrl=hub.queue, MessageBody="not JSON")

        assert 1 == hub.deliver(CANCELLED)

    assert ([CANCELLED["id"]], 1) == (erp.ids, hub.left())


def test_webhooks_are_put_shown_listed_and_deleted(hub: WebhookDeployment) -> None:
    path, body = "/webhook-subscriptions/erp", {"url": "https://erp.shop.example/hook", "types": ["order."]}
    kept = {"name": "erp", **body, "enabled": True}

    put = hub.call("PUT", path, body)
    shown, listed = hub.call("GET", path), hub.call("GET", "/webhook-subscriptions")
    deleted = [hub.call("DELETE", path)[0], hub.call("DELETE", path)[0], hub.call("GET", path)[0]]

    assert ((200, kept), (200, kept), (200, [kept])) == (put, shown, listed)
    assert ([200, 404, 404], (200, [])) == (deleted, hub.call("GET", "/webhook-subscriptions"))


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"url": "https://10.0.0.1/"}, 422, "url"),
        ({"url": "http://shop.example/"}, 422, "url"),
        ({"url": "https://shop.example/", "types": ["orders"]}, 422, "types"),
        ({"url": "https://shop.example/", "secret": OLD}, 400, None),
        ({}, 400, None),
    ],
)
def test_a_wrong_setting_is_refused_with_its_field(
    hub: WebhookDeployment, body: object, status: int, field: str | None
) -> None:
    answer = hub.call("PUT", "/webhook-subscriptions/erp", body)

    assert (status, field) == (answer[0], answer[1].get("field"))
    assert (200, []) == hub.call("GET", "/webhook-subscriptions")


def test_outside_a_local_stack_loopback_is_refused(hub: WebhookDeployment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    forget()

    assert 422 == hub.call("PUT", "/webhook-subscriptions/erp", {"url": "http://127.0.0.1:9001/hook"})[0]

"""Deliveries to the merchant's own addresses: one message per address, and again until it is taken."""

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from lastunit.domain.errors import ChannelUnavailable, LastunitError, NotSent, OutcomeUnknown
from lastunit.domain.events.business_events import BusinessEvent
from lastunit.domain.events.subscriptions import WebhookSubscription
from lastunit.ports.system import HttpResponse, Message
from lastunit.use_cases.events.deliver_webhooks import (
    DeliverAgain,
    Delivered,
    DeliverWebhooks,
    failed,
)
from lastunit.use_cases.messages import DeliverWebhookMessage
from lastunit.use_cases.redelivery import WEBHOOK_PAUSE_MAX_SECONDS, webhook_pause_seconds
from tests.support.events.announced import examples
from tests.support.messages import content
from tests.support.parallel import in_turn
from tests.support.unexpected import raise_again

EVENT = examples()["order.cancelled"]
CANCELLED = EVENT.message()
DAY_SECONDS = 24 * 3600
ATTEMPTS_MAX = 20  # As the queue in template.yaml allows.


@dataclass(slots=True)
class Merchant:
    """Every port of the use case: the merchant's addresses, and what arrives there.

    `answers`: host → the status it answers with, or the trouble of reaching it; 204 where nothing is said.
    """

    run_parallel = staticmethod(in_turn)
    rows: dict[str, WebhookSubscription] = field(default_factory=dict)
    answers: dict[str, int | LastunitError] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    queued: list[Any] = field(default_factory=list)
    posted: list[tuple[str, Mapping[str, str], bytes]] = field(default_factory=list)
    unsigned: set[str] = field(default_factory=set)

    def all(self) -> tuple[WebhookSubscription, ...]:
        return tuple(self.rows.values())

    def find(self, name: str) -> WebhookSubscription | None:
        return self.rows.get(name)

    def put(self, webhook: WebhookSubscription) -> None:
        self.rows[webhook.name] = webhook

    def delete(self, name: str) -> bool:
        return bool(self.rows.pop(name, None))

    def disable(self, webhook: WebhookSubscription) -> None:
        self.rows[webhook.name] = replace(webhook, enabled=False)

    def send(self, messages: Sequence[Message]) -> None:
        self.queued += messages

    def sign(self, webhook: str, message_id: str, body: bytes) -> Mapping[str, str]:
        if webhook in self.unsigned:
            raise ChannelUnavailable("no secret")
        return {"webhook-id": message_id}

    def request(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None
    ) -> HttpResponse:
        answer = self.answers.get(url.split("/")[2], 204)
        if isinstance(answer, LastunitError):
            raise answer
        self.posted.append((url, headers, body or b""))
        return HttpResponse(answer, self.headers, b"")

    report_error = staticmethod(raise_again)

    def deliver(self, *messages: object) -> list[Delivered | DeliverAgain]:
        """What came of each message."""
        bodies = {str(at): one if isinstance(one, str) else json.dumps(one) for at, one in enumerate(messages)}
        use_case = DeliverWebhooks(
            webhooks=self, queue=self, sign=self.sign, http=self, report_error=self.report_error
        )
        return list(use_case.handle(bodies).values())


def merchant(*names: str, **fields: Any) -> Merchant:
    rows = {name: WebhookSubscription(name=name, url=f"https://{name}.example/hook") for name in names}
    return Merchant(rows, **fields)


def to(name: str, event: BusinessEvent = EVENT) -> dict[str, Any]:
    return content(DeliverWebhookMessage.of(name, event))


def test_an_announcement_becomes_one_message_per_address_that_wants_it() -> None:
    shop = merchant("erp", "mail", "chat")
    shop.put(replace(shop.rows["mail"], types=("stock.",)))
    shop.put(replace(shop.rows["chat"], enabled=False))

    results = shop.deliver(CANCELLED, examples()["stock.low"].message())

    assert [Delivered("fanned_out")] * 2 == results
    assert [("erp", "order.cancelled"), ("erp", "stock.low"), ("mail", "stock.low")] == sorted(
        (one.webhook, one.event_type) for one in shop.queued
    )
    assert [] == shop.posted


def test_where_nobody_listens_nothing_is_sent() -> None:
    shop = merchant()

    assert ([Delivered("fanned_out")], []) == (shop.deliver(CANCELLED), shop.queued)


def test_a_delivery_carries_the_announcement_and_its_id() -> None:
    shop = merchant("erp")

    results = shop.deliver(to("erp"))

    [(url, headers, body)] = shop.posted
    assert [Delivered("delivered", "erp")] == results
    assert ("https://erp.example/hook", CANCELLED["id"]) == (url, headers["webhook-id"])
    assert {"type", "timestamp", "data"} == set(json.loads(body))
    assert (CANCELLED["data"], CANCELLED["type"]) == (json.loads(body)["data"], json.loads(body)["type"])


def test_every_attempt_sends_the_same_id_and_the_same_bytes() -> None:
    shop = merchant("erp", answers={"erp.example": 500})

    shop.deliver(to("erp"))
    shop.deliver(to("erp"))

    assert 1 == len({(headers["webhook-id"], body) for _, headers, body in shop.posted})


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_any_2xx_is_done(status: int) -> None:
    assert [Delivered("delivered", "erp")] == merchant("erp", answers={"erp.example": status}).deliver(to("erp"))


@pytest.mark.parametrize("status", [301, 302, 400, 401, 404, 409, 429, 500, 503])
def test_anything_else_comes_again(status: int) -> None:
    results = merchant("erp", answers={"erp.example": status}).deliver(to("erp"))

    assert [DeliverAgain(f"status_{status}", "erp")] == results


@pytest.mark.parametrize("failure", [NotSent("no connection"), OutcomeUnknown("no answer")])
def test_an_address_that_does_not_answer_gets_it_again(failure: LastunitError) -> None:
    results = merchant("erp", answers={"erp.example": failure}).deliver(to("erp"))

    assert [DeliverAgain(type(failure).__name__, "erp")] == results


def test_an_address_that_is_gone_is_switched_off_and_asked_no_more() -> None:
    shop = merchant("erp", answers={"erp.example": 410})

    results = shop.deliver(to("erp")) + shop.deliver(to("erp"), CANCELLED)

    assert [Delivered("gone", "erp"), Delivered("switched_off", "erp"), Delivered("fanned_out")] == results
    assert (1, []) == (len(shop.posted), shop.queued)


def test_what_is_on_its_way_to_a_deleted_address_is_dropped() -> None:
    shop = merchant("mail")

    assert ([Delivered("switched_off", "erp")], []) == (shop.deliver(to("erp")), shop.posted)


def test_without_a_secret_nothing_leaves_and_it_comes_again() -> None:
    shop = merchant("erp", unsigned={"erp"})

    assert ([DeliverAgain("ChannelUnavailable", "erp")], []) == (shop.deliver(to("erp")), shop.posted)


def test_one_failing_address_keeps_no_other_from_its_delivery() -> None:
    shop = merchant("erp", "mail", answers={"erp.example": 500})

    assert [DeliverAgain("status_500", "erp"), Delivered("delivered", "mail")] == shop.deliver(
        to("erp"), to("mail")
    )


@pytest.mark.parametrize("odd", ["not JSON", "[]", "{}", '{"id": "1", "type": "stock.low"}'])
def test_a_message_that_is_no_announcement_goes_back_alone(odd: str) -> None:
    shop = merchant("erp")

    assert [DeliverAgain("unreadable"), Delivered("delivered", "erp")] == shop.deliver(odd, to("erp"))


@contextmanager
def stuck(shop: Merchant, host: str) -> Iterator[DeliverWebhooks]:
    """A receiver that sends its answer byte by byte, as it were for ever."""
    release = threading.Event()

    def request(method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None) -> HttpResponse:
        if host in url:
            release.wait(timeout=30)
        return Merchant.request(shop, method, url, headers=headers, body=body)

    http: Any = type("Http", (), {"request": staticmethod(request)})
    try:
        yield DeliverWebhooks(
            webhooks=shop, queue=shop, sign=shop.sign, http=http, report_error=raise_again, work_seconds=0.2
        )
    finally:
        release.set()


def test_a_receiver_that_never_ends_its_answer_holds_up_nobody_else() -> None:
    """Otherwise the function would run out of time, and everybody else's message come again as well."""
    shop = merchant("slow", "mail")

    with stuck(shop, "slow.example") as deliver:
        results = deliver.handle({"1": json.dumps(to("slow")), "2": json.dumps(to("mail"))})

    assert {"1": DeliverAgain("too_slow"), "2": Delivered("delivered", "mail")} == results


def test_only_what_must_come_again_is_reported_as_failed() -> None:
    again = DeliverAgain("status_500", "erp")

    assert [("2", again)] == failed({"1": Delivered("delivered"), "2": again})


def test_twenty_attempts_with_growing_pauses_take_about_a_day() -> None:
    pauses = [webhook_pause_seconds(received, None, lambda: 0.5) for received in range(1, ATTEMPTS_MAX)]

    assert pauses == sorted(pauses)
    assert (4, True) == (pauses[0], pauses[-1] < WEBHOOK_PAUSE_MAX_SECONDS)
    assert 0.8 < sum(pauses) / DAY_SECONDS < 1.2


def test_what_failed_together_does_not_come_back_together() -> None:
    assert (80, 60) == tuple(webhook_pause_seconds(5, None, chance) for chance in (lambda: 0.0, lambda: 1.0))


@pytest.mark.parametrize(
    ("wish", "seconds"),
    [
        ("1000", 1000),
        ("999999999", 6 * 3600),
        ("1", None),
        ("Wed, 21 Oct 2026 07:28:00 GMT", None),
        ("-5", None),
        ("٣٠٠٠", None),
    ],
)
def test_a_receiver_may_ask_for_a_longer_pause_but_not_a_shorter_one(wish: str, seconds: int | None) -> None:
    shop = merchant("erp", answers={"erp.example": 429}, headers={"retry-after": wish})
    [again] = shop.deliver(to("erp"))
    assert isinstance(again, DeliverAgain)

    assert (seconds or 80) == webhook_pause_seconds(5, again.seconds, lambda: 0.0)

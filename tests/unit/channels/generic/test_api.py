"""The generic channel without sockets: signatures, settings, envelopes and orders."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError
from standardwebhooks.webhooks import Webhook

from lastunit import standard_webhooks
from lastunit.channels.generic.api import Api
from lastunit.channels.generic.orders import OrderIn, snapshot
from lastunit.channels.generic.settings import Connection, Refs, Secret
from lastunit.domain.channel import Channel
from lastunit.domain.errors import (
    BadSignature,
    InvalidInput,
    UnreadableOrder,
)
from lastunit.domain.orders.snapshot import Notification, OrderSnapshot, SnapshotLine
from lastunit.ports.channel import WebhookRequest
from lastunit.ports.system import HttpResponse
from tests.support.clock import FakeClock
from tests.support.parallel import in_turn

# The vector of the upstream test suite.
VECTOR_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
VECTOR_ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
VECTOR_AT = datetime.fromtimestamp(1614265330, UTC)
VECTOR_BODY = b'{"test": 2432232314}'
VECTOR_SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

NEW_SECRET = "whsec_" + base64.b64encode(b"n" * 32).decode()
OTHER_SECRET = "whsec_" + base64.b64encode(b"o" * 32).decode()
PUSH_SECRET = "whsec_" + base64.b64encode(b"p" * 32).decode()


@dataclass(frozen=True, slots=True)
class UnusedHttp:
    run_parallel = staticmethod(in_turn)

    def request(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None
    ) -> HttpResponse:
        raise AssertionError("the payload of a store is complete: nothing is fetched")


def api(*secrets: str) -> Api:
    channel = Channel(name="shop", kind="generic", connection={"base_url": "https://store.example"})
    secret = {"webhook_secrets": list(secrets or (VECTOR_SECRET,)), "push_secret": PUSH_SECRET}
    return Api(channel, secret, UnusedHttp(), FakeClock(VECTOR_AT), {})


def vector(**changes: str) -> WebhookRequest:
    headers = {
        "webhook-id": VECTOR_ID,
        "webhook-timestamp": "1614265330",
        "webhook-signature": VECTOR_SIGNATURE,
    } | {name.replace("_", "-"): value for name, value in changes.items()}
    return WebhookRequest(method="POST", headers=headers, body=VECTOR_BODY)


def event(topic: object = "order.created", **data: object) -> WebhookRequest:
    content = {"type": topic, "timestamp": "2026-08-01T12:00:00Z", "data": data}
    return WebhookRequest(method="POST", headers={"webhook-id": "msg_1"}, body=json.dumps(content).encode())


def line(**changes: object) -> dict[str, object]:
    return {"line_id": "1", "sku": "TEE", "quantity": 2} | changes


def order(**changes: object) -> dict[str, object]:
    return {"order_id": "A-1", "version": 3, "lines": [line()]} | changes


def read_order(data: Mapping[str, object], topic: str = "order.created") -> OrderSnapshot:
    (reported,) = api().orders(
        Notification(channel="shop", event_id="msg_1", order_id="A-1", topic=topic, payload=data)
    )
    assert isinstance(reported, OrderSnapshot)
    return reported


def problem_field(data: Mapping[str, object], topic: str = "order.created") -> str:
    with pytest.raises(UnreadableOrder) as refusal:
        read_order(data, topic)
    return refusal.value.field


class TestSignature:
    def test_the_vector_of_the_upstream_suite_is_accepted_and_reproduced(self) -> None:
        key = standard_webhooks.key_of(VECTOR_SECRET)

        signed = standard_webhooks.signed_headers([key], VECTOR_ID, VECTOR_AT, VECTOR_BODY)

        assert signed == vector().headers
        api().verify(vector())

    def test_the_reference_library_accepts_what_we_sign(self) -> None:
        keys = [standard_webhooks.key_of(secret) for secret in (OTHER_SECRET, NEW_SECRET)]

        signed = standard_webhooks.signed_headers(keys, "push-1", datetime.now(UTC), b'{"a": 1}')

        assert Webhook(NEW_SECRET).verify(b'{"a": 1}', signed) == {"a": 1}

    def test_svix_header_names_are_accepted(self) -> None:
        svix = {name.replace("webhook", "svix"): value for name, value in vector().headers.items()}

        api().verify(WebhookRequest(method="POST", headers=svix, body=VECTOR_BODY))

    @pytest.mark.parametrize("active", [(VECTOR_SECRET, NEW_SECRET), (NEW_SECRET, VECTOR_SECRET)])
    def test_either_active_secret_is_enough_during_a_rotation(self, active: tuple[str, str]) -> None:
        api(*active).verify(vector())

    def test_one_good_signature_among_others_is_enough(self) -> None:
        mixed = f"v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5B v1,AAAA {VECTOR_SIGNATURE} garbage"

        api().verify(vector(webhook_signature=mixed))

    def test_a_retired_secret_is_refused(self) -> None:
        with pytest.raises(BadSignature):
            api(NEW_SECRET, OTHER_SECRET).verify(vector())

    def test_one_changed_byte_of_the_body_is_refused(self) -> None:
        forged = WebhookRequest(method="POST", headers=vector().headers, body=VECTOR_BODY + b" ")

        with pytest.raises(BadSignature):
            api().verify(forged)

    @pytest.mark.parametrize("seconds", [-300, 300])
    def test_five_minutes_of_difference_are_tolerated(self, seconds: int) -> None:
        now = VECTOR_AT + timedelta(seconds=seconds)

        standard_webhooks.verify([standard_webhooks.key_of(VECTOR_SECRET)], vector().headers, VECTOR_BODY, now)

    @pytest.mark.parametrize("seconds", [-301, 301])
    def test_a_signed_request_older_or_newer_than_five_minutes_is_refused(self, seconds: int) -> None:
        now = VECTOR_AT + timedelta(seconds=seconds)

        with pytest.raises(BadSignature):
            standard_webhooks.verify([standard_webhooks.key_of(VECTOR_SECRET)], vector().headers, VECTOR_BODY, now)

    def test_a_dot_in_the_id_is_refused_although_its_signature_fits(self) -> None:
        key = standard_webhooks.key_of(VECTOR_SECRET)
        headers = standard_webhooks.signed_headers([key], "msg.1", VECTOR_AT, VECTOR_BODY)

        with pytest.raises(BadSignature):
            api().verify(WebhookRequest(method="POST", headers=headers, body=VECTOR_BODY))

    def test_a_signature_in_a_header_of_absurd_length_is_not_looked_for(self) -> None:
        with pytest.raises(BadSignature):
            api().verify(vector(webhook_signature=f"{'v1,AAAA ' * 1000}{VECTOR_SIGNATURE}"))

    @pytest.mark.parametrize(
        "changes",
        [
            {"webhook_signature": text}
            for text in ("", "v1", "v1,", "v1,%%%", "v1,é", "\udcff", "v1,a,b", "v2," + VECTOR_SIGNATURE[3:])
        ]
        + [
            {"webhook_timestamp": text}
            for text in ("", "soon", "1614265330.0", "1_614_265_330", "+1", "٣", "9" * 999)
        ]
        + [{"webhook_id": text} for text in ("", "é", "a b", "\udcff", "a\n", "i" * 201)],
    )
    def test_garbage_in_a_header_is_a_bad_signature_and_nothing_else(self, changes: dict[str, str]) -> None:
        with pytest.raises(BadSignature):
            api().verify(vector(**changes))

    @pytest.mark.parametrize("missing", ["webhook-id", "webhook-timestamp", "webhook-signature"])
    def test_a_missing_header_is_a_bad_signature(self, missing: str) -> None:
        headers = {name: value for name, value in vector().headers.items() if name != missing}

        with pytest.raises(BadSignature):
            api().verify(WebhookRequest(method="POST", headers=headers, body=VECTOR_BODY))


class TestSettings:
    @pytest.mark.parametrize(
        "secret", ["whsec_c2hvcnQ=", "whsec_" + "A" * 92, VECTOR_SECRET[6:], f"{VECTOR_SECRET}%%%%", "whsec_é", ""]
    )
    def test_a_malformed_secret_is_refused_without_repeating_it(self, secret: str) -> None:
        with pytest.raises(ValidationError) as refusal:
            Secret.model_validate({"webhook_secrets": [secret], "push_secret": PUSH_SECRET})

        assert not secret or secret not in str(refusal.value)

    @pytest.mark.parametrize("count", [0, 3])
    def test_one_or_two_webhook_secrets_are_active(self, count: int) -> None:
        with pytest.raises(ValidationError):
            Secret.model_validate({"webhook_secrets": [NEW_SECRET] * count, "push_secret": PUSH_SECRET})

    def test_secrets_are_not_shown_when_printed(self) -> None:
        secret = Secret.model_validate({"webhook_secrets": [NEW_SECRET], "push_secret": PUSH_SECRET})

        assert "Secret()" == repr(secret)

    def test_a_misspelt_setting_is_refused(self) -> None:
        for model in (Connection, Refs):
            with pytest.raises(ValidationError):
                model.model_validate({"base_url": "https://store.example", "locaton": "x"})


class TestEnvelope:
    @pytest.mark.parametrize("topic", ["order.created", "order.paid", "order.updated", "order.cancelled"])
    def test_an_order_event_becomes_a_notification(self, topic: str) -> None:
        notification = api().parse(event(topic, **order()))

        assert (
            Notification(channel="shop", event_id="msg_1", order_id="A-1", topic=topic, payload=order())
            == notification
        )

    def test_only_the_fields_an_order_needs_travel_further(self) -> None:
        buyer = {"name": "Ada Example", "email": "ada@example.com"}

        notification = api().parse(event(customer=buyer, **order(lines=[line(gift_for="Ada Example")])))

        assert notification is not None
        assert order() == notification.payload

    def test_odd_content_of_those_fields_is_passed_along(self) -> None:
        odd = order(version="three", lines=[7, line(quantity="2")])

        notification = api().parse(event(**odd))

        assert notification is not None
        assert odd == notification.payload

    @pytest.mark.parametrize("topic", ["order.refunded", "shipment.delivered", "inventory.adjusted", "order.a.b"])
    def test_events_not_yet_acted_upon_ask_for_nothing(self, topic: str) -> None:
        assert api().parse(event(topic)) is None

    @pytest.mark.parametrize(
        "topic", ["customer.created", "order", "orders.created", "order.Created", "", None, 7, []]
    )
    def test_an_unknown_type_is_refused_by_name(self, topic: object) -> None:
        with pytest.raises(InvalidInput, match=r"order\.created") as refusal:
            api().parse(event(topic, **order()))

        assert "type" == refusal.value.field

    @pytest.mark.parametrize("order_id", [None, "", " ", "a\n", "a\x00b", " a", 7, True, "x" * 101, "\ud800"])
    def test_an_order_id_that_cannot_be_a_key_is_refused_by_name(self, order_id: object) -> None:
        with pytest.raises(InvalidInput) as refusal:
            api().parse(event(**order(order_id=order_id)))

        assert "data.order_id" == refusal.value.field
        assert refusal.value.remedy

    @pytest.mark.parametrize("content", [{"type": "order.paid"}, {"type": "order.paid", "data": []}])
    def test_missing_data_is_refused_by_name(self, content: object) -> None:
        with pytest.raises(InvalidInput) as refusal:
            api().parse(WebhookRequest(method="POST", headers={}, body=json.dumps(content).encode()))

        assert "data" == refusal.value.field

    @pytest.mark.parametrize(
        "body", [b"", b"{", b"[]", b"7", b"\xff\xfe", b'{"type": NaN}', b"[" * 100_000, b"9" * 5000]
    )
    def test_a_body_that_is_no_json_object_is_refused_by_name(self, body: bytes) -> None:
        with pytest.raises(InvalidInput) as refusal:
            api().parse(WebhookRequest(method="POST", headers={}, body=body))

        assert "body" == refusal.value.field

    def test_there_is_no_ownership_challenge(self) -> None:
        assert api().challenge(event()) is None


class TestOrder:
    @pytest.mark.parametrize("topic", ["order.created", "order.paid", "order.updated"])
    def test_every_event_but_a_cancel_reports_the_whole_order(self, topic: str) -> None:
        data = order(
            location="wh-1",
            placed_at="2026-08-01T13:59:58+02:00",
            customer={"name": "Ada Example"},
        )

        reported = read_order(data, topic)

        expected = OrderSnapshot(
            channel="shop",
            external_id="A-1",
            revision="00000000000000000003",
            lines=(SnapshotLine("1", ("TEE",), 2),),
            location="wh-1",
            placed_at=datetime.fromisoformat("2026-08-01T11:59:58.000000+00:00"),
            paid=True if topic == "order.paid" else None,
            cancel_is_final=False,
        )
        assert expected == reported

    @pytest.mark.parametrize(
        ("status", "paid"),
        [("paid", True), ("created", False), ("pending", False), ("packed", None), ("Paid", None), (None, None)],
    )
    def test_the_status_reports_whether_an_order_was_paid(self, status: str | None, paid: bool | None) -> None:
        reported = [read_order(order(status=status), topic) for topic in ("order.created", "order.updated")]

        assert [paid, paid] == [one.paid for one in reported]

    @pytest.mark.parametrize("status", ["pending", "paid", "packed", None])
    def test_the_event_of_a_payment_is_a_payment_whatever_the_status(self, status: str | None) -> None:
        assert read_order(order(status=status), "order.paid").paid

    def test_a_cancel_says_nothing_of_payment(self) -> None:
        cancel = {"order_id": "A-1", "version": 4, "status": "paid"}

        assert read_order(cancel, "order.cancelled").paid is None

    def test_the_same_model_serves_an_order_placed_over_the_api(self) -> None:
        model = OrderIn.model_validate_json(json.dumps(order()))

        assert read_order(order()) == snapshot("shop", model)

    def test_revisions_sort_as_text_in_the_order_of_the_versions(self) -> None:
        versions = [1, 9, 10, 1_754_049_600_000, 10**18 - 1]

        reported = [read_order(order(version=version)) for version in versions]

        revisions = [one.revision for one in reported]
        assert sorted(set(revisions)) == revisions

    def test_without_a_version_the_time_of_change_in_utc_is_the_revision(self) -> None:
        reported = read_order(order(version=None, updated_at="2026-08-01T14:00:00.5+02:00"))

        assert "2026-08-01T12:00:00.500000+00:00" == reported.revision

    def test_a_cancel_is_for_the_whole_order(self) -> None:
        reported = read_order({"order_id": "A-1", "version": 4, "restocked": True}, "order.cancelled")

        assert (
            OrderSnapshot(
                channel="shop",
                external_id="A-1",
                revision=f"{4:020d}",
                lines=(),
                cancelled=True,
                restocked=True,
                cancel_is_final=False,
            )
            == reported
        )

    def test_a_cancelled_order_is_not_restocked_unless_it_says_so(self) -> None:
        reported = read_order({"order_id": "A-1", "version": 4}, "order.cancelled")

        assert not reported.restocked

    @pytest.mark.parametrize("lines", [[], [line()]])
    def test_a_cancel_with_lines_is_refused_with_a_remedy(self, lines: list[object]) -> None:
        with pytest.raises(UnreadableOrder, match=r"order\.updated") as refusal:
            read_order(order(lines=lines), "order.cancelled")

        assert "lines" == refusal.value.field

    @pytest.mark.parametrize("quantity", [True, 2.0, "2", None, -1, 1_000_001, [2]])
    def test_a_quantity_that_is_not_a_whole_number_in_range_is_refused(self, quantity: object) -> None:
        assert "lines[1].quantity" == problem_field(order(lines=[line(), line(line_id="2", quantity=quantity)]))

    @pytest.mark.parametrize(
        ("changes", "field_name"),
        [
            ({"lines": [line(), line(sku="MUG")]}, "lines"),
            ({"lines": []}, "lines"),
            ({"lines": None}, "lines"),
            ({"lines": [line(line_id=str(number)) for number in range(501)]}, "lines"),
            ({"lines": ["TEE"]}, "lines[0]"),
            ({"lines": [line(line_id=1)]}, "lines[0].line_id"),
            ({"lines": [line(sku="")]}, "lines[0].sku"),
            ({"lines": [{"line_id": "1", "quantity": 1}]}, "lines[0].sku"),
            ({"version": None}, "version"),
            ({"version": 0}, "version"),
            ({"version": True}, "version"),
            ({"version": "3"}, "version"),
            ({"version": 10**18}, "version"),
            ({"version": None, "updated_at": "2026-08-01T12:00:00"}, "updated_at"),
            ({"version": None, "updated_at": 1_754_049_600}, "updated_at"),
            ({"version": None, "updated_at": "yesterday"}, "updated_at"),
            ({"version": None, "updated_at": "0001-01-01T00:00:00+14:00"}, "updated_at"),
            ({"placed_at": "noon"}, "placed_at"),
            ({"status": 1}, "status"),
            ({"status": ""}, "status"),
            ({"location": ""}, "location"),
        ],
    )
    def test_an_order_that_breaks_the_contract_is_refused_by_field(
        self, changes: dict[str, object], field_name: str
    ) -> None:
        assert field_name == problem_field(order(**changes))

    def test_restocked_must_be_a_boolean(self) -> None:
        cancel = {"order_id": "A-1", "version": 4, "restocked": "yes"}

        assert "restocked" == problem_field(cancel, "order.cancelled")

    def test_a_refusal_repeats_nothing_of_the_order(self) -> None:
        with pytest.raises(UnreadableOrder) as refusal:
            read_order(order(placed_at="Ada Example"))

        assert "Ada" not in f"{refusal.value} {refusal.value.__cause__}"


@pytest.mark.parametrize(
    ("told", "no_stock"), [({}, False), ({"stocked": True}, False), ({"stocked": False}, True)]
)
def test_a_store_says_which_lines_need_no_stock(told: dict[str, object], no_stock: bool) -> None:
    """By webhook, of which only what is needed travels on."""
    notification = api().parse(event("order.created", **order(lines=[line(**told)])))
    assert notification is not None

    (reported,) = api().orders(notification)

    assert isinstance(reported, OrderSnapshot)
    assert no_stock is reported.lines[0].no_stock


def test_whether_a_line_is_stocked_is_a_truth() -> None:
    assert "lines[0].stocked" == problem_field(order(lines=[line(stocked="no")]))

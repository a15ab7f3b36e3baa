"""ShipStation's module without a network: settings, tokens, envelopes, and which addresses may be asked."""

from typing import Any

import pytest
from pydantic import ValidationError

from lastunit.channels.shipstation import KIND
from lastunit.channels.shipstation.api import Api
from lastunit.channels.shipstation.settings import Connection, Secret
from lastunit.domain.channel import Channel
from lastunit.domain.errors import (
    BadSignature,
    ChannelUnavailable,
    ForbiddenAddress,
    InvalidInput,
    MissingCapability,
    Throttled,
    UnreadableOrder,
)
from lastunit.domain.orders.snapshot import Notification
from lastunit.ports.channel import QuantityTarget
from lastunit.ports.system import HttpResponse
from tests.channels.shipstation.fakes import (
    LABELS,
    OLD_TOKEN,
    RESOURCE,
    SECRET,
    SECRET_V2,
    TOKEN,
    V1,
    V2,
    FakeShipStation,
    api,
    nothing,
    notice,
    one_page,
    shipment,
    webhook,
)
from tests.support.clock import FakeClock

# Settings


@pytest.mark.parametrize(
    "wrong",
    [
        {"api_version": "v3"},
        {"api_url": "https://evil.example"},
        {"api_url": "https://ssapi.shipstation.com.evil.example"},
        {"api_url": "https://api.shipstation.com"},  # V2's.
        {"api_url": "https://ssapi.shipstation.com/sub"},
        {"stores": ""},
        {"stores": "12345"},
        {"stores": "12345=shopify,12345=ebay"},
        {"stores": "12345="},
        {"warehouses": "77=a=b"},
        {"order_reference": "external_order_id"},
        {"line_reference": "orderKey"},
        {"time_zone": "Mars/Olympus"},
        {"time_zone": "../etc"},
        {"store": "12345=shopify"},
    ],
)
def test_settings_that_cannot_work_are_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        Connection.model_validate({**V1, **wrong})


@pytest.mark.parametrize("known", [V1, V2, {**V1, "api_url": "http://127.0.0.1:8080", "stores": "*=shopify"}])
def test_settings_that_can_work_are_taken(known: dict[str, str]) -> None:
    assert Connection.model_validate(known).base.startswith(("https://", "http://127.0.0.1:8080"))


@pytest.mark.parametrize(
    "wrong",
    [
        {"webhook_tokens": []},
        {"webhook_tokens": ["t" * 31]},
        {"webhook_tokens": [TOKEN, TOKEN, TOKEN]},
        {"api_secret": "two\nlines"},
        {"api_key": "with:colon"},
    ],
)
def test_a_secret_that_is_no_secret_is_refused_and_not_quoted(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        Secret.model_validate({**SECRET, **wrong})

    assert "two" not in str(caught.value)
    assert "t" * 31 not in str(caught.value)


def test_a_secret_suits_its_version() -> None:
    Secret.model_validate(SECRET)
    Secret.model_validate(SECRET_V2)

    with pytest.raises(ValidationError):
        Api(
            Channel(name="w", kind="shipstation", connection=V1),
            SECRET_V2,
            FakeShipStation(nothing),
            FakeClock(),
            {},
        )


# V1's token


@pytest.mark.parametrize("token", [OLD_TOKEN, TOKEN])
def test_either_token_is_good_while_it_changes(token: str) -> None:
    api()[0].verify(webhook({}, token))


@pytest.mark.parametrize("token", [None, "", "t" * 31, TOKEN + "u", f"{TOKEN},{TOKEN}", "é" * 32, "\ud800"])
def test_any_other_token_is_a_bad_signature(token: str | None) -> None:
    with pytest.raises(BadSignature):
        api()[0].verify(webhook({}, token))


def test_a_token_is_nothing_to_v2() -> None:
    with pytest.raises(BadSignature):
        api(connection=V2)[0].verify(webhook({}, TOKEN))


# Envelopes


def test_a_notification_keeps_the_address_and_nothing_else() -> None:
    content = {"resource_url": RESOURCE, "resource_type": "SHIP_NOTIFY", "customer": "Ada Example"}

    found = api()[0].parse(webhook(content))

    assert found is not None
    payload = {"resource_url": RESOURCE, "resource_type": "SHIP_NOTIFY"}
    assert found == Notification(
        channel="warehouse", event_id=found.event_id, order_id="", topic="SHIP_NOTIFY", payload=payload
    )


def test_the_same_body_is_the_same_event_and_another_is_not() -> None:
    module = api()[0]

    events = [
        found.event_id
        for url in (RESOURCE, RESOURCE, RESOURCE + "1")
        if (found := module.parse(webhook({"resource_url": url, "resource_type": "SHIP_NOTIFY"})))
    ]

    assert events[0] == events[1] != events[2]


@pytest.mark.parametrize(
    ("connection", "topic"),
    [(V1, "ORDER_NOTIFY"), (V1, "FULFILLMENT_REJECTED"), (V2, "TRACK_EVENT_V2"), (V2, "SHIPMENT_CREATED_V2")],
)
def test_topics_that_ship_nothing_ask_for_nothing(connection: dict[str, str], topic: str) -> None:
    content = {"resource_url": RESOURCE, "resource_type": topic}

    assert api(connection=connection)[0].parse(webhook(content)) is None


@pytest.mark.parametrize("topic", ["label_created_v2", "FULFILLMENT_SHIPPED_V2", "FULFILLMENT_CANCELED_V2"])
def test_topics_of_v2_that_ship_are_followed(topic: str) -> None:
    found = api(connection=V2)[0].parse(webhook({"resource_url": LABELS, "resource_type": topic}))

    assert found is not None
    assert found.topic == topic.upper()


@pytest.mark.parametrize(
    ("content", "field"),
    [
        (b"{", "body"),
        (b"[" * 100_000, "body"),
        ([], "body"),
        ({}, "resource_type"),
        ({"resource_type": 7, "resource_url": RESOURCE}, "resource_type"),
        ({"resource_type": "SHIP_NOTIFY"}, "resource_url"),
        ({"resource_type": "SHIP_NOTIFY", "resource_url": ""}, "resource_url"),
        ({"resource_type": "SHIP_NOTIFY", "resource_url": "x" * 2001}, "resource_url"),
    ],
)
def test_a_broken_envelope_is_refused_by_the_name_of_its_field(content: object, field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        api()[0].parse(webhook(content))

    assert (caught.value.field, type(caught.value), bool(caught.value.remedy)) == (field, InvalidInput, True)


def test_an_odd_address_is_passed_on_to_be_seen() -> None:
    found = api()[0].parse(webhook({"resource_url": 7, "resource_type": "SHIP_NOTIFY"}))

    assert found is not None
    assert found.payload["resource_url"] == 7


# Addresses

FORBIDDEN = [
    "http://ssapi.shipstation.com/shipments",
    "https://evil.example/shipments?token=s3cret",
    "https://ssapi.shipstation.com.evil.example/shipments",
    "https://evil-ssapi.shipstation.com/shipments",
    "https://evil.ssapi.shipstation.com/shipments",
    "https://ssapi.shipstation.com@evil.example/shipments",
    "https://user:s3cret@ssapi.shipstation.com/shipments",
    "https://@ssapi.shipstation.com/shipments",
    "https://ssapi.shipstation.com:8443/shipments",
    "https://ssapi.shipstation.com:/shipments",
    "https://ssapi.shipstation.com./shipments",
    "https://ssapi1234.shipstation.com/shipments",
    "https://ssapi\uff11.shipstation.com/shipments",
    "https://ssapi.shipstation.com\\@evil.example/shipments",
    "https://ssapi.shipstation.com\n.evil.example/shipments",
    " https://ssapi.shipstation.com/shipments",
    "https://api.shipstation.com/shipments",
    "https://169.254.169.254/shipments",
    "http://127.0.0.1:8080/shipments",
    "https://[::1]/shipments",
    "https://[/shipments",
    "file:///etc/passwd",
    "//ssapi.shipstation.com/shipments",
    "ssapi.shipstation.com/shipments",
    "https://ssapi.shipstation.com/shipments?" + "a=1&" * 60,
    7,
    None,
    {"url": RESOURCE},
]


@pytest.mark.parametrize("resource_url", FORBIDDEN)
def test_no_request_leaves_for_an_address_outside_the_allow_list(resource_url: object) -> None:
    module, http = api(lambda url: one_page("shipments", shipment()))

    with pytest.raises(ForbiddenAddress) as caught:
        module.orders(notice(resource_url))

    assert http.urls == []
    assert [part for part in ("s3cret", "token", "/shipments", "user", "passwd") if part in str(caught.value)] == []


def test_a_forbidden_address_is_named_by_scheme_and_host() -> None:
    with pytest.raises(ForbiddenAddress, match=r"http://evil\.example:8080") as caught:
        api()[0].orders(notice("http://me:pass@evil.example:8080/path?query=1#fragment"))

    assert [part for part in ("me:", "pass", "path", "query", "fragment") if part in str(caught.value)] == []


def test_v2_keeps_to_its_own_hosts() -> None:
    with pytest.raises(ForbiddenAddress):
        api(connection=V2)[0].orders(notice("https://ssapi.shipstation.com/v2/labels", "LABEL_CREATED_V2"))


@pytest.mark.parametrize(
    "resource_url",
    ["http://127.0.0.1:8081/shipments", "https://127.0.0.1:8080/shipments", "http://127.0.0.1/shipments"],
)
def test_on_this_machine_only_the_very_address_of_the_settings_is_asked(resource_url: str) -> None:
    module, http = api(lambda url: one_page("shipments", shipment()), api_url="http://127.0.0.1:8080")

    with pytest.raises(ForbiddenAddress):
        module.orders(notice(resource_url))
    module.orders(notice("http://127.0.0.1:8080/shipments"))

    assert len(http.urls) == 1


@pytest.mark.parametrize("path", ["/orders", "/shipments/../orders", "/shipments%2f..", "/", "/accounts/shipments"])
def test_credentials_fetch_nothing_but_lists_of_shipments(path: str) -> None:
    module, http = api()

    with pytest.raises(UnreadableOrder, match="not a list of shipments"):
        module.orders(notice(f"https://ssapi.shipstation.com{path}"))

    assert http.urls == []


def test_the_items_are_asked_for_whatever_the_address_says() -> None:
    module, http = api(lambda url: one_page("shipments", shipment()))

    module.orders(
        notice("https://SSAPI6.shipstation.com:443/shipments?batchId=1&includeshipmentitems=False&PAGE=9#x")
    )

    expected = "https://SSAPI6.shipstation.com:443/shipments?batchId=1&includeShipmentItems=true&page=1"
    assert http.urls == [expected]


def test_the_credentials_travel_as_v1_wants_them() -> None:
    module, http = api(lambda url: one_page("shipments", shipment()))

    module.orders(notice())

    assert http.asked[0].headers["Authorization"] == "Basic dGhlLWtleTp0aGUtc2VjcmV0"


# Refusals


@pytest.mark.parametrize("status", [301, 302, 307, 308, 400, 404, 204])
def test_a_redirect_or_another_odd_answer_is_an_exception_to_be_seen(status: int) -> None:
    module, http = api(lambda url: HttpResponse(status, {"location": "https://evil.example/"}, b""))

    with pytest.raises(UnreadableOrder, match=str(status)):
        module.orders(notice())

    assert len(http.urls) == 1


@pytest.mark.parametrize("status", [401, 403, 500, 503])
def test_a_shipstation_that_cannot_serve_now_is_asked_again_later(status: int) -> None:
    with pytest.raises(ChannelUnavailable, match=str(status)) as caught:
        api(lambda url: HttpResponse(status, {}, b"the-secret"))[0].orders(notice())

    assert "the-secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 1.0),
        ({"x-rate-limit-reset": "42"}, 42.0),
        ({"retry-after": "7", "x-rate-limit-reset": "42"}, 7.0),
        ({"retry-after": "Sat, 21 Nov 2026 12:00:30 GMT"}, 30.0),
        ({"retry-after": "999999"}, 900.0),
        ({"x-rate-limit-reset": "soon"}, 1.0),
    ],
)
def test_a_throttled_push_waits_as_long_as_the_channel_asks(headers: dict[str, str], seconds: float) -> None:
    with pytest.raises(Throttled) as caught:
        api(lambda url: HttpResponse(429, headers, b""))[0].orders(notice())

    assert caught.value.retry_after_seconds == seconds


def test_it_takes_no_quantities() -> None:
    module = api()[0]

    assert not isinstance(module, QuantityTarget)
    for ask in (lambda: KIND.form, lambda: KIND.check_refs({})):
        with pytest.raises(
            MissingCapability, match="takes no quantities; list the SKU on the channel that sells it"
        ):
            ask()
    assert module.challenge(webhook({})) is None

"""What the JSON API refuses, and what it says then. One shop serves all tests: a refusal changes nothing."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws

from functions.api.handler import handler
from tests.support.api_client import STORE, ApiClient, opened, refused
from tests.support.aws.deployment import context, http_event


@pytest.fixture(scope="module")
def api() -> Iterator[ApiClient]:
    with mock_aws(), pytest.MonkeyPatch.context() as monkeypatch, opened(monkeypatch) as client:
        client.put("/skus/trio", {"recipe": {"shirt": 3}})
        client.put("/channels/fixed", STORE | {"mode": "exclusive", "share_percent": 70})
        client.put("/channels/part", STORE | {"mode": "escrow", "locations": ["montreal"]})
        yield client


# Malformed requests


@pytest.mark.parametrize(
    ("path", "content", "field"),
    [
        ("/adjustments", "not JSON", "body"),
        ("/adjustments", {"reason": "receive", "sku": "shirt", "location": "montreal"}, "body.operation"),
        ("/adjustments", "", "body"),
        ("/adjustments", f'{{"quantity": {"9" * 5000}}}', "body"),
        ("/adjustments", "[" * 200_000, "body"),
        ("/transfers", {"operation": "1", "sku": "shirt", "quantity": 1, "source": {}}, "body.source.location"),
        ("/orders", {"order_id": "1", "version": 1, "lines": []}, "body.channel"),
        ("/orders", {"channel": "web", "order_id": "1", "version": 1, "lines": []}, "body.lines"),
        ("/orders", {"channel": "web", "order_id": "1", "lines": [{"line_id": "1"}]}, "body.lines[0].sku"),
    ],
)
def test_a_malformed_request_is_answered_with_the_field(
    api: ApiClient, path: str, content: object, field: str
) -> None:
    status, answer = api.post(path, content)

    assert 400 == status
    assert field in [one["field"] for one in answer["fields"]]


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("/skus/shirt", {"colour": "red"}),
        ("/skus/shirt", {"status": "sold"}),
        ("/skus/trio", {"recipe": {"shirt": "3"}}),
        ("/skus/a#b", {}),
        ("/locations/Montréal", {"rank": 1}),
        ("/locations/montreal", {"rank": "1"}),
        ("/locations/montreal", {"rank": 0, "colour": "red"}),
        ("/channels/web", {"kind": "amazon"}),
        ("/channels/web", STORE | {"mode": "common"}),
        ("/channels/web", STORE | {"outbound": True}),
        ("/channels/web", STORE | {"paused": False}),
        ("/channels/web/pause", {"on": "yes"}),
        ("/skus/shirt/levels/montreal/bins/a", {"kind": "cupboard"}),
    ],
)
def test_a_value_no_setting_can_have_is_refused(api: ApiClient, path: str, content: object) -> None:
    assert 400 <= api.put(path, content)[0] <= 404


@pytest.mark.parametrize(
    ("path", "content", "field"),
    [
        ("/skus/trio", '{"recipe": {"shirt": 0}}', "recipe.shirt"),
        ("/skus/shirt", '{"low_stock": 1.5}', "low_stock"),
        ("/locations/montreal", '{"rank": 10001}', "rank"),
        ("/locations/montreal", '{"rank": 1.0}', "rank"),
        ("/channels/web", '{"kind": "generic", "share_percent": 101}', "share_percent"),
        ("/channels/web", '{"kind": "generic", "buffer": -1, "cap": 1.5}', "buffer"),
    ],
)
def test_a_number_no_setting_can_have_breaks_a_rule(api: ApiClient, path: str, content: str, field: str) -> None:
    answer = api.put(path, content)

    assert ((422, field), True) == (refused(answer), field in answer[1]["error"])


@pytest.mark.parametrize(
    "fields", [{"version": None}, {"lines": [{"line_id": "1", "sku": "shirt", "quantity": 1}] * 2}]
)
def test_an_order_that_cannot_be_understood_is_malformed(api: ApiClient, fields: dict[str, Any]) -> None:
    status, field = refused(api.order(**fields))

    assert (400, next(iter(fields))) == (status, field)


def test_an_order_too_large_to_be_kept_is_refused_for_good(api: ApiClient) -> None:
    wide = "\N{PACKAGE}" * 200
    lines = [{"line_id": f"{number}{wide}"[:200], "sku": wide, "quantity": 1} for number in range(500)]

    status, answer = api.order(lines=lines)

    assert 422 == status
    assert "try again" not in answer["error"]


def test_what_is_not_there_is_not_found(api: ApiClient) -> None:
    paths = ("/skus/stranger", "/channels/closed", "/orders/web:9", "/nothing")
    of_channels = ("/channels/closed/versions", "/channels/closed/rehearsal")

    assert [404] * 6 == [api.get(path)[0] for path in paths + of_channels]


# What cannot be


@pytest.mark.parametrize(
    ("path", "content", "status", "field"),
    [
        ("/channels/web/listings/tee", {"sku": "stranger"}, 422, "sku"),
        ("/channels/web/listings/stranger", {"sku": "stranger"}, 422, "sku"),  # The address names something else.
        ("/channels/closed/listings/tee", {"sku": "shirt"}, 404, "channel"),
        ("/channels/web/listings/tee", {"sku": "shirt", "refs": {"colour": "red"}}, 422, "refs.colour"),
        ("/channels/shop", STORE | {"kind": "ebay"}, 422, "connection.webhook_url"),
        ("/channels/web", STORE | {"locations": ["moon"]}, 422, "locations"),
        ("/channels/web", {"kind": "ebay", "connection": {}}, 422, "connection.webhook_url"),
        ("/channels/shop", {"kind": "generic", "connection": {"base_url": "http://x"}}, 422, "connection.base_url"),
        ("/skus/trio", {"recipe": {"stranger": 1}}, 422, "recipe.stranger"),
        ("/channels/web", STORE | {"sync": "timed_full"}, 422, "full_at"),
        ("/channels/web", STORE | {"sync": "timed_full", "full_at": "3 pm"}, 422, "full_at"),
        ("/channels/web", STORE | {"time_zone": "Mars/Olympus"}, 422, "time_zone"),
        ("/channels/web", STORE | {"default_location": "moon"}, 422, "default_location"),
        ("/channels/web", STORE | {"mode": "escrow", "sync": "manual"}, 422, "sync"),
        ("/channels/new", STORE | {"mode": "exclusive", "share_percent": 31}, 422, "share_percent"),
        ("/channels/new", STORE | {"mode": "escrow"}, 422, "locations"),
        ("/channels/part/automatic-sync", {"on": False}, 422, "sync"),
        ("/channels/fixed/listings/tee", {"sku": "shirt", "share_percent": 90}, 422, "share_percent"),
        ("/channels/closed/automatic-sync", {"on": True}, 404, "channel"),
        ("/channels/closed/outbound", {"on": True}, 404, "channel"),
        ("/channels/closed/pause", {"on": True}, 404, "channel"),
        ("/skus/stranger/levels/montreal/bins/a", {"kind": "picking"}, 404, "sku"),
        ("/skus/shirt/levels/moon/bins/a", {"kind": "picking"}, 404, "location"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_with_its_field(
    api: ApiClient, path: str, content: object, status: int, field: str
) -> None:
    assert (status, field) == refused(api.put(path, content))


@pytest.mark.parametrize(
    ("fields", "status", "field"),
    [
        ({"sku": "stranger", "quantity": 1}, 422, "sku"),
        ({"location": "a", "quantity": 1}, 422, "location"),  # A part of the path's text, but no part of the path.
        ({"bin": "none", "quantity": 1}, 422, "bin"),
        ({"sku": "trio", "quantity": 1}, 422, "sku"),
        ({"quantity": 0}, 422, "quantity"),
        ({"quantity": 1.5}, 422, "quantity"),
        ({"quantity": 10**30}, 422, "quantity"),
        ({"reason": "damage", "quantity": 1}, 422, "quantity"),
        ({"reason": "correct"}, 422, "quantity"),
        ({"reason": "correct", "quantity": 1, "counted": 1}, 422, "quantity"),
        ({"reason": "count", "quantity": 1}, 422, "counted"),
        ({"reason": "count", "counted": 1}, 422, "counted"),
        ({"operation": "opening", "quantity": 4}, 409, None),
    ],
)
def test_an_adjustment_that_cannot_be_is_refused_with_its_reason(
    api: ApiClient, fields: dict[str, object], status: int, field: str | None
) -> None:
    answer = api.adjust(**fields)

    assert (status, field) == refused(answer)
    assert answer[1]["error"]
    assert 5 == api.level()["on_hand"]


def test_an_order_of_an_unknown_sku_or_channel_is_refused(api: ApiClient) -> None:
    of_sku, of_channel = api.order(sku="stranger"), api.order(channel="closed")

    assert (409, "unknown_sku", {"names": "stranger"}) == (
        of_sku[0],
        of_sku[1]["order"]["reason"],
        of_sku[1]["order"]["details"],
    )
    assert (422, "channel") == refused(of_channel)


def test_a_cancel_on_a_channel_that_does_not_exist_is_not_found(api: ApiClient) -> None:
    assert (404, "channel") == refused(api.post("/orders/closed:1/cancel"))


@pytest.mark.parametrize(("kind", "limit"), [("lost", "5"), ("requested", "0"), ("requested", "101")])
def test_only_what_can_wait_is_listed_and_not_without_end(api: ApiClient, kind: str, limit: str) -> None:
    assert 400 == api.get(f"/review/{kind}", limit=limit)[0]


def test_a_body_of_other_bytes_than_text_is_malformed(api: ApiClient) -> None:
    event = http_event("POST", "/adjustments", base64.b64encode(b"\xff\xfe").decode(), encoded=True)

    answer = handler(event, context())

    assert (400, "body") == (answer["statusCode"], json.loads(answer["body"])["fields"][0]["field"])


@pytest.mark.parametrize("said", ["off", "yes", 0, 1])
def test_yes_and_no_are_not_guessed(api: ApiClient, said: object) -> None:
    status, _ = api.post("/orders/web:1/decision", {"accept": True, "by": "sam", "preview": said})

    assert 400 == status


@pytest.mark.parametrize("body", ["[]", '[{"kind": "generic"}]', '"text"', "7", "null", "true"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/adjustments"),
        ("POST", "/transfers"),
        ("POST", "/orders"),
        ("PUT", "/skus/hat"),
        ("PUT", "/locations/main"),
        ("PUT", "/channels/web"),
    ],
)
def test_a_body_that_is_no_object_is_malformed_and_no_entry_of_it_is_applied(
    api: ApiClient, method: str, path: str, body: str
) -> None:
    status, answer = api.call(method, path, body)

    assert (400, [{"field": "body", "problem": "must be a JSON object"}]) == (status, answer["fields"])


@pytest.mark.parametrize(
    ("body", "field", "problem"),
    [
        ('{"kind": "generic", "kind": "ebay"}', "kind", "is there twice in one object"),
        ('{"buffer": NaN}', "body", "must be JSON in UTF-8, without NaN or Infinity"),
        ('{"buffer": 1e999}', "body", "must be JSON in UTF-8, without NaN or Infinity"),
    ],
)
def test_a_body_that_two_readers_may_take_for_two_is_malformed(
    api: ApiClient, body: str, field: str, problem: str
) -> None:
    status, answer = api.call("PUT", "/channels/web", body)

    assert (400, [{"field": field, "problem": problem}]) == (status, answer["fields"])

"""Shopify's Admin API: its settings, what is sent, and what every kind of answer means."""

from collections.abc import Mapping
from typing import Any

import pytest
from pydantic import ValidationError

from lastunit.channels.shopify.settings import Connection, Refs, Secret
from lastunit.domain.errors import ChannelUnavailable, LastunitError, OutcomeUnknown, Throttled
from lastunit.domain.listings.push_protocol import Failure, Push, Refused, Shown, Target
from lastunit.ports.system import HttpResponse
from tests.channels.shopify.fakes import REFS, answer, failures, raised_by, scripted_api, user_error


def push(quantity: int = 7, expected: int | None = 9, refs: Mapping[str, str] = REFS) -> Push:
    return Push(target=Target("TEE", refs), quantity=quantity, key="key-1", expected=expected)


def set_answer(*errors: dict[str, Any]) -> HttpResponse:
    return answer({"data": {"inventorySetQuantities": {"userErrors": list(errors)}}})


def throttled(requested: object, available: object, rate: object) -> HttpResponse:
    status = {"maximumAvailable": 2000, "currentlyAvailable": available, "restoreRate": rate}
    return answer(
        {
            "errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}],
            "extensions": {"cost": {"requestedQueryCost": requested, "throttleStatus": status}},
        }
    )


@pytest.mark.parametrize(
    ("response", "seconds"),
    [
        (answer({}, 429), 1.0),
        (answer({}, 429, retry_after="2.5"), 2.5),
        (answer({}, 429, retry_after="Sat, 01 Aug 2026 12:00:30 GMT"), 30.0),
        (answer({}, 429, retry_after="Sat, 01 Aug 2026 12:00:30 -0000"), 30.0),
        (answer({}, 429, retry_after="Sat, 01 Aug 2026 11:00:00 GMT"), 0.0),
        (answer({}, 429, retry_after="86400"), 900.0),
        (answer({}, 429, retry_after="inf"), 1.0),
        (answer({}, 429, retry_after="nan"), 1.0),
        (answer({}, 429, retry_after="soon"), 1.0),
        (answer({}, 429, retry_after="-5"), 1.0),
        (throttled(110, 10, 50), 2.0),
        (throttled(110, 10, 0), 1.0),
        (throttled(1e9, 0, 1), 900.0),
        (answer({"errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}]}), 1.0),
    ],
)
def test_a_pause_is_taken_from_the_answer_and_bounded(response: HttpResponse, seconds: float) -> None:
    error = raised_by(lambda: scripted_api(response)[0].write([push()]))

    assert isinstance(error, Throttled)
    assert seconds == error.retry_after_seconds


@pytest.mark.parametrize(
    ("response", "kind"),
    [
        (answer({}, 401), ChannelUnavailable),
        (answer({}, 403), ChannelUnavailable),
        (answer({}, 404), ChannelUnavailable),
        (answer({}, 302), ChannelUnavailable),
        (answer({}, 500), ChannelUnavailable),
        (answer({"errors": [{"message": "m", "extensions": {"code": "ACCESS_DENIED"}}]}), ChannelUnavailable),
        (answer({"errors": [{"message": "m"}]}), ChannelUnavailable),
        (HttpResponse(200, {}, b"<html>"), OutcomeUnknown),
        (answer([]), OutcomeUnknown),
        (answer({}), OutcomeUnknown),
        (answer({"data": {"inventorySetQuantities": None}}), OutcomeUnknown),
    ],
)
def test_an_answer_for_the_whole_call_is_raised(response: HttpResponse, kind: type[LastunitError]) -> None:
    assert kind is type(raised_by(lambda: scripted_api(response)[0].write([push()])))


@pytest.mark.parametrize(
    ("code", "failure"),
    [
        ("CHANGE_FROM_QUANTITY_STALE", Failure.STALE),
        ("INVALID_INVENTORY_ITEM", Failure.GONE),
        ("INVALID_LOCATION", Failure.NOT_STOCKED),
        ("ITEM_NOT_STOCKED_AT_LOCATION", Failure.NOT_STOCKED),
        ("SERVICE_UNAVAILABLE", Failure.TRANSIENT),
        ("NON_MUTABLE_INVENTORY_ITEM", Failure.INVALID),
        ("SOMETHING_NEW", Failure.INVALID),
        (None, Failure.INVALID),
    ],
)
@pytest.mark.parametrize("path", [("input", "quantities", "0", "quantity"), ("input", "quantities", "7"), ()])
def test_a_user_error_refuses_its_listing(code: str | None, failure: Failure, path: tuple[str, ...]) -> None:
    api, _ = scripted_api(set_answer(user_error(code, *path)))

    assert [Refused(failure, f"{code}: said Shopify")] == api.write([push()])


def test_a_fault_of_the_call_is_not_tried_again_in_parts() -> None:
    api, http = scripted_api(set_answer(user_error("INVALID_REASON", "input", "reason")))

    answers = api.write([push(), push()])

    assert [Failure.INVALID] * 2 == failures(answers)
    assert 1 == len(http.bodies)


@pytest.mark.parametrize(
    "odd", [push(quantity=-1), push(quantity=2**31), push(refs={}), push(refs=REFS | {"location_id": "7"})]
)
def test_what_would_fail_the_whole_call_is_refused_before_it_is_sent(odd: Push) -> None:
    api, http = scripted_api(set_answer())

    answers = api.write([odd, push()])

    assert [Failure.INVALID, None] == failures(answers)
    assert 1 == len(http.bodies[0]["variables"]["input"]["quantities"])


def test_nothing_is_sent_for_nothing() -> None:
    api, http = scripted_api()

    assert ([], []) == (api.write([]), api.read([]))
    assert [] == http.bodies


def test_every_quantity_says_what_it_replaces() -> None:
    api, http = scripted_api(set_answer())

    api.write([push(expected=9), push(expected=None)])

    sent = http.bodies[0]["variables"]["input"]["quantities"]
    assert [9, None] == [quantity["changeFromQuantity"] for quantity in sent]


def sent_key(*pushes: Push) -> str:
    api, http = scripted_api(set_answer())
    api.write(list(pushes))
    return str(http.bodies[0]["variables"]["key"])


def test_the_same_pushes_have_the_same_key() -> None:
    assert sent_key(push(), push(8)) == sent_key(push(), push(8))


@pytest.mark.parametrize(
    "other",
    [
        push(8),
        push(expected=8),
        push(expected=None),
        Push(target=push().target, quantity=7, key="key-2", expected=9),
    ],
)
def test_other_pushes_have_another_key(other: Push) -> None:
    assert sent_key(push()) != sent_key(other)


def test_after_a_failed_attempt_a_new_key_is_used() -> None:
    api, http = scripted_api(set_answer(user_error("IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED")), set_answer())

    answers = api.write([push()])

    assert [Shown(7)] == answers
    assert 2 == len({body["variables"]["key"] for body in http.bodies})


def test_an_attempt_still_under_way_has_an_unknown_outcome() -> None:
    api, _ = scripted_api(set_answer(user_error("IDEMPOTENCY_CONCURRENT_REQUEST")))

    assert OutcomeUnknown is type(raised_by(lambda: api.write([push()])))


def test_attempts_are_bounded() -> None:
    api, http = scripted_api(set_answer(user_error("IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED")))

    answers = api.write([push()])

    assert [Failure.THROTTLED] == failures(answers)
    assert 20 == len(http.bodies)


def test_what_was_applied_is_reported_although_the_rest_was_throttled() -> None:
    unnamed = set_answer(user_error("NON_MUTABLE_INVENTORY_ITEM"))
    api, _ = scripted_api(unnamed, set_answer(), answer({}, 429))

    answers = api.write([push(), push(8)])

    assert [None, Failure.THROTTLED] == failures(answers)
    assert Shown(7) == answers[0]


def test_a_negative_number_on_the_shelf_is_read_as_it_is() -> None:
    level = {"quantities": [{"name": "committed", "quantity": 4}, {"name": "available", "quantity": -3}]}
    item = {"id": REFS["inventory_item_id"], "inventoryLevel": level}
    api, _ = scripted_api(answer({"data": {"at0": [item]}}))

    assert [Shown(-3)] == api.read([Target("TEE", REFS)])


@pytest.mark.parametrize("location", ["2", "gid://shopify/Location/2\n", "gid://shopify/InventoryItem/2", ""])
def test_refs_are_shopify_ids(location: str) -> None:
    with pytest.raises(ValidationError):
        Refs.model_validate(REFS | {"location_id": location})


@pytest.mark.parametrize("version", ["2025-10", "2026-02", "unstable", "2026-10/../..", ""])
def test_api_versions_without_compare_and_swap_are_refused(version: str) -> None:
    with pytest.raises(ValidationError):
        Connection(shop_url="https://a.example", shop_domain="a.example", api_version=version)


@pytest.mark.parametrize("secrets", [[], ["a", "b", "c"], [""]])
def test_a_secret_knows_one_or_two_webhook_secrets(secrets: list[str]) -> None:
    with pytest.raises(ValidationError):
        Secret.model_validate({"webhook_secrets": secrets, "access_token": "t"})


def test_a_refused_secret_is_not_quoted() -> None:
    with pytest.raises(ValidationError) as caught:
        Secret.model_validate({"webhook_secrets": ["hush"], "access_token": "t", "typo": "hush"})

    assert "hush" not in str(caught.value)

"""The JSON API from API Gateway's event to its answer: every route."""

from collections.abc import Iterator

import pytest

from lastunit.use_cases.messages import PushChannelMessage
from tests.support.api_client import STORE, ApiClient, opened, refused
from tests.support.messages import content


@pytest.fixture
def api(aws: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[ApiClient]:
    with opened(monkeypatch) as client:
        yield client


# SKUs and settings


def test_a_sku_is_shown_with_its_levels_and_what_each_listing_should_show(api: ApiClient) -> None:
    status, view = api.get("/skus/shirt")

    assert (200, "shirt", "active", {}, []) == (
        status,
        *(view[name] for name in ("sku", "status", "recipe", "kits")),
    )
    assert [("montreal", 5, 5, 0)] == [
        tuple(level[name] for name in ("location", "on_hand", "available", "reserved")) for level in view["levels"]
    ]
    assert [("web", "shirt", 5, None)] == [
        tuple(listing[name] for name in ("channel", "listing", "quantity", "acknowledged"))
        for listing in view["listings"]
    ]


def test_a_kit_is_shown_with_its_recipe_and_on_its_components(api: ApiClient) -> None:
    status, kit = api.put("/skus/trio", {"recipe": {"shirt": 3}, "status": "draft"})

    assert (200, {"shirt": 3}, "draft", ["trio"]) == (
        status,
        kit["recipe"],
        kit["status"],
        api.get("/skus/shirt")[1]["kits"],
    )


def test_locations_and_channels_can_be_looked_up(api: ApiClient) -> None:
    locations, channels, channel = api.get("/locations"), api.get("/channels"), api.get("/channels/web")

    assert (200, [{"name": "montreal", "rank": 1, "blacked_out": False}]) == locations
    assert (200, [channel[1]]) == channels
    assert (200, "generic", "pooled", STORE["connection"], 2) == (
        channel[0],
        *(channel[1][name] for name in ("kind", "policy", "connection", "version")),
    )


def test_the_numbers_of_a_changed_channel_are_pushed_again(api: ApiClient) -> None:
    api.deployment.sent(api.deployment.pushes_url)

    status, channel = api.put("/channels/web", STORE | {"buffer": 2, "locations": ["montreal"]})

    assert (200, 2, ["montreal"], 3) == (status, channel["buffer"], channel["locations"], channel["version"])
    assert [content(PushChannelMessage(channel="web"))] == api.deployment.sent(api.deployment.pushes_url)
    assert 3 == api.get("/skus/shirt")[1]["listings"][0]["quantity"]


def test_a_listing_has_further_names(api: ApiClient) -> None:
    answer = api.put("/channels/web/listings/TEE 1", {"sku": "shirt", "aliases": ["variant:1"]})

    listing = {"channel": "web", "listing": "TEE 1", "sku": "shirt", "refs": {}}
    assert (200, listing | {"aliases": ["variant:1"], "override": {}}) == answer
    assert "reserved" == api.order(sku="variant:1")[1]["outcome"]


# Stock


def test_an_adjustment_takes_effect_once(api: ApiClient) -> None:
    first, again = api.adjust(quantity=3), api.adjust(quantity=3)

    assert (200, False, 200, True) == (first[0], first[1]["repeated"], again[0], again[1]["repeated"])
    assert 8 == api.level()["on_hand"]


def test_a_count_is_booked_as_its_difference(api: ApiClient) -> None:
    status, _ = api.adjust(reason="count", counted=4, expected=5)

    assert (200, 4) == (status, api.level()["on_hand"])


def test_an_adjustment_below_zero_is_refused_with_what_there_is(api: ApiClient) -> None:
    status, answer = api.adjust(reason="damage", quantity=-6)

    assert (409, {"available": 5, "reserved": 0, "wanted": 6}, 5) == (
        status,
        {name: answer[name] for name in ("available", "reserved", "wanted")},
        api.level()["on_hand"],
    )


def test_a_second_picking_bin_is_refused_with_the_first(api: ApiClient) -> None:
    bins = "/skus/shirt/levels/montreal/bins"

    answers = [api.put(f"{bins}/{name}", {"kind": "picking"}) for name in ("a", "a", "b")]

    assert [200, 200, 409] == [status for status, _ in answers]
    assert "a" == answers[2][1]["picking_bin"]


def test_a_transfer_keeps_the_total(api: ApiClient) -> None:
    api.put("/skus/shirt/levels/montreal/bins/a", {"kind": "picking"})
    place = {"location": "montreal"}
    transfer = {"operation": "t-1", "sku": "shirt", "quantity": 2, "source": place}

    moved = api.post("/transfers", transfer | {"destination": place | {"bin": "a"}})
    nowhere = api.post("/transfers", transfer | {"operation": "t-2", "destination": place})

    assert (200, (422, "destination")) == (moved[0], refused(nowhere))
    level = api.level()
    assert (5, 3, 2) == (level["on_hand"], level["unplaced"], level["bins"]["a"]["on_hand"])


# Orders


def test_an_order_is_reserved_at_once_and_the_same_order_again_gets_the_same_answer(api: ApiClient) -> None:
    first, again = api.order(2), api.order(2)

    assert (201, "reserved", 200, "duplicate") == (first[0], first[1]["outcome"], again[0], again[1]["outcome"])
    assert first[1]["order"]["allocations"] == again[1]["order"]["allocations"]
    assert (3, 2) == (api.level()["available"], api.level()["reserved"])


def test_an_order_that_stock_cannot_cover_is_refused_and_takes_nothing(api: ApiClient) -> None:
    status, answer = api.order(6)

    assert (409, "refused", "shortage", 5) == (
        status,
        answer["outcome"],
        answer["order"]["reason"],
        api.level()["available"],
    )


def test_a_channel_that_takes_requests_leaves_a_shortage_to_a_person(api: ApiClient) -> None:
    api.put("/channels/web", STORE | {"takes_requests": True})

    status, answer = api.order(6)

    assert (202, "requested") == (status, answer["outcome"])
    assert (200, ["web:1"]) == waiting(api, "requested")


def waiting(api: ApiClient, kind: str) -> tuple[int, list[str]]:
    status, items = api.get(f"/review/{kind}", limit="5")
    return status, [item["order"]["order_id"] for item in items]


def test_a_cancelled_order_gives_its_units_back_once(api: ApiClient) -> None:
    api.order(2)

    first, again = api.post("/orders/web:1/cancel"), api.post("/orders/web:1/cancel")

    assert (200, "cancelled", 200, "duplicate") == (first[0], first[1]["outcome"], again[0], again[1]["outcome"])
    assert (5, 0) == (api.level()["available"], api.level()["reserved"])


def test_an_order_that_was_cancelled_before_it_came_takes_nothing(api: ApiClient) -> None:
    cancelled = api.post("/orders/web:1/cancel")

    ordered = api.order(2)

    assert (200, 409, "cancelled") == (cancelled[0], ordered[0], ordered[1]["order"]["state"])
    assert (5, "cancelled_before_order") == (api.level()["available"], ordered[1]["order"]["reason"])


def test_an_order_shows_its_state_and_how_it_was_routed(api: ApiClient) -> None:
    api.order(2)

    status, order = api.get("/orders/web:1")

    assert (200, "web:1", "reserved") == (status, order["order_id"], order["state"])
    assert [{"line_id": "1", "sku": "shirt", "location": "montreal", "quantity": 2}] == [
        {name: held[name] for name in ("line_id", "sku", "location", "quantity")} for held in order["allocations"]
    ]
    assert order["allocations"][0]["rule"]
    expected = {
        "policy": "pooled",
        "candidates": ["montreal"],
        "stock_seen": {"shirt": {"montreal": 5}},
        "shortage": {},
    }
    assert expected == order["routing"]


def test_an_order_shows_what_was_short(api: ApiClient) -> None:
    api.order(6)

    _, order = api.get("/orders/web:1")

    assert ("refused", "shortage", {"shirt": 1}) == (order["state"], order["reason"], order["routing"]["shortage"])

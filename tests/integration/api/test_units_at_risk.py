"""Units at risk, delays and the simulation through the JSON API."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from lastunit import bootstrap
from lastunit.adapters.dynamodb import rows
from lastunit.domain.channel import Mode
from lastunit.domain.events.row_changes import ListingChanged
from tests.support.api_client import STORE, ApiClient, opened


@pytest.fixture
def api(aws: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[ApiClient]:
    """Five shirts, of which the channel `web` may sell five."""
    with opened(monkeypatch) as client:
        may_sell(client, "shirt", 5)
        yield client


def may_sell(api: ApiClient, sku: str, units: int) -> None:
    """As a push leaves the row, and the stream tells of it."""
    before = api.deployment.listing(sku, "web")
    store = api.deployment.store
    store.client.update_item(
        TableName=store.tables.stock,
        Key=rows.listing_key(sku, "web", sku),
        UpdateExpression="SET granted = :units",
        ExpressionAttributeValues={":units": rows.value(units)},
    )
    bootstrap.hub().track_stock.track([ListingChanged(before, api.deployment.listing(sku, "web"))])


def picked(content: dict[str, Any], *names: str) -> list[Any]:
    return [content[name] for name in names]


# Of a SKU


def test_a_sku_is_shown_with_what_channels_may_sell_of_it(api: ApiClient) -> None:
    api.adjust(reason="damage", quantity=-2)

    _, view = api.get("/skus/shirt")

    assert [3, 5, 2] == picked(view, "available", "exposure", "units_at_risk")
    assert [[5, False, []]] == [picked(one, "exposure", "frozen", "blockers") for one in view["listings"]]


def test_kits_that_were_pushed_put_their_components_at_risk(api: ApiClient) -> None:
    api.put("/skus/trio", {"recipe": {"shirt": 3}})
    api.put("/channels/web/listings/trio", {"sku": "trio"})
    may_sell(api, "trio", 2)

    assert [5, 11, 6] == picked(api.get("/skus/shirt")[1], "available", "exposure", "units_at_risk")


def test_a_kit_itself_owns_nothing_that_could_be_at_risk(api: ApiClient) -> None:
    _, kit = api.put("/skus/trio", {"recipe": {"shirt": 3}})

    assert [None, None, None] == picked(kit, "available", "exposure", "units_at_risk")


def test_a_channel_without_pushes_counts_by_what_was_pushed_last(api: ApiClient) -> None:
    api.put("/channels/web", STORE | {"sync": "off"})
    api.adjust(reason="damage", quantity=-2)

    assert 2 == api.get("/skus/shirt")[1]["units_at_risk"]


def test_an_escrowed_listing_is_shown_with_those_that_keep_it_low(api: ApiClient) -> None:
    """What `web` may sell does not fall before its channel has answered."""
    for channel in ("web", "ebay"):
        api.put(f"/channels/{channel}", STORE | {"mode": "escrow"})
    api.put("/channels/ebay/listings/tee", {"sku": "shirt"})

    listings = {one["channel"]: one["blockers"] for one in api.get("/skus/shirt")[1]["listings"]}

    assert {"web": [], "ebay": [{"sku": "shirt", "channel": "web", "listing": "shirt"}]} == listings


# In total


def test_the_total_names_the_skus_with_most_units_at_risk(api: ApiClient) -> None:
    for sku, units in (("hat", 3), ("tie", 9)):
        api.put(f"/skus/{sku}", {})
        api.put(f"/channels/web/listings/{sku}", {"sku": sku})
        may_sell(api, sku, units)

    status, found = api.get("/risk", most="1")

    assert (200, 12, 2, [("tie", 9)]) == (
        status,
        found["units"],
        found["skus"],
        [(row["sku"], row["units"]) for row in found["most"]],
    )


def test_nothing_is_at_risk_where_there_is_enough(api: ApiClient) -> None:
    assert (200, {"units": 0, "skus": 0, "most": []}) == api.get("/risk")


# Delays


def test_a_channel_shows_how_late_changes_are_pushed_to_it(api: ApiClient) -> None:
    bootstrap.hub().delays.count("web", datetime.now(UTC).date(), Counter({2: 18, 64: 2}))

    seconds = {"median_seconds": 2, "percentile_95_seconds": 64}
    assert (200, {"channel": "web", "pushes": 20, "days": 7} | seconds) == api.get("/channels/web/delay")


def test_a_channel_that_does_not_exist_has_no_answer(api: ApiClient) -> None:
    assert 404 == api.get("/channels/nowhere/delay")[0]


# The simulation


def test_past_orders_are_replayed_under_every_mode(api: ApiClient) -> None:
    api.put("/channels/ebay", STORE)
    api.put("/channels/ebay/listings/shirt", {"sku": "shirt"})
    for number, channel in enumerate(("web", "ebay"), 1):
        api.order(3, str(number), channel=channel)  # The second becomes a request: two are left.

    status, found = api.get("/risk/simulation", days="1", delay_seconds="60")

    assert (200, 2, 60, True, None) == (
        status,
        *picked(found, "orders", "delay_seconds", "complete", "note"),
    )
    assert {"accepted": 2, "lacked": 1, "lost": 0, "sold_out": 0} == found["modes"]["shared"]
    assert [0, 0] == [found["modes"][mode]["lacked"] for mode in (Mode.EXCLUSIVE, Mode.ESCROW)]


def test_a_simulation_that_was_cut_says_so(api: ApiClient) -> None:
    for number in ("1", "2"):
        api.order(1, number)

    _, found = api.get("/risk/simulation", delay_seconds="0", most_orders="1")

    assert (1, False, True) == (found["orders"], found["complete"], "only 1 orders" in found["note"])


def test_without_a_measured_delay_one_must_be_named(api: ApiClient) -> None:
    status, found = api.get("/risk/simulation")

    assert (422, "delay_seconds") == (status, found["field"])


@pytest.mark.parametrize(
    "query", [{"days": "0"}, {"days": "91"}, {"delay_seconds": "-1"}, {"most_orders": "50001"}, {"days": "many"}]
)
def test_what_would_take_too_long_or_makes_no_sense_is_refused(api: ApiClient, query: dict[str, str]) -> None:
    assert 400 == api.get("/risk/simulation", **{"delay_seconds": "1", **query})[0]

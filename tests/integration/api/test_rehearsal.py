"""What would be pushed to a channel, page by page: before it is turned on, and before its settings are changed."""

from collections.abc import Iterator

import pytest

from lastunit import bootstrap
from lastunit.adapters.dynamodb import rows
from lastunit.use_cases.listings.rehearse import PAGE_MAX
from tests.support.api_client import STORE, ApiClient, opened, refused
from tests.support.aws.dynamo import HubStore


@pytest.fixture
def api(aws: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[ApiClient]:
    """One channel, `web`, that may be told; version 2 of its settings."""
    with opened(monkeypatch) as client:
        client.deployment.sent(client.deployment.pushes_url)
        yield client


def test_a_rehearsal_goes_page_by_page_and_only_its_last_page_is_proof(api: ApiClient) -> None:
    for at in range(PAGE_MAX):
        bootstrap.hub().configure_catalogue.put_listing("web", f"a{at:03}", "shirt", {}, [])

    first = api.get("/channels/web/rehearsal")[1]
    last = api.get("/channels/web/rehearsal", after=first["next"])[1]

    assert (PAGE_MAX, "a099", None) == (
        len(first["listings"]),
        first["listings"][-1]["listing"],
        first["rehearsed_version"],
    )
    assert (["shirt"], None, "v2") == (
        [line["listing"] for line in last["listings"]],
        last["next"],
        last["rehearsed_version"],
    )


def test_a_rehearsal_names_what_cannot_be_pushed_and_doubled_picking_bins(api: ApiClient) -> None:
    """Rule 1.1-5: one picking location for a SKU; such rows must not exist, so they are written by hand here."""
    store = api.deployment.store
    for name in ("gone", "lost"):
        api.put(f"/skus/{name}", {})
        api.put(f"/channels/web/listings/{name}", {"sku": name})
    api.put("/skus/shirt/levels/montreal/bins/a", {"kind": "picking"})
    gone = rows.listing_key("gone", "web", "gone")
    error = {"failure": "gone", "message": "the product was deleted", "at": "2026-11-21T12:00:00+00:00"}
    bins = {"a": {"kind": "picking"}, "b": {"kind": "picking"}, "c": {"kind": "storage"}}
    amend(store, gone, "last_error", error)
    amend(store, rows.level_key("shirt", "montreal"), "bins", bins)
    store.client.delete_item(TableName=store.tables.stock, Key=rows.sku_key("lost"))

    _, page = api.get("/channels/web/rehearsal")

    assert [
        {"listing": "gone", "sku": "gone", "problem": "the product was deleted"},
        {"listing": "lost", "sku": "lost", "problem": "the SKU does not exist"},
    ] == page["unmatched"]
    assert [{"sku": "shirt", "location": "montreal", "bins": ["a", "b"]}] == page["picking_bins"]
    assert ["gone", "shirt"] == [line["listing"] for line in page["listings"]]


def amend(store: HubStore, key: rows.Item, attribute: str, content: object) -> None:
    store.client.update_item(
        TableName=store.tables.stock,
        Key=key,
        UpdateExpression="SET #attribute = :content",
        ExpressionAttributeNames={"#attribute": attribute},
        ExpressionAttributeValues={":content": rows.value(content)},
    )


def test_a_rehearsal_of_settings_that_changed_begins_again(api: ApiClient) -> None:
    api.put("/channels/web", STORE | {"buffer": 1})

    status, answer = api.get("/channels/web/rehearsal", after="v2:a")

    assert (409, "begin again, without after") == (status, answer["remedy"])


def test_a_preview_compares_every_number_and_writes_nothing(api: ApiClient) -> None:
    api.put("/skus/pair", {"recipe": {"shirt": 2}})
    api.put("/channels/web/listings/pair", {"sku": "pair"})
    before = api.get("/channels/web")

    status, page = api.post("/channels/web/preview", STORE | {"buffer": 1})

    assert (200, None) == (status, page["next"])
    assert [("pair", 2, 1), ("shirt", 5, 4)] == [
        (line["listing"], line["before"], line["after"]) for line in page["listings"]
    ]
    assert (before, []) == (api.get("/channels/web"), api.deployment.sent(api.deployment.pushes_url))


def test_a_preview_refuses_what_saving_would_refuse(api: ApiClient) -> None:
    timed = STORE | {"sync": "timed_full"}

    assert (422, "full_at") == refused(api.post("/channels/web/preview", timed))
    assert 409 == api.post("/channels/web/preview", STORE | {"version": 1})[0]

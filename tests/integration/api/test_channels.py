"""Channel settings through the JSON API: versions, switches, pausing, listings, syncs by hand."""

from collections.abc import Iterator
from typing import Any

import pytest

from lastunit.use_cases.messages import PushChannelMessage
from tests.support.api_client import STORE, ApiClient, opened
from tests.support.messages import content, push

EVERYTHING = content(PushChannelMessage(channel="web"))
OVERWRITE = EVERYTHING | {"overwrite": True}


@pytest.fixture
def api(aws: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[ApiClient]:
    """One channel, `web`, that may be told; version 2 of its settings."""
    with opened(monkeypatch) as client:
        pushed(client)
        yield client


def pushed(api: ApiClient) -> list[dict[str, Any]]:
    """Messages to the pushes queue since the last look."""
    return api.deployment.sent(api.deployment.pushes_url)


def number(api: ApiClient) -> object:
    return api.get("/skus/shirt")[1]["listings"][0]["quantity"]


def sync_by_hand(api: ApiClient) -> list[Any]:
    """The channel, its only listing and that listing's SKU."""
    return [api.post(f"{path}/sync") for path in ("/channels/web", "/channels/web/listings/shirt", "/skus/shirt")]


# Settings and versions


def test_settings_are_stored_as_they_were_given(api: ApiClient) -> None:
    """Rules 1.3-2 and 1.5-6: the default location belongs to the pool; a timed full coverage has its time."""
    api.put("/locations/laval", {"rank": 2})
    timed = {"mode": "exclusive", "sync": "timed_full", "full_at": "03:30", "time_zone": "Europe/Berlin"}
    places = {"locations": ["montreal"], "default_location": "laval"}

    status, channel = api.put("/channels/web", STORE | timed | places)

    assert (200, timed | places) == (status, {name: channel[name] for name in timed | places})
    assert channel | {"drift": None} == api.get("/channels/web")[1] | {"drift": None}


def test_a_channel_is_shown_the_sum_over_the_locations_it_pools(api: ApiClient) -> None:
    """Rules 1.3-1, 1.3-2 and 1.3-3: saving the set pools the stock at once, the default location included."""
    for rank, place in enumerate(("laval", "sherbrooke"), 2):
        api.put(f"/locations/{place}", {"rank": rank})
        api.adjust(operation=place, location=place, quantity=10**rank)
    pushed(api)

    seen = [number(api)]
    for places in ({"locations": ["laval"]}, {"locations": ["laval"], "default_location": "montreal"}):
        api.put("/channels/web", STORE | places)
        seen.append(number(api))

    assert [1105, 100, 105] == seen
    assert [EVERYTHING, EVERYTHING] == pushed(api)


def test_an_order_is_served_only_from_locations_that_are_offered(api: ApiClient) -> None:
    """Rule 1.3-4."""
    api.put("/locations/laval", {"rank": 2})
    api.adjust(operation="laval", location="laval", quantity=1)
    api.put("/channels/web", STORE | {"locations": ["laval"]})

    beyond, within = api.order(2, "1"), api.order(1, "2")

    assert (409, {"shirt": 1}) == (beyond[0], beyond[1]["order"]["routing"]["shortage"])
    assert ["laval"] == [held["location"] for held in within[1]["order"]["allocations"]]


def test_a_change_is_based_on_the_version_that_was_read(api: ApiClient) -> None:
    based_on = api.get("/channels/web")[1]["version"]

    first = api.put("/channels/web", STORE | {"buffer": 1, "version": based_on})
    second = api.put("/channels/web", STORE | {"buffer": 2, "version": based_on})

    assert (200, based_on + 1) == (first[0], first[1]["version"])
    assert (409, based_on + 1) == (second[0], second[1]["version"])
    assert 1 == api.get("/channels/web")[1]["buffer"]


def test_the_same_settings_again_are_no_new_version_and_are_pushed_again(api: ApiClient) -> None:
    _, channel = api.put("/channels/web", STORE)

    assert (2, [EVERYTHING]) == (channel["version"], pushed(api))


def test_every_version_is_kept_and_shows_what_it_changed(api: ApiClient) -> None:
    api.put("/channels/web", STORE | {"buffer": 1})
    api.put("/channels/web", STORE | {"buffer": 1, "locations": ["montreal"]})

    status, versions = api.get("/channels/web/versions")

    assert (200, [4, 3, 2, 1]) == (status, [one["version"] for one in versions])
    assert [
        ({"locations": []}, {"locations": ["montreal"]}),
        ({"buffer": 0}, {"buffer": 1}),
        ({"outbound": False}, {"outbound": True}),
        ({}, {}),
    ] == [(one["before"], one["after"]) for one in versions]
    assert all(one["at"] for one in versions)


def test_a_change_that_is_pushed_to_live_channels_only_says_what_may_differ(api: ApiClient) -> None:
    """Rule 1.5-13: neither a switch nor a change of an incremental, timed or manual channel is told at once."""
    answers = [
        api.put("/channels/web", STORE | settings)[1]["drift"]
        for settings in (
            {"sync": "incremental"},
            {"sync": "timed_full", "full_at": "03:30"},
            {"sync": "timed_full", "full_at": "03:30", "buffer": 2},
            {"sync": "manual", "buffer": 2},
        )
    ]

    assert [True] * 4 == [bool(drift) for drift in answers]
    assert "03:30 UTC" in answers[1]
    assert [] == pushed(api)


def test_what_an_exclusive_channel_shows_is_pushed_to_those_it_shares_with(api: ApiClient) -> None:
    half = STORE | {"mode": "exclusive", "share_percent": 50}
    api.put("/channels/web", half)
    api.put("/channels/shop", half)
    api.turn_on("shop")
    pushed(api)

    api.put("/channels/shop", half | {"share_percent": 40})

    assert ["shop", "web"] == sorted(message["channel"] for message in pushed(api))


def test_exclusive_channels_show_together_exactly_what_there_is(api: ApiClient) -> None:
    half = STORE | {"mode": "exclusive", "share_percent": 50}
    api.put("/channels/shop", half)
    api.put("/channels/shop/listings/tee", {"sku": "shirt"})
    previewed = api.post("/channels/web/preview", half)[1]["listings"][0]
    api.put("/channels/web", half)

    listings = api.get("/skus/shirt")[1]["listings"]
    rehearsed = api.get("/channels/shop/rehearsal")[1]["listings"][0]["quantity"]

    assert {"shop": 3, "web": 2} == {one["channel"]: one["quantity"] for one in listings}
    assert (3, 5, 2) == (rehearsed, previewed["before"], previewed["after"])


# Switches


def test_automatic_sync_selects_incremental(api: ApiClient) -> None:
    """Rule 1.5-5."""
    off = api.put("/channels/web/automatic-sync", {"on": False})[1]
    on = api.put("/channels/web/automatic-sync", {"on": True})[1]

    assert ("manual", "incremental") == (off["sync"], on["sync"])
    assert "only increases" in on["drift"]
    assert [] == pushed(api)


def test_automatic_sync_that_is_on_stays_as_it_is(api: ApiClient) -> None:
    """Rule 1.5-5."""
    for settings in ({}, {"sync": "timed_full", "full_at": "03:30"}, {"sync": "incremental"}):
        _, before = api.put("/channels/web", STORE | settings)

        _, after = api.put("/channels/web/automatic-sync", {"on": True})

        assert before | {"drift": None} == after


def test_automatic_sync_that_is_switched_off_has_no_daily_time_left(api: ApiClient) -> None:
    api.put("/channels/web", STORE | {"full_at": "03:30"})

    _, channel = api.put("/channels/web/automatic-sync", {"on": False})

    assert ("manual", None) == (channel["sync"], channel["full_at"])


def test_a_new_channel_is_pushed_nothing_until_its_rehearsal_was_seen(api: ApiClient) -> None:
    created = api.put("/channels/shop", STORE)
    api.put("/channels/shop/listings/tee", {"sku": "shirt"})
    quiet = pushed(api)

    blind = api.put("/channels/shop/outbound", {"on": True})
    page = api.get("/channels/shop/rehearsal")[1]
    api.put("/channels/shop", STORE | {"buffer": 1})
    outdated = api.put("/channels/shop/outbound", {"on": True, "rehearsed_version": page["rehearsed_version"]})
    seen = api.get("/channels/shop/rehearsal")[1]
    turned_on = api.put("/channels/shop/outbound", {"on": True, "rehearsed_version": seen["rehearsed_version"]})

    assert (False, [], [409, 409, 200]) == (
        created[1]["outbound"],
        quiet,
        [answer[0] for answer in (blind, outdated, turned_on)],
    )
    assert "read /channels/shop/rehearsal to its last page and send its rehearsed_version" == blind[1]["remedy"]
    assert [{"listing": "tee", "sku": "shirt", "quantity": 5, "expected_shown": None}] == page["listings"]
    assert 4 == seen["listings"][0]["quantity"]
    assert (True, [content(PushChannelMessage(channel="shop"))]) == (turned_on[1]["outbound"], pushed(api))


def test_outbound_can_be_turned_off_at_any_time(api: ApiClient) -> None:
    status, channel = api.put("/channels/web/outbound", {"on": False})

    assert (200, False) == (status, channel["outbound"])
    assert "nothing is pushed" in channel["drift"]
    assert [] == pushed(api)


def test_a_channel_turned_on_waits_for_its_slot_or_a_person(api: ApiClient) -> None:
    told = {}
    for sync in ("live", "incremental", "timed_full", "manual", "off"):
        api.put("/channels/web", STORE | {"sync": sync, "full_at": "03:30" if sync == "timed_full" else None})
        api.put("/channels/web/outbound", {"on": False})
        pushed(api)
        api.turn_on("web")
        told[sync] = pushed(api)

    expected = {"live": [EVERYTHING], "incremental": [OVERWRITE], "timed_full": [], "manual": [], "off": []}
    assert expected == told


def test_saving_settings_neither_turns_a_channel_on_nor_ends_its_pause(api: ApiClient) -> None:
    api.put("/channels/shop", STORE)
    api.put("/channels/shop/pause", {"on": True})

    _, channel = api.put("/channels/shop", STORE | {"buffer": 1})

    assert (False, True) == (channel["outbound"], channel["paused"])


# Listings


def test_a_listing_has_numbers_of_its_own(api: ApiClient) -> None:
    own = {"share_percent": 50, "buffer": 1, "cap": None, "minimum": 0}

    _, listing = api.put("/channels/web/listings/shirt", {"sku": "shirt", **own})
    shown = [number(api)]
    api.put("/channels/web/listings/shirt", {"sku": "shirt"})
    shown.append(number(api))

    assert {"share_percent": 50, "buffer": 1, "minimum": 0} == listing["override"]
    assert [2, 5] == shown


# Syncs by hand


def test_a_sync_by_hand_overwrites(api: ApiClient) -> None:
    """Rule 1.5-7."""
    listing = content(push("shirt", overwrite=True))
    for sync in ("live", "incremental", "manual"):
        api.put("/channels/web", STORE | {"sync": sync})
        pushed(api)

        answers = sync_by_hand(api)

        assert [202] * 3 == [status for status, _ in answers]
        assert [OVERWRITE, listing, listing] == pushed(api)


def test_a_channel_that_is_pushed_nothing_is_not_synced_by_hand(api: ApiClient) -> None:
    for path, settings in (("", STORE | {"sync": "off"}), ("/outbound", {"on": False})):
        api.put(f"/channels/web{path}", settings)
        pushed(api)

        answers = sync_by_hand(api)

        assert [(409, True)] * 3 == [(status, bool(answer["remedy"])) for status, answer in answers]
        assert [] == pushed(api)


def test_a_sku_is_synced_where_that_is_possible(api: ApiClient) -> None:
    api.put("/channels/shop", STORE)
    api.put("/channels/shop/listings/tee", {"sku": "shirt"})

    status, answer = api.post("/skus/shirt/sync")

    assert (202, ["shop"]) == (status, answer["not_pushed"])
    assert ["web"] == [message["channel"] for message in pushed(api)]


def test_what_is_not_there_cannot_be_synced(api: ApiClient) -> None:
    paths = ("/channels/closed", "/channels/web/listings/tee", "/channels/closed/listings/tee", "/skus/stranger")

    assert [404] * 4 == [api.post(f"{path}/sync")[0] for path in paths]


# Panic and holiday


def test_a_paused_channel_shows_0_until_it_goes_on(api: ApiClient) -> None:
    for sync in ("live", "incremental", "manual"):
        api.put("/channels/web", STORE | {"sync": sync})
        pushed(api)
        for on, shown in ((True, 0), (False, 5)):
            _, answer = api.put("/channels/web/pause", {"on": on})

            assert (on, [], [OVERWRITE]) == (answer["paused"], answer["not_pushed"], pushed(api))
            assert shown == number(api)


def test_everything_can_be_paused_at_once_and_who_cannot_be_pushed_is_named(api: ApiClient) -> None:
    api.put("/channels/shop", STORE)

    status, answer = api.put("/pause", {"on": True})

    assert (200, {"on": True, "not_pushed": ["shop"]}, [OVERWRITE]) == (status, answer, pushed(api))
    assert [True, True] == [channel["paused"] for channel in api.get("/channels")[1]]


def test_a_pause_that_is_repeated_is_pushed_again(api: ApiClient) -> None:
    versions = [api.put("/channels/web/pause", {"on": True})[1]["version"] for _ in range(2)]

    assert ([3, 3], [OVERWRITE, OVERWRITE]) == (versions, pushed(api))


def test_a_location_that_is_blacked_out_counts_for_nothing_until_it_opens_again(api: ApiClient) -> None:
    api.put("/channels/shop", STORE)
    api.put("/channels/web", STORE | {"sync": "manual"})
    pushed(api)

    closed = api.put("/locations/montreal", {"rank": 1, "blacked_out": True})
    shown = [number(api)]
    opened_again = api.put("/locations/montreal", {"rank": 1})
    shown.append(number(api))

    assert (["shop"], ["shop"], [0, 5]) == (closed[1]["not_pushed"], opened_again[1]["not_pushed"], shown)
    assert [OVERWRITE, OVERWRITE] == pushed(api)

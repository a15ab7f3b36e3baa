"""What is sold, where, under which names: kits, listings and their aliases, channels and their versions."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from lastunit.adapters.dynamodb import rows
from lastunit.adapters.dynamodb.catalogue import DynamoCatalogue
from lastunit.adapters.dynamodb.listings import DynamoListings
from lastunit.adapters.dynamodb.settings import DynamoSettings
from lastunit.domain.channel import Channel
from lastunit.domain.errors import Conflict, Contention, InvalidInput, LastunitError, MissingReference, NotFound
from lastunit.domain.orders.snapshot import OrderSnapshot, SnapshotLine
from lastunit.domain.stock.catalogue import Alias, Location, Sku, Status
from lastunit.use_cases.messages import PushChannelMessage, RetryOrderMessage
from lastunit.use_cases.orders.change_orders import Incoming
from lastunit.use_cases.settings.configure_catalogue import ConfigureCatalogue
from lastunit.use_cases.settings.configure_channel import ConfigureChannel
from tests.support.aws.dynamo import HubStore
from tests.support.clock import NOON, FakeClock
from tests.support.listings.listed import acknowledged_quantity
from tests.support.listings.pushing import FakeQueue

SET = Sku(sku="set", recipe={"shirt": 1, "hat": 2})


class StoredCatalogue:
    """Configuring a small shop: SKUs without stock, one location, two channels."""

    def __init__(self, store: HubStore) -> None:
        self.store, self.pushes, self.orders = store, FakeQueue(), FakeQueue()
        self.catalogue = DynamoCatalogue(store.client, store.tables.stock, store.tables.settings)
        self.settings = DynamoSettings(store.client, store.tables.settings)
        self.listings = DynamoListings(store.client, store.tables.stock, store.tables.settings)
        self.configure_catalogue = ConfigureCatalogue(
            catalogue=self.catalogue,
            settings=self.settings,
            order_store=store.order_store,
            pushes=self.pushes,
            orders_queue=self.orders,
        )
        self.configure_channel = ConfigureChannel(
            catalogue=self.catalogue, settings=self.settings, pushes=self.pushes, clock=FakeClock()
        )
        for sku in ("shirt", "hat", "tie"):
            self.configure_catalogue.put_sku(Sku(sku=sku))
        self.configure_catalogue.put_location(Location("M", 1))
        for channel in ("web", "ebay"):
            self.configure_channel.put_channel(Channel(name=channel, kind="generic"))
            self.configure_channel.switch_outbound(channel, on=True, seen="v1")
        self.pushes.sent.clear()

    def lists(self, name: str, sku: str, *aliases: str) -> None:
        self.configure_catalogue.put_listing("web", name, sku, {}, aliases)

    def aliases(self, *names: str) -> dict[str, tuple[str, str]]:
        """Name → (SKU, listing)."""
        return {alias.name: (alias.sku, alias.listing) for alias in self.settings.aliases("web", names)}

    def listed(self, sku: str) -> list[str]:
        view = self.listings.view(sku)
        return [listing.name for listing in view.listings] if view else []

    def kits(self, sku: str) -> tuple[str, ...]:
        view = self.listings.view(sku)
        return view.kits if view else ()


@pytest.fixture
def catalogue(store: HubStore) -> StoredCatalogue:
    return StoredCatalogue(store)


def refusal(act: Callable[[], object]) -> LastunitError:
    with pytest.raises(LastunitError) as caught:
        act()
    return caught.value


# SKUs and kits


def test_a_kit_is_known_to_each_of_its_components(catalogue: StoredCatalogue) -> None:
    catalogue.configure_catalogue.put_sku(SET)

    assert (SET, ("set",), ("set",), ()) == (
        catalogue.store.order_store.items(["set"])["set"],
        catalogue.kits("shirt"),
        catalogue.kits("hat"),
        catalogue.kits("tie"),
    )


def test_a_changed_recipe_forgets_its_former_components(catalogue: StoredCatalogue) -> None:
    catalogue.configure_catalogue.put_sku(SET)

    catalogue.configure_catalogue.put_sku(Sku(sku="set", status=Status.DRAFT, recipe={"shirt": 3, "tie": 1}))

    assert (
        Sku(sku="set", status=Status.DRAFT, recipe={"shirt": 3, "tie": 1})
        == catalogue.store.order_store.items(["set"])["set"]
    )
    assert [("set",), (), ("set",)] == [catalogue.kits(sku) for sku in ("shirt", "hat", "tie")]


def test_a_kit_may_become_a_sku_of_its_own(catalogue: StoredCatalogue) -> None:
    catalogue.configure_catalogue.put_sku(SET)

    catalogue.configure_catalogue.put_sku(Sku(sku="set"))
    catalogue.store.receive("set", "M", 4)

    assert (Sku(sku="set"), ()) == (catalogue.store.order_store.items(["set"])["set"], catalogue.kits("shirt"))


@pytest.mark.parametrize(
    ("recipe", "field"), [({"shirt": 1, "set": 1}, "recipe.set"), ({"shirt": 1, "stranger": 1}, "recipe.stranger")]
)
def test_a_kit_is_made_of_skus_that_exist_and_are_no_kits(
    catalogue: StoredCatalogue, recipe: dict[str, int], field: str
) -> None:
    catalogue.configure_catalogue.put_sku(SET)

    error = refusal(lambda: catalogue.configure_catalogue.put_sku(Sku(sku="mega", recipe=recipe)))

    assert isinstance(error, InvalidInput)
    assert (field, {}, ("set",)) == (
        error.field,
        catalogue.store.order_store.items(["mega"]),
        catalogue.kits("shirt"),
    )


def test_a_component_cannot_become_a_kit(catalogue: StoredCatalogue) -> None:
    catalogue.configure_catalogue.put_sku(SET)

    assert isinstance(
        refusal(lambda: catalogue.configure_catalogue.put_sku(Sku(sku="hat", recipe={"tie": 1}))), Conflict
    )


def test_a_sku_with_stock_cannot_become_a_kit_even_when_all_of_it_is_gone(catalogue: StoredCatalogue) -> None:
    catalogue.store.receive("tie", "M", 1)

    error = refusal(lambda: catalogue.configure_catalogue.put_sku(Sku(sku="tie", recipe={"hat": 1})))

    assert isinstance(error, Conflict)
    assert (Sku(sku="tie"), ()) == (catalogue.store.order_store.items(["tie"])["tie"], catalogue.kits("hat"))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, Sku(sku="shirt")),
        (Sku(sku="set", recipe={"shirt": 9}), Sku(sku="set", recipe={"tie": 1})),
        (Sku(sku="gone"), Sku(sku="gone", status=Status.DRAFT)),
        (Sku(sku="set"), Sku(sku="set", status=Status.DRAFT)),
    ],
)
def test_a_sku_that_changed_since_it_was_read_is_not_overwritten(
    catalogue: StoredCatalogue, before: Sku | None, after: Sku
) -> None:
    catalogue.configure_catalogue.put_sku(SET)

    assert isinstance(refusal(lambda: catalogue.catalogue.put_sku(after, before)), Conflict)
    assert SET == catalogue.store.order_store.items(["set"])["set"]


# Listings and aliases


def test_a_listing_has_further_names_that_only_orders_use(catalogue: StoredCatalogue) -> None:
    catalogue.lists("TEE", "shirt", "variant:1", "TEE", "variant:1")

    assert {"TEE": ("shirt", "TEE"), "variant:1": ("shirt", "TEE")} == catalogue.aliases("TEE", "variant:1")
    assert (["TEE"], [("shirt", "web", "TEE")]) == (
        catalogue.listed("shirt"),
        catalogue.listings.page("web", None, 9)[0],
    )


def test_a_listing_put_again_keeps_what_was_pushed(catalogue: StoredCatalogue) -> None:
    catalogue.lists("TEE", "shirt")
    key = ("shirt", "web", "TEE")
    catalogue.store.client.update_item(
        TableName=catalogue.store.tables.stock,
        Key={"pk": {"S": "SKU#shirt"}, "sk": {"S": "ON#web#TEE"}},
        UpdateExpression="SET acknowledged = :known, sold = :five",
        ExpressionAttributeValues={":five": rows.value(5), ":known": rows.value({"quantity": 5, "sold": 5})},
    )

    catalogue.configure_catalogue.put_listing("web", "TEE", "shirt", {"id": "7"}, [])

    view = catalogue.listings.view("shirt")
    listing = view.listing(key[1], key[2]) if view else None
    assert listing
    assert ({"id": "7"}, 5, 5) == (listing.refs, acknowledged_quantity(listing), listing.sold)


def test_a_listing_moved_to_another_sku_leaves_the_old_one(catalogue: StoredCatalogue) -> None:
    catalogue.lists("TEE", "shirt")

    catalogue.lists("TEE", "hat")

    assert ([], ["TEE"], {"TEE": ("hat", "TEE")}) == (
        catalogue.listed("shirt"),
        catalogue.listed("hat"),
        catalogue.aliases("TEE"),
    )


def test_a_further_name_that_becomes_a_listing_takes_no_other_listing_away(catalogue: StoredCatalogue) -> None:
    catalogue.lists("TEE", "shirt", "variant:1")

    catalogue.lists("variant:1", "hat")

    assert (["TEE"], ["variant:1"]) == (catalogue.listed("shirt"), catalogue.listed("hat"))
    assert {"TEE": ("shirt", "TEE"), "variant:1": ("hat", "variant:1")} == catalogue.aliases("TEE", "variant:1")


def test_a_further_name_may_move_to_another_listing(catalogue: StoredCatalogue) -> None:
    catalogue.lists("TEE", "shirt", "variant:1")

    catalogue.lists("HAT", "hat", "variant:1")

    assert {"variant:1": ("hat", "HAT")} == catalogue.aliases("variant:1")


def test_a_listing_is_no_further_name_of_another(catalogue: StoredCatalogue) -> None:
    catalogue.lists("HAT", "hat")

    error = refusal(lambda: catalogue.lists("TEE", "shirt", "HAT"))

    assert isinstance(error, Conflict)
    assert ({"HAT": ("hat", "HAT")}, ["HAT"]) == (catalogue.aliases("HAT"), catalogue.listed("hat"))


@pytest.mark.parametrize("before", [None, Alias("TEE", "hat", "TEE")])
def test_a_name_that_changed_since_it_was_read_is_not_overwritten(
    catalogue: StoredCatalogue, before: Alias | None
) -> None:
    catalogue.lists("TEE", "shirt")

    error = refusal(lambda: catalogue.catalogue.put_listing("web", Alias("TEE", "tie", "TEE"), {}, before))

    assert isinstance(error, Conflict)
    assert ({"TEE": ("shirt", "TEE")}, ["TEE"], []) == (
        catalogue.aliases("TEE"),
        catalogue.listed("shirt"),
        catalogue.listed("tie"),
    )


def test_a_listing_needs_a_sku_and_a_channel_that_exist(catalogue: StoredCatalogue) -> None:
    of_sku = refusal(lambda: catalogue.lists("TEE", "stranger"))
    of_channel = refusal(lambda: catalogue.configure_catalogue.put_listing("closed", "TEE", "shirt", {}, []))

    assert isinstance(of_sku, MissingReference)
    assert isinstance(of_channel, NotFound)
    assert (("sku", "channel"), {}) == ((of_sku.field, of_channel.kind), catalogue.aliases("TEE"))


def test_names_of_one_channel_mean_nothing_on_another(catalogue: StoredCatalogue) -> None:
    catalogue.lists("TEE", "shirt")

    assert () == catalogue.settings.aliases("ebay", ["TEE"])


def test_orders_that_waited_for_a_name_are_tried_again(catalogue: StoredCatalogue) -> None:
    unknown = [
        OrderSnapshot(channel="web", external_id=at, revision="1", lines=(SnapshotLine("1", (name,), 1),))
        for at, name in (("1", "TEE"), ("2", "?"))
    ]
    catalogue.store.change_orders().apply([Incoming(one.external_id, one) for one in unknown])

    catalogue.lists("OTHER", "shirt", "TEE")

    assert [RetryOrderMessage(channel="web", external_id="1")] == catalogue.orders.sent


def test_orders_that_waited_for_a_name_which_needs_no_stock_are_tried_again(catalogue: StoredCatalogue) -> None:
    unknown = [
        OrderSnapshot(channel="web", external_id=at, revision="1", lines=(SnapshotLine("1", (name,), 1),))
        for at, name in (("1", "express-fee"), ("2", "?"))
    ]
    catalogue.store.change_orders().apply([Incoming(one.external_id, one) for one in unknown])

    for patterns in ((), ("*-fee",)):
        catalogue.configure_catalogue.retry_without_stock(
            Channel(name="web", kind="generic", no_stock_names=patterns)
        )

    assert [RetryOrderMessage(channel="web", external_id="1")] == catalogue.orders.sent


# SKUs that need no stock


def test_a_sku_without_stock_is_listed_nowhere_and_known_by_its_names(catalogue: StoredCatalogue) -> None:
    catalogue.configure_catalogue.put_sku(Sku(sku="fee", tracked=False))

    catalogue.lists("TIP", "fee", "GIFT")

    assert ({"TIP": ("fee", "TIP"), "GIFT": ("fee", "TIP")}, []) == (
        catalogue.aliases("TIP", "GIFT"),
        catalogue.listed("fee"),
    )
    assert not catalogue.store.order_store.items(["fee"])["fee"].tracked


def test_a_listing_given_to_a_sku_without_stock_leaves_its_old_one(catalogue: StoredCatalogue) -> None:
    catalogue.configure_catalogue.put_sku(Sku(sku="fee", tracked=False))
    catalogue.lists("TEE", "shirt")

    catalogue.lists("TEE", "fee")

    assert ({"TEE": ("fee", "TEE")}, []) == (catalogue.aliases("TEE"), catalogue.listed("shirt"))


@pytest.mark.parametrize("tracked", [True, False])
def test_whether_a_sku_is_tracked_cannot_change(catalogue: StoredCatalogue, tracked: bool) -> None:
    catalogue.configure_catalogue.put_sku(Sku(sku="x", tracked=tracked))

    refused = refusal(lambda: catalogue.configure_catalogue.put_sku(Sku(sku="x", tracked=not tracked)))

    assert isinstance(refused, Conflict)
    assert tracked is catalogue.configure_catalogue.is_tracked("x")


def test_a_kit_contains_nothing_that_needs_no_stock(catalogue: StoredCatalogue) -> None:
    catalogue.configure_catalogue.put_sku(Sku(sku="fee", tracked=False))

    refused = refusal(lambda: catalogue.configure_catalogue.put_sku(Sku(sku="set", recipe={"shirt": 1, "fee": 1})))

    assert isinstance(refused, InvalidInput)
    assert "recipe.fee" == refused.field


def test_nothing_is_received_of_a_sku_that_needs_no_stock(catalogue: StoredCatalogue) -> None:
    catalogue.configure_catalogue.put_sku(Sku(sku="fee", tracked=False))

    refused = refusal(lambda: catalogue.store.receive("fee", "M", 1))

    assert isinstance(refused, InvalidInput)
    assert "sku" == refused.field


@pytest.mark.parametrize("more", [{"recipe": {"hat": 1}}, {"low_stock": 3}])
def test_a_sku_without_stock_has_neither_parts_nor_a_mark(more: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match="tracked"):
        Sku(sku="fee", tracked=False, **more)


# Locations and channels


def test_a_changed_location_is_pushed_to_every_channel(catalogue: StoredCatalogue) -> None:
    catalogue.configure_catalogue.put_location(Location("M", 2))

    assert (Location("M", 2),) == catalogue.settings.locations()
    assert [PushChannelMessage(channel=name) for name in ("ebay", "web")] == catalogue.pushes.sent


def test_a_location_that_closes_or_opens_again_overwrites_every_channel(catalogue: StoredCatalogue) -> None:
    for closed in (True, False):
        catalogue.configure_catalogue.put_location(Location("M", 1, blacked_out=closed))

    assert (Location("M", 1),) == catalogue.settings.locations()
    told = [PushChannelMessage(channel=name, overwrite=True) for name in ("ebay", "web")]
    assert [*told, *told] == catalogue.pushes.sent


def test_locations_come_in_the_order_of_their_ranks(catalogue: StoredCatalogue) -> None:
    catalogue.configure_catalogue.put_location(Location("A", 3))
    catalogue.configure_catalogue.put_location(Location("Z", 1))

    assert ["M", "Z", "A"] == names(catalogue.settings.locations())


def test_each_change_of_a_channel_is_a_version_that_is_pushed_all_its_numbers(catalogue: StoredCatalogue) -> None:
    stored = catalogue.configure_channel.put_channel(
        Channel(name="web", kind="generic", buffer=3, locations=frozenset({"M"}))
    ).channel

    assert (3, stored) == (stored.version, catalogue.settings.channel("web"))
    assert ([PushChannelMessage(channel="web")], ("ebay", "web")) == (
        catalogue.pushes.sent,
        catalogue.settings.channels(),
    )


@pytest.mark.parametrize("version", [1, 2, 3, 5])
def test_a_channel_that_changed_since_it_was_read_is_not_overwritten(
    catalogue: StoredCatalogue, version: int
) -> None:
    catalogue.configure_channel.put_channel(Channel(name="web", kind="generic", buffer=3))
    late, revision = Channel(name="web", kind="generic", version=version), catalogue.catalogue.revision()

    error = refusal(lambda: catalogue.catalogue.put_channel(late, revision, NOON))

    assert isinstance(error, Contention)
    stored = catalogue.settings.channel("web")
    assert (3, 3) == (stored and stored.buffer, stored and stored.version)


@pytest.mark.parametrize(
    ("channel", "field"),
    [
        (Channel(name="web", kind="shopify"), "kind"),
        (Channel(name="web", kind="generic", locations=frozenset({"M", "moon"})), "locations"),
    ],
)
def test_a_channel_keeps_its_kind_and_uses_locations_that_exist(
    catalogue: StoredCatalogue, channel: Channel, field: str
) -> None:
    error = refusal(lambda: catalogue.configure_channel.put_channel(channel))

    assert isinstance(error, InvalidInput)
    assert (field, []) == (error.field, catalogue.pushes.sent)


def test_there_is_no_channel_of_an_unknown_name(catalogue: StoredCatalogue) -> None:
    assert catalogue.settings.channel("closed") is None


def names(locations: Iterable[Location]) -> list[str]:
    return [place.name for place in locations]

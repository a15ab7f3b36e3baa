"""What is sold, where, under which names: kits, listings and their aliases, channels and their versions."""

from collections.abc import Callable, Iterable

import pytest

from lastunit.adapters.catalogue import DynamoCatalogue
from lastunit.adapters.listings import DynamoListings
from lastunit.adapters.settings import DynamoSettings
from lastunit.change_orders import Incoming
from lastunit.configure import Configure
from lastunit.domain.catalogue import Alias, Location, Sku, Status
from lastunit.domain.channels import Channel
from lastunit.domain.errors import Conflict, Contention, InvalidInput, LastunitError, NotFound
from lastunit.domain.snapshots import Snapshot, SnapshotLine
from tests.dynamo import Store
from tests.fakes import NOON, FixedClock
from tests.pushing import FakeQueue

SET = Sku("set", recipe={"shirt": 1, "hat": 2})


class Desk:
    """Configuring a small shop: SKUs without stock, one location, two channels."""

    def __init__(self, store: Store) -> None:
        self.store, self.pushes, self.orders = store, FakeQueue(), FakeQueue()
        self.catalogue = DynamoCatalogue(store.client, store.tables.stock, store.tables.settings)
        self.settings = DynamoSettings(store.client, store.tables.settings)
        self.listings = DynamoListings(store.client, store.tables.stock, store.tables.settings)
        self.configure = Configure(
            self.catalogue, self.settings, store.book, self.pushes, self.orders, FixedClock()
        )
        for sku in ("shirt", "hat", "tie"):
            self.configure.put_sku(Sku(sku))
        self.configure.put_location(Location("M", 1))
        for channel in ("web", "ebay"):
            self.configure.put_channel(Channel(channel, "generic"))
            self.configure.switch_outbound(channel, on=True, seen="v1")
        self.pushes.sent.clear()

    def lists(self, name: str, sku: str, *aliases: str) -> None:
        self.configure.put_listing("web", name, sku, {}, aliases)

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
def desk(store: Store) -> Desk:
    return Desk(store)


def refusal(act: Callable[[], object]) -> LastunitError:
    with pytest.raises(LastunitError) as caught:
        act()
    return caught.value


# SKUs and kits


def test_a_kit_is_known_to_each_of_its_components(desk: Desk) -> None:
    desk.configure.put_sku(SET)

    assert (SET, ("set",), ("set",), ()) == (
        desk.store.book.items(["set"])["set"],
        desk.kits("shirt"),
        desk.kits("hat"),
        desk.kits("tie"),
    )


def test_a_changed_recipe_forgets_its_former_components(desk: Desk) -> None:
    desk.configure.put_sku(SET)

    desk.configure.put_sku(Sku("set", Status.DRAFT, {"shirt": 3, "tie": 1}))

    assert Sku("set", Status.DRAFT, {"shirt": 3, "tie": 1}) == desk.store.book.items(["set"])["set"]
    assert [("set",), (), ("set",)] == [desk.kits(sku) for sku in ("shirt", "hat", "tie")]


def test_a_kit_may_become_a_sku_of_its_own(desk: Desk) -> None:
    desk.configure.put_sku(SET)

    desk.configure.put_sku(Sku("set"))
    desk.store.receive("set", "M", 4)

    assert (Sku("set"), ()) == (desk.store.book.items(["set"])["set"], desk.kits("shirt"))


@pytest.mark.parametrize(
    ("recipe", "field"), [({"shirt": 1, "set": 1}, "recipe.set"), ({"shirt": 1, "stranger": 1}, "recipe.stranger")]
)
def test_a_kit_is_made_of_skus_that_exist_and_are_no_kits(desk: Desk, recipe: dict[str, int], field: str) -> None:
    desk.configure.put_sku(SET)

    error = refusal(lambda: desk.configure.put_sku(Sku("mega", recipe=recipe)))

    assert isinstance(error, InvalidInput)
    assert (field, {}, ("set",)) == (error.field, desk.store.book.items(["mega"]), desk.kits("shirt"))


def test_a_component_cannot_become_a_kit(desk: Desk) -> None:
    desk.configure.put_sku(SET)

    assert isinstance(refusal(lambda: desk.configure.put_sku(Sku("hat", recipe={"tie": 1}))), Conflict)


def test_a_sku_with_stock_cannot_become_a_kit_even_when_all_of_it_is_gone(desk: Desk) -> None:
    desk.store.receive("tie", "M", 1)

    error = refusal(lambda: desk.configure.put_sku(Sku("tie", recipe={"hat": 1})))

    assert isinstance(error, Conflict)
    assert (Sku("tie"), ()) == (desk.store.book.items(["tie"])["tie"], desk.kits("hat"))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, Sku("shirt")),
        (Sku("set", recipe={"shirt": 9}), Sku("set", recipe={"tie": 1})),
        (Sku("gone"), Sku("gone", Status.DRAFT)),
        (Sku("set"), Sku("set", Status.DRAFT)),
    ],
)
def test_a_sku_that_changed_since_it_was_read_is_not_overwritten(
    desk: Desk, before: Sku | None, after: Sku
) -> None:
    desk.configure.put_sku(SET)

    assert isinstance(refusal(lambda: desk.catalogue.put_sku(after, before)), Conflict)
    assert SET == desk.store.book.items(["set"])["set"]


# Listings and aliases


def test_a_listing_has_further_names_that_only_orders_use(desk: Desk) -> None:
    desk.lists("TEE", "shirt", "variant:1", "TEE", "variant:1")

    assert {"TEE": ("shirt", "TEE"), "variant:1": ("shirt", "TEE")} == desk.aliases("TEE", "variant:1")
    assert (["TEE"], [("shirt", "web", "TEE")]) == (desk.listed("shirt"), desk.listings.page("web", None, 9)[0])


def test_a_listing_put_again_keeps_what_its_channel_was_told(desk: Desk) -> None:
    desk.lists("TEE", "shirt")
    key = ("shirt", "web", "TEE")
    desk.store.client.update_item(
        TableName=desk.store.tables.stock,
        Key={"pk": {"S": "SKU#shirt"}, "sk": {"S": "ON#web#TEE"}},
        UpdateExpression="SET acknowledged = :five, sold = :five",
        ExpressionAttributeValues={":five": {"N": "5"}},
    )

    desk.configure.put_listing("web", "TEE", "shirt", {"id": "7"}, [])

    view = desk.listings.view("shirt")
    listing = view.listing(key[1], key[2]) if view else None
    assert listing
    assert ({"id": "7"}, 5, 5) == (listing.refs, listing.acknowledged, listing.sold)


def test_a_listing_moved_to_another_sku_leaves_the_old_one(desk: Desk) -> None:
    desk.lists("TEE", "shirt")

    desk.lists("TEE", "hat")

    assert ([], ["TEE"], {"TEE": ("hat", "TEE")}) == (desk.listed("shirt"), desk.listed("hat"), desk.aliases("TEE"))


def test_a_further_name_that_becomes_a_listing_takes_no_other_listing_away(desk: Desk) -> None:
    desk.lists("TEE", "shirt", "variant:1")

    desk.lists("variant:1", "hat")

    assert (["TEE"], ["variant:1"]) == (desk.listed("shirt"), desk.listed("hat"))
    assert {"TEE": ("shirt", "TEE"), "variant:1": ("hat", "variant:1")} == desk.aliases("TEE", "variant:1")


def test_a_further_name_may_move_to_another_listing(desk: Desk) -> None:
    desk.lists("TEE", "shirt", "variant:1")

    desk.lists("HAT", "hat", "variant:1")

    assert {"variant:1": ("hat", "HAT")} == desk.aliases("variant:1")


def test_a_listing_is_no_further_name_of_another(desk: Desk) -> None:
    desk.lists("HAT", "hat")

    error = refusal(lambda: desk.lists("TEE", "shirt", "HAT"))

    assert isinstance(error, Conflict)
    assert ({"HAT": ("hat", "HAT")}, ["HAT"]) == (desk.aliases("HAT"), desk.listed("hat"))


@pytest.mark.parametrize("before", [None, Alias("TEE", "hat", "TEE")])
def test_a_name_that_changed_since_it_was_read_is_not_overwritten(desk: Desk, before: Alias | None) -> None:
    desk.lists("TEE", "shirt")

    error = refusal(lambda: desk.catalogue.put_listing("web", Alias("TEE", "tie", "TEE"), {}, before))

    assert isinstance(error, Conflict)
    assert ({"TEE": ("shirt", "TEE")}, ["TEE"], []) == (
        desk.aliases("TEE"),
        desk.listed("shirt"),
        desk.listed("tie"),
    )


def test_a_listing_needs_a_sku_and_a_channel_that_exist(desk: Desk) -> None:
    of_sku = refusal(lambda: desk.lists("TEE", "stranger"))
    of_channel = refusal(lambda: desk.configure.put_listing("closed", "TEE", "shirt", {}, []))

    assert isinstance(of_sku, NotFound)
    assert isinstance(of_channel, NotFound)
    assert (("sku", "channel"), {}) == ((of_sku.kind, of_channel.kind), desk.aliases("TEE"))


def test_names_of_one_channel_mean_nothing_on_another(desk: Desk) -> None:
    desk.lists("TEE", "shirt")

    assert () == desk.settings.aliases("ebay", ["TEE"])


def test_orders_that_waited_for_a_name_are_tried_again(desk: Desk) -> None:
    unknown = [
        Snapshot("web", at, "1", (SnapshotLine("1", (name,), 1),)) for at, name in (("1", "TEE"), ("2", "?"))
    ]
    desk.store.change_orders()([Incoming(one.external_id, one) for one in unknown])

    desk.lists("OTHER", "shirt", "TEE")

    assert [{"channel": "web", "retry": "1"}] == desk.orders.sent


# Locations and channels


def test_a_changed_location_is_told_to_every_channel(desk: Desk) -> None:
    desk.configure.put_location(Location("M", 2))

    assert (Location("M", 2),) == desk.settings.locations()
    assert [{"channel": name, "after": None} for name in ("ebay", "web")] == desk.pushes.sent


def test_a_location_that_closes_or_opens_again_overwrites_every_channel(desk: Desk) -> None:
    for closed in (True, False):
        desk.configure.put_location(Location("M", 1, blacked_out=closed))

    assert (Location("M", 1),) == desk.settings.locations()
    told = [{"channel": name, "after": None, "overwrite": True} for name in ("ebay", "web")]
    assert [*told, *told] == desk.pushes.sent


def test_locations_come_in_the_order_of_their_ranks(desk: Desk) -> None:
    desk.configure.put_location(Location("A", 3))
    desk.configure.put_location(Location("Z", 1))

    assert ["M", "Z", "A"] == names(desk.settings.locations())


def test_each_change_of_a_channel_is_a_version_that_is_told_all_its_numbers(desk: Desk) -> None:
    stored = desk.configure.put_channel(Channel("web", "generic", buffer=3, locations=frozenset({"M"}))).channel

    assert (3, stored) == (stored.version, desk.settings.channel("web"))
    assert ([{"channel": "web", "after": None}], ("ebay", "web")) == (desk.pushes.sent, desk.settings.channels())


@pytest.mark.parametrize("version", [1, 2, 3, 5])
def test_a_channel_that_changed_since_it_was_read_is_not_overwritten(desk: Desk, version: int) -> None:
    desk.configure.put_channel(Channel("web", "generic", buffer=3))
    late, revision = Channel("web", "generic", version=version), desk.catalogue.revision()

    error = refusal(lambda: desk.catalogue.put_channel(late, revision, NOON))

    assert isinstance(error, Contention)
    stored = desk.settings.channel("web")
    assert (3, 3) == (stored and stored.buffer, stored and stored.version)


@pytest.mark.parametrize(
    ("channel", "field"),
    [
        (Channel("web", "shopify"), "kind"),
        (Channel("web", "generic", locations=frozenset({"M", "moon"})), "locations"),
    ],
)
def test_a_channel_keeps_its_kind_and_uses_locations_that_exist(desk: Desk, channel: Channel, field: str) -> None:
    error = refusal(lambda: desk.configure.put_channel(channel))

    assert isinstance(error, InvalidInput)
    assert (field, []) == (error.field, desk.pushes.sent)


def test_there_is_no_channel_of_an_unknown_name(desk: Desk) -> None:
    assert desk.settings.channel("closed") is None


def names(locations: Iterable[Location]) -> list[str]:
    return [place.name for place in locations]

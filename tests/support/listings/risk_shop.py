"""A shop of shirts, hats and sets of both, for the tests of units at risk."""

from lastunit.domain.channel import Channel
from lastunit.domain.keys import LevelKey
from lastunit.domain.listings.listing import Listing
from lastunit.domain.stock.catalogue import Location, Sku
from lastunit.domain.stock.level_changed import LevelChanged
from lastunit.use_cases.listings.keep_units_at_risk import KeepUnitsAtRisk
from lastunit.use_cases.listings.track_stock import TrackStock
from tests.support.clock import NOON, FakeClock
from tests.support.listings.pushing import FakeListings, FakeQueue, ListingRow
from tests.support.listings.risks import FakeRisks
from tests.support.settings import FakeSettings
from tests.support.stock.levels import stocked


def escrow_listing(sku: str, channel: str, granted: int, *, booked: int = 0, sold: int = 0) -> Listing:
    return Listing(channel=channel, name=sku, sku=sku, granted=granted, booked=booked, sold=sold)


def shop(*listings: Listing, **available: int) -> FakeListings:
    """A set is one hat and two shirts."""
    skus = {"shirt": Sku(sku="shirt"), "hat": Sku(sku="hat"), "set": Sku(sku="set", recipe={"shirt": 2, "hat": 1})}
    levels = {LevelKey(sku, "M"): stocked(sku, "M", units) for sku, units in available.items()}
    return FakeListings(skus, levels, {one.key: ListingRow(one) for one in listings})


def moved(sku: str, before: int, after: int) -> LevelChanged:
    return LevelChanged(stocked(sku, "M", before), stocked(sku, "M", after), NOON.isoformat())


def track(listings: FakeListings, queue: FakeQueue, risks: FakeRisks | None = None) -> TrackStock:
    settings = FakeSettings({"web": Channel(name="web", kind="generic")}, (Location("M", 1),))
    keep_risk = KeepUnitsAtRisk(listings, risks or FakeRisks(), FakeClock())
    return TrackStock(listings=listings, settings=settings, queue=queue, orders=FakeQueue(), keep_risk=keep_risk)

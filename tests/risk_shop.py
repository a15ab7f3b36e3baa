"""A shop of shirts, hats and sets of both, for the tests of units at risk."""

from lastunit.domain.catalogue import Location, Sku
from lastunit.domain.channels import Channel
from lastunit.domain.events import LevelChanged
from lastunit.domain.exposure import Listing
from lastunit.risk import KeepRisk
from lastunit.track import TrackStock
from tests.fakes import NOON, FakeSettings, FixedClock, stocked
from tests.pushing import FakeListings, FakeQueue, Row
from tests.risks import FakeRisks


def told(sku: str, channel: str, granted: int, *, booked: int = 0, sold: int = 0) -> Listing:
    return Listing(channel, sku, sku, granted=granted, booked=booked, sold=sold)


def shop(*listings: Listing, **available: int) -> FakeListings:
    """A set is one hat and two shirts."""
    skus = {"shirt": Sku("shirt"), "hat": Sku("hat"), "set": Sku("set", recipe={"shirt": 2, "hat": 1})}
    levels = {(sku, "M"): stocked(sku, "M", units) for sku, units in available.items()}
    return FakeListings(skus, levels, {one.key: Row(one) for one in listings})


def moved(sku: str, before: int, after: int) -> LevelChanged:
    return LevelChanged(stocked(sku, "M", before), stocked(sku, "M", after), NOON.isoformat())


def track(listings: FakeListings, queue: FakeQueue, risks: FakeRisks | None = None) -> TrackStock:
    settings = FakeSettings({"web": Channel("web", "generic")}, (Location("M", 1),))
    keep_risk = KeepRisk(listings, risks or FakeRisks(), FixedClock())
    return TrackStock(listings, settings, queue, FakeQueue(), keep_risk)

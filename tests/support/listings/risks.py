"""Stand-ins for what is kept about risk: the rows of SKUs at risk, and the counts of delays."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from lastunit.domain.listings.push_delays import Delays
from lastunit.domain.listings.units_at_risk import AtRisk
from lastunit.domain.orders.order import Order


@dataclass(slots=True)
class FakeDelays:
    """Counts by channel and day."""

    counts: dict[tuple[str, date], Counter[int]] = field(default_factory=dict)

    def count(self, channel: str, day: date, delays: Delays) -> None:
        self.counts.setdefault((channel, day), Counter()).update(delays)

    def since(self, channel: str, day: date) -> Delays:
        found = [counts for (name, at), counts in self.counts.items() if name == channel and at >= day]
        return sum(found, Counter[int]())


@dataclass(slots=True)
class FakeRisks:
    """`meanwhile` happens just before the next rows are kept, one each."""

    rows: dict[str, AtRisk] = field(default_factory=dict)
    kept: list[str] = field(default_factory=list)
    meanwhile: list[Callable[[], None]] = field(default_factory=list)

    def keep(self, units: Mapping[str, int], at: datetime) -> set[str]:
        if self.meanwhile:
            self.meanwhile.pop(0)()
        changed = {sku for sku in units if units[sku] != (self.rows[sku].units if sku in self.rows else 0)}
        for sku in changed:
            self.rows[sku] = AtRisk(sku, units[sku], at)
            if not units[sku]:
                del self.rows[sku]
        self.kept += sorted(changed)
        return changed

    def all(self) -> list[AtRisk]:
        return list(self.rows.values())


@dataclass(slots=True)
class FakePastOrders:
    orders: Sequence[Order] = ()
    asked: list[datetime] = field(default_factory=list)

    def since(self, at: datetime, most: int, seconds: float) -> tuple[list[Order], bool]:
        self.asked.append(at)
        return list(self.orders[:most]), len(self.orders) <= most

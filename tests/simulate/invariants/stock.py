"""The two invariants that docs/escrow.md rests on, looked at in what the hub has written of channels and levels."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from tests.channels.marketplace import Marketplace
from tests.simulate.invariants.checks import LevelKey, Violation
from tests.simulate.rows import Row, number, plain
from tests.simulate.shop_world import Sale
from tests.simulate.store import Write

ListingKey = tuple[str, str]
"""(Channel, name)."""


@dataclass(slots=True)
class PushInvariant:
    """`recipes`: what is sold → stocked SKU → units in one. `buffer`: what is kept of each SKU.

    `told`: by how much a listing's number was raised by us, in all; what its channel does itself is not in it.
    `cancelled_first`: orders whose cancel was told before themselves.
    """

    markets: Mapping[str, Marketplace]
    recipes: Mapping[str, Mapping[str, int]]
    buffer: int
    sales: Sequence[Sale]
    is_open: bool = False
    listings: dict[ListingKey, Row] = field(default_factory=dict)
    available: dict[LevelKey, int] = field(default_factory=dict)
    pushed: Counter[ListingKey] = field(default_factory=Counter)
    cancelled_first: set[str] = field(default_factory=set)
    _shown: Counter[ListingKey] = field(default_factory=Counter)
    _read: Counter[str] = field(default_factory=Counter)

    def __call__(self, writes: Sequence[Write]) -> None:
        """To be called with each write. Raises Violation."""
        booked, told_of = list[ListingKey](), False
        for write in writes:
            kind, _, rest = write.key["sk"]["S"].partition("#")
            if kind == "ORDER" and plain(write.after or {}).get("reason") == "cancelled_before_order":
                self.cancelled_first.add(":".join(write.key["pk"]["S"].split("#", 2)[1:]))
            elif kind == "AT":
                self.available[write.key["pk"]["S"].removeprefix("SKU#"), rest] = number(write.after, "available")
            elif kind == "ON" and write.after:
                channel, _, name = rest.partition("#")
                self.listings[channel, name] = after = plain(write.after)
                told_of = True
                if after.get("booked") and write.before and _sent_at(after) != _sent_at(plain(write.before)):
                    booked.append((channel, name))
        if self.is_open and told_of:
            self._check_room(booked)
            self.check_pushed()

    def check_pushed(self) -> None:
        """I1, for units sold and units put back alike: no channel was told more than is booked for it."""
        for channel, market in self.markets.items():
            self._hear(channel, market)
        for key, row in self.listings.items():
            most = max(row.get("granted", 0) + row.get("booked", 0), row.get("sold", 0))
            most += sum(sale.lines.get(key[1], 0) for sale in self.uncounted() if sale.channel == key[0])
            if self.pushed[key] > most:
                raise Violation("7", f"{key} was told {self.pushed[key]} in all, and {most} are booked")

    def uncounted(self) -> list[Sale]:
        """What their channels put back and the hub cannot count, which docs/escrow.md says is not covered."""
        return [sale for sale in self.sales if sale.order_id in self.cancelled_first]

    def _hear(self, channel: str, market: Marketplace) -> None:
        for change in market.history[self._read[channel] :]:
            key = channel, change.name
            if change.cause in ("listed", "push"):
                self.pushed[key] += change.quantity - self._shown[key]
            self._shown[key] = change.quantity
        self._read[channel] = len(market.history)

    def _check_room(self, booked: Iterable[ListingKey]) -> None:
        """I2, whenever a number is booked that takes room."""
        for key in booked:
            for sku in self.recipes[key[1]]:
                there = sum(units for (name, _), units in self.available.items() if name == sku) - self.buffer
                taken = sum(
                    _taken(row) * self.recipes[name].get(sku, 0) for (_, name), row in self.listings.items()
                )
                if taken > there:
                    raise Violation(
                        "7", f"{key} was booked: of {sku} {taken} are exposed or owed, {there} are there"
                    )


def _sent_at(row: Row) -> str | None:
    """When the request under way left."""
    at: str | None = row.get("in_flight", {}).get("sent_at")
    return at


def _taken(row: Row) -> int:
    exposed: int = row.get("granted", 0) + row.get("booked", 0) - row.get("sold", 0)
    unallocated: int = row.get("sold_unallocated", 0)
    return max(0, exposed) + unallocated

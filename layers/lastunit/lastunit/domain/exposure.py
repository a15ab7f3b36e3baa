"""The one function that says what a channel may show (promise 6), and what it is believed to show now."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from lastunit.domain.catalogue import Location, Sku, Status
from lastunit.domain.channels import Channel
from lastunit.domain.levels import Level
from lastunit.domain.pushes import Failure

LevelsOf = Callable[[str], Sequence[Level]]
"""SKU → its levels at all locations."""


def shown(
    channel: Channel, item: Sku, parts: Mapping[str, Sku], levels: LevelsOf, ranked: Sequence[Location]
) -> int:
    """min(cap, floor(share × max(0, Σ available over the channel's locations − buffer))); `design.md` section 7.

    A kit counts by its scarcest component, a draft (or a kit with a draft inside) as 0. Less than the channel's
    `minimum` is shown as 0.
    """
    if any(sku.status is Status.DRAFT for sku in (item, *parts.values())):
        return 0
    open_at = {place.name for place in ranked if not place.blacked_out and channel.may_use(place.name)}
    pool = min(
        sum(level.available for level in levels(sku) if level.location in open_at) // units
        for sku, units in item.parts.items()
    )
    number = channel.share_percent * max(0, pool - channel.buffer) // 100
    number = number if channel.cap is None else min(channel.cap, number)
    return number if number >= channel.minimum else 0


@dataclass(frozen=True, slots=True)
class LastError:
    failure: Failure
    message: str
    at: str


@dataclass(frozen=True, slots=True)
class Listing:
    """A SKU as one channel shows it, with what was last pushed and acknowledged.

    `sold` counts the units of this listing in imported orders, for ever; `acknowledged_sold` is its value that the
    acknowledged number already takes into account. Their difference is what the channel has lowered itself since.
    `in_flight` is a number whose outcome is not known yet. `sequence` grows with every push.
    """

    channel: str
    name: str
    sku: str
    refs: Mapping[str, str] = field(default_factory=dict)
    sold: int = 0
    acknowledged: int | None = None
    acknowledged_sold: int = 0
    acknowledged_at: str | None = None
    channel_version: str | None = None
    in_flight: int | None = None
    in_flight_sold: int = 0
    sequence: int = 0
    last_error: LastError | None = None

    @property
    def believed(self) -> int | None:
        """What the channel shows if it sold nothing that the hub has not imported."""
        return None if self.acknowledged is None else self._since(self.acknowledged, self.acknowledged_sold)

    def _since(self, quantity: int, sold: int) -> int:
        """A number after the sales that were imported since it was told."""
        return max(0, quantity - (self.sold - sold))

    @property
    def is_trusted(self) -> bool:
        """Is `believed` what the channel shows, as far as anyone can know without looking?

        With `acknowledged_sold` ahead of `sold` it is not: those sales are still to be imported, or the channel
        took units back.
        """
        return self.acknowledged is not None and self.in_flight is None and self.acknowledged_sold <= self.sold

    def read_back(self, current: int) -> "Listing":
        """Later numbers are judged by what the channel was found to show, its unseen sales taken into account."""
        return replace(self, acknowledged=current, acknowledged_sold=self.sold + self.unseen(current))

    def is_confirmed(self, quantity: int) -> bool:
        """The channel itself said this number, and nothing has happened to it since."""
        settled = self.in_flight is None and self.last_error is None
        return settled and self.sold == self.acknowledged_sold and self.acknowledged == quantity

    def unseen(self, current: int) -> int:
        """Units the channel must have sold that are not imported yet, judged by the number it shows now.

        With a number in flight either may be what it counts down from: the nearer one that explains `current`.
        """
        bases = [self.believed] if self.believed is not None else []
        if self.in_flight is not None:
            bases.append(self._since(self.in_flight, self.in_flight_sold))
        return min((base - current for base in bases if base >= current), default=0)

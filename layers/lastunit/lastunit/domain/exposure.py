"""The one function that says what a channel may show (promise 6), and what it is believed to show now."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from lastunit.domain.booking import Exposure
from lastunit.domain.catalogue import Location, Sku, Status
from lastunit.domain.channels import Channel, Mode
from lastunit.domain.groups import ListingKey
from lastunit.domain.levels import Level, LevelKey
from lastunit.domain.pushes import Failure, Target
from lastunit.domain.sharing import exclusive_units

PACE_HALF_LIFE_DAYS = 7.0  # What sold a week ago tells half as much about tomorrow as what sold today.
PACE_SCALE = 1000  # Paces are kept in thousandths of a unit.

LevelsOf = Callable[[str], Sequence[Level]]
"""SKU → its levels at all locations."""


def shown(
    channel: Channel,
    item: Sku,
    parts: Mapping[str, Sku],
    levels: LevelsOf,
    ranked: Sequence[Location],
    channels: Iterable[Channel] = (),
) -> int:
    """min(cap, floor(share × max(0, Σ available over the channel's locations − buffer))); `design.md` section 7.

    A kit counts by its scarcest component, a draft (or a kit with a draft inside) as 0. Less than the channel's
    `minimum` is shown as 0, and so is everything on a channel that is held. An exclusive channel's part depends on
    those of the other `channels`.
    """
    if channel.held or any(sku.status is Status.DRAFT for sku in (item, *parts.values())):
        return 0
    open_at = {place.name for place in ranked if not place.blacked_out and channel.may_use(place.name)}
    pool = min(
        sum(level.available for level in levels(sku) if level.location in open_at) // units
        for sku, units in item.parts.items()
    )
    number = _share(channel, channels, pool)
    number = number if channel.cap is None else min(channel.cap, number)
    return number if number >= channel.minimum else 0


def _share(channel: Channel, channels: Iterable[Channel], pool: int) -> int:
    if channel.mode is Mode.EXCLUSIVE:
        return exclusive_units(channel, channels, pool)
    return channel.share_percent * max(0, pool - channel.buffer) // 100


@dataclass(frozen=True, slots=True)
class LastError:
    failure: Failure
    message: str
    at: str


@dataclass(frozen=True, slots=True)
class Seen:
    """A level as the increases counted so far left it."""

    seq: int
    available: int


@dataclass(frozen=True, slots=True)
class Rises:
    """Increases of a listing's number for a channel that is told only increases (rules 1.5-2, 1.5-14), in units.

    They count from the beginning of time: what the rule made of the increases, what of it the channel put back on
    its shelf itself, and what it was sent. `regrown` is all that it ever put back, sold again or not.
    `seen`: (SKU, location) → the level that `risen` stands at; `rev` counts its writes.
    """

    risen: int = 0
    restocked: int = 0
    regrown: int = 0
    sent: int = 0
    seen: Mapping[LevelKey, Seen] = field(default_factory=dict)
    rev: int = 0

    @property
    def due(self) -> int:
        return max(0, self.risen - self.restocked - self.sent)


@dataclass(frozen=True, slots=True)
class Listing:
    """A SKU as one channel shows it, with what was last pushed and acknowledged.

    `sold` counts the units of this listing in imported orders, for ever; `acknowledged_sold` is its value that the
    acknowledged number already takes into account. Their difference is what the channel has lowered itself since.
    `acknowledged_regrown`: likewise of the units it put back, less those a request without an answer may explain.
    `owed`: units of it that were sold and no stock was promised for yet: their order waits for units, or a person.
    `in_flight` is a number whose outcome is not known yet, sent at `sent_at`. `sequence` grows with every push.

    `granted` and `booked` are its exposure (`domain/booking.py`). A request given up may still be applied until
    `doubt_until`. `observed` is a number the channel certainly showed when its poll `observed_poll` was the last
    begun; `observed_regrown`: units put back by what was imported when it was looked at. `settling`: it waits for a
    later poll, for its exposure to fall to that number or for units taken for sales to be known for none.
    `override` replaces numbers of its channel's settings. `frozen`: it drifted, and only a person or an overwrite
    touches it. `pace`: its sales lately, up to `pace_sold` and `pace_at`. `rising`: units of an increase whose
    outcome is not known yet, added to `rising_from` where that was read first.
    """

    channel: str
    name: str
    sku: str
    refs: Mapping[str, str] = field(default_factory=dict)
    sold: int = 0
    owed: int = 0
    acknowledged: int | None = None
    acknowledged_sold: int = 0
    acknowledged_regrown: int = 0
    acknowledged_at: str | None = None
    channel_version: str | None = None
    in_flight: int | None = None
    in_flight_sold: int = 0
    sequence: int = 0
    last_error: LastError | None = None
    claimed_until: str | None = None
    sent_at: str | None = None
    granted: int = 0
    booked: int = 0
    doubt_until: str | None = None
    observed: int | None = None
    observed_poll: int = 0
    observed_regrown: int = 0
    settling: bool = False
    override: Mapping[str, int] = field(default_factory=dict)
    frozen: bool = False
    pace: int = 0
    pace_sold: int = 0
    pace_at: str | None = None
    revised_on: str | None = None
    revisions: int = 0
    rising: int = 0
    rising_from: int | None = None
    rises: Rises = field(default_factory=Rises)

    @property
    def key(self) -> ListingKey:
        return self.sku, self.channel, self.name

    @property
    def target(self) -> Target:
        return Target(self.name, self.refs)

    def terms(self, channel: Channel) -> Channel:
        """Its channel's settings with the numbers that are its own."""
        return replace(channel, **self.override)  # type: ignore[arg-type]  # Their names are checked at the edge.

    @property
    def exposure(self) -> Exposure:
        return Exposure(self.granted, self.booked, self.sold)

    def exposed(self, exposure: Exposure) -> "Listing":
        return replace(self, granted=exposure.granted, booked=exposure.booked)

    def sales(self, now: datetime) -> int:
        """Thousandths of units, older sales counting less. As it would be stored now; see `paced`."""
        fresh = max(0, self.sold - self.pace_sold) * PACE_SCALE
        if self.pace_at is None:
            return fresh
        days = max(0.0, (now - datetime.fromisoformat(self.pace_at)).total_seconds() / 86_400)
        return int(self.pace * 0.5 ** (days / PACE_HALF_LIFE_DAYS)) + fresh

    def paced(self, now: datetime) -> "Listing":
        return replace(self, pace=self.sales(now), pace_sold=self.sold, pace_at=now.isoformat())

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

    @property
    def regrown_since(self) -> int:
        """Units put back by cancels that were imported since it was told its number. The number it was told may
        have held them already: nobody knows when the channel put them back."""
        return max(0, self.rises.regrown - self.acknowledged_regrown)

    @property
    def may_mislead(self) -> bool:
        """May its channel show less for another reason than sales?"""
        return self.regrown_since > 0 or self.doubt_until is not None or self.in_flight is not None

    @property
    def doubtful(self) -> int:
        """Units taken for sales that are not imported yet, which may as well be such units."""
        return max(0, min(self.acknowledged_sold - self.sold, self.regrown_since))

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

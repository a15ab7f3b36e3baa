"""A SKU as one channel shows it: what was pushed, what it sold, and what it is expected to show now."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from lastunit.domain.channel import Channel
from lastunit.domain.keys import ListingKey
from lastunit.domain.listings.exposure import Exposure
from lastunit.domain.listings.listing_parts import (
    Acknowledged,
    DailyRevisions,
    IncrementInFlight,
    Increments,
    InFlight,
    LastError,
    LastReading,
    SalesRate,
)
from lastunit.domain.listings.push_protocol import Target

SALES_HALF_LIFE_DAYS = 7.0  # What sold a week ago tells half as much about tomorrow as what sold today.
SALES_RATE_SCALE = 1000  # Sales rates are kept in thousandths of a unit.


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One listing of one channel. `sold` and all that follows from it count from the beginning of time."""

    channel: str
    name: str
    """The channel's own name of the SKU."""
    sku: str
    refs: Mapping[str, str] = field(default_factory=dict)
    """The listing's ids on its channel."""
    override: Mapping[str, int] = field(default_factory=dict)
    """Numbers of its own that replace those of its channel's settings."""
    sold: int = 0
    """Units in imported orders, less those of cancels."""
    sold_unallocated: int = 0
    """Units sold that no stock is promised for yet: their order waits for units, or for a person."""
    acknowledged: Acknowledged | None = None
    """The number that the channel confirmed last; None: it never confirmed one."""
    in_flight: InFlight | None = None
    """The request whose outcome is unknown; None: no request is under way."""
    may_apply_until: datetime | None = None
    """Until then a request that nobody awaits any more may still be applied."""
    last_reading: LastReading = field(default_factory=LastReading)
    granted: int = 0
    """Units that the channel may have sold in all, on what it was sent and answered (`Exposure.granted`)."""
    booked: int = 0
    """Units more, on the request under way (`Exposure.booked`)."""
    awaiting_poll: bool = False
    """A later poll is to settle its exposure, or to prove that units taken for sales are none."""
    increments: Increments = field(default_factory=Increments)
    sales_rate: SalesRate | None = None
    """None: never computed."""
    daily_revisions: DailyRevisions | None = None
    """None: never changed."""
    sequence: int = 0
    """How often it was claimed for a push."""
    claimed_until: datetime | None = None
    """Until then only the worker that claimed it pushes it."""
    last_error: LastError | None = None
    """None: the last push succeeded."""
    frozen: bool = False
    """It drifted, and only a person or an overwrite changes it."""

    @property
    def key(self) -> ListingKey:
        return ListingKey(self.sku, self.channel, self.name)

    @property
    def target(self) -> Target:
        return Target(self.name, self.refs)

    def settings_of(self, channel: Channel) -> Channel:
        """Its channel's settings with the numbers that are its own."""
        return replace(channel, **self.override)  # type: ignore[arg-type]  # Their names are checked at the edge.

    @property
    def exposure(self) -> Exposure:
        return Exposure(self.granted, self.booked, self.sold)

    def with_exposure(self, exposure: Exposure) -> "Listing":
        return replace(self, granted=exposure.granted, booked=exposure.booked)

    @property
    def increment_in_flight(self) -> IncrementInFlight | None:
        return self.in_flight.increment if self.in_flight else None

    @property
    def channel_version(self) -> str | None:
        return self.acknowledged.version if self.acknowledged else None

    def revisions_on(self, day: date) -> int:
        """How often it was changed on that day."""
        revisions = self.daily_revisions
        return revisions.count if revisions and revisions.day == day else 0

    def sales(self, now: datetime) -> int:
        """Thousandths of units, older sales counting less: the sales rate as it would be kept now."""
        rate = self.sales_rate
        if rate is None:
            return max(0, self.sold) * SALES_RATE_SCALE
        fresh = max(0, self.sold - rate.sold) * SALES_RATE_SCALE
        days = max(0.0, (now - rate.at).total_seconds() / 86_400)
        return int(rate.thousandths * 0.5 ** (days / SALES_HALF_LIFE_DAYS)) + fresh

    def with_sales_rate(self, now: datetime) -> "Listing":
        return replace(self, sales_rate=SalesRate(thousandths=self.sales(now), sold=self.sold, at=now))

    @property
    def expected_shown(self) -> int | None:
        """What the channel shows if it sold nothing that the hub has not imported; None: nobody knows."""
        known = self.acknowledged
        return self._less_sales_since(known.quantity, known.sold) if known else None

    def _less_sales_since(self, quantity: int, sold: int) -> int:
        """A number after the sales that were imported since it was pushed."""
        return max(0, quantity - (self.sold - sold))

    @property
    def is_expected_reliable(self) -> bool:
        """The channel shows `expected_shown`, as far as anyone can know without reading it.

        With `acknowledged.sold` ahead of `sold` it does not: those sales are still to be imported, or the channel
        took units back.
        """
        known = self.acknowledged
        return known is not None and self.in_flight is None and known.sold <= self.sold

    @property
    def restocked_since_push(self) -> int:
        """Units put back by cancels that were imported since the last push. The number that was pushed may have
        held them already: nobody knows when the channel put them back."""
        known = self.acknowledged.restocked if self.acknowledged else 0
        return max(0, self.increments.restocked_by_channel - known)

    @property
    def may_mislead(self) -> bool:
        """The channel may show less for another reason than sales."""
        return self.restocked_since_push > 0 or self.may_apply_until is not None or self.in_flight is not None

    @property
    def possibly_restocked(self) -> int:
        """Units taken for sales that are not imported yet, which may as well be units put back before the push."""
        ahead = self.acknowledged.sold - self.sold if self.acknowledged else 0
        return max(0, min(ahead, self.restocked_since_push))

    def is_confirmed(self, quantity: int) -> bool:
        """The channel itself confirmed this number, and nothing has happened to it since."""
        known = self.acknowledged
        if known is None or self.in_flight is not None or self.last_error is not None:
            return False
        return known.sold == self.sold and known.quantity == quantity

    def unimported_sales(self, current: int) -> int:
        """Units that the channel must have sold and that are not imported, judged by what it shows now.

        With a request under way the number counts down from either: the nearer one that explains `current`.
        """
        bases = [self.expected_shown] if self.expected_shown is not None else []
        if self.in_flight is not None:
            bases.append(self._less_sales_since(self.in_flight.quantity, self.in_flight.sold))
        return min((base - current for base in bases if base >= current), default=0)

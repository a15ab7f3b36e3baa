"""What every push works with: ports and settings, and nothing that a push changes."""

from collections.abc import Callable
from dataclasses import dataclass

from lastunit.domain.channel import Channel
from lastunit.ports.channel import QuantityTarget
from lastunit.ports.listings import DelayCounts, Listings, RateLimit, Watermarks
from lastunit.ports.settings import Settings
from lastunit.ports.stock import StockReader
from lastunit.ports.system import Clock
from lastunit.use_cases.listings.shared_pool import ReadPool


@dataclass(frozen=True, slots=True, kw_only=True)
class PushContext:
    listings: Listings
    stock: StockReader
    settings: Settings
    read_pool: ReadPool
    polls: Watermarks
    api: Callable[[Channel], QuantityTarget]
    rate_limit: RateLimit
    delays: DelayCounts
    clock: Clock
    sleep: Callable[[float], None]
    high_priority: bool = True
    """These pushes may use the reserve of a channel's rate limit."""

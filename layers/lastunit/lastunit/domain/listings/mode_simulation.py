"""What each mode would have done: the orders of the past, sold once more from what the channels would have shown.

All units lie in one pool, and only these orders move them: see `IGNORED`.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from lastunit.domain.channel import Channel, Mode
from lastunit.domain.listings.past_orders import Past, Purchase
from lastunit.domain.listings.simulated_modes import Escrow, Exclusive, Shared
from lastunit.domain.stock.catalogue import Sku

IGNORED = (
    "units that arrived, were lost or were counted in these days: they count as if there from the beginning",
    "locations: all units lie in one pool that every channel sees",
    "buyers whom no channel sold anything: of these there is no order",
    "requests: a channel that takes them sells no more than it shows either",
    "what is set for single listings, and channels that are paused or not pushed now: all are pushed every change",
    "exclusive shares are dealt out once, at the beginning; shares above 100 % together are scaled down",
    "escrow: every channel takes relative changes, its sales are imported at once, and all sell alike at first",
    "a SKU is listed on the channels that sold any of it",
)
"""What the answer must be read with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """Of the `accepted` orders `lacked` found a unit gone. `lost` were turned away although units lay elsewhere,
    `sold_out` because there were none.
    """

    accepted: int = 0
    lacked: int = 0
    lost: int = 0
    sold_out: int = 0


class SimulatedMode(Protocol):
    """What the channels show under one mode."""

    def pass_to(self, at: float) -> None: ...

    def shows(self, channel: str, sku: str) -> int: ...

    def sell(self, purchase: Purchase, parts: Mapping[str, int]) -> None:
        """The channel accepted it. `parts`: what it took of stocked SKUs; nothing, when some of it was gone."""
        ...


def replay(past: Past, mode: SimulatedMode) -> Replayed:
    """Every buyer buys if the channel shows enough of all that is wanted, at that moment."""
    left, count = Counter(past.units), Counter[str]()
    for one in past.purchases:
        mode.pass_to(one.at)
        parts = _parts(one, past.items)
        covered = all(left[sku] >= units for sku, units in parts.items())
        if all(mode.shows(one.channel, sku) >= units for sku, units in one.wanted.items()):
            taken = parts if covered else {}
            left.subtract(taken)
            mode.sell(one, taken)
            count["accepted"] += 1
            count["lacked"] += not covered
        else:
            count["lost" if covered else "sold_out"] += 1
    return Replayed(**count)


def simulate(past: Past, channels: Sequence[Channel], delay_seconds: float) -> dict[Mode, Replayed]:
    """`channels`: all there are; none may be missing that a purchase names."""
    modes: dict[Mode, SimulatedMode] = {
        Mode.SHARED: Shared(past, channels, delay_seconds),
        Mode.EXCLUSIVE: Exclusive(past, channels),
        Mode.ESCROW: Escrow(past, channels, delay_seconds),
    }
    return {mode: replay(past, simulated) for mode, simulated in modes.items()}


def _parts(one: Purchase, items: Mapping[str, Sku]) -> Counter[str]:
    parts = Counter[str]()
    for sku, quantity in one.wanted.items():
        for part, units in items[sku].parts.items():
            parts[part] += units * quantity
    return parts

"""Escrow: shares that move to where units sell, and never add up to more than there is (promise 7).

Pure planning. What it proposes is safe only because a raising is written under the condition that nobody else was
granted room meanwhile; see `docs/escrow.md`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lastunit.domain.groups import ListingKey
from lastunit.domain.pushes import Form


@dataclass(frozen=True, slots=True)
class Stake:
    """One listing's part in the units of its `parts` (stocked SKU → units in one of it).

    `exposure`: units of the listing it may still sell. `shown`: what it is believed to show. `weight`: how much it
    sells, against the others. `limit`: the most its settings let it show. `moves` False: its number follows other
    rules (another mode, frozen, or a request under way), and only counts.
    """

    key: ListingKey
    parts: Mapping[str, int]
    exposure: int
    shown: int
    form: Form
    weight: int
    limit: int
    moves: bool = True


def room(stakes: Sequence[Stake], units: Mapping[str, int]) -> dict[str, int]:
    """SKU → units that nobody may sell yet. Below zero: units at risk."""
    return {
        sku: have - sum(stake.exposure * stake.parts.get(sku, 0) for stake in stakes) for sku, have in units.items()
    }


def tell(stakes: Sequence[Stake], units: Mapping[str, int], key: ListingKey) -> int | None:
    """The number the listing should be told now; None: leave it as it is.

    `units`: SKU → what the escrowed channels may show of it together (available − buffer).
    """
    raise NotImplementedError

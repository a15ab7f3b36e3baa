"""What is sold in the soak, by which family of channels, and what a kit is made of."""

from collections import Counter
from collections.abc import Mapping

ESCROWED, POOLED = "escrow", "shared"
"""The two families: their channels share no SKU, because beside a shared channel escrow promises nothing."""

STOCKED = {
    ESCROWED: tuple(f"escrow-{number:02}" for number in range(24)),
    POOLED: tuple(f"pool-{number:02}" for number in range(12)),
}
KITS: Mapping[str, Mapping[str, int]] = {
    "escrow-set": {"escrow-00": 2, "escrow-01": 1},
    "pool-set": {"pool-00": 1, "pool-01": 2},
}
SKUS = {
    ESCROWED: (*STOCKED[ESCROWED], "escrow-set"),
    POOLED: (*STOCKED[POOLED], "pool-set"),
}
LOCATIONS = {"montreal": 1, "sherbrooke": 2, "laval": 3}
OPENING_UNITS = 20  # Of each stocked SKU at each of two locations.


def stocked(units: Mapping[str, int]) -> Counter[str]:
    """Units of stocked SKUs in so many of what was sold."""
    found = Counter[str]()
    for name, quantity in units.items():
        for sku, each in KITS.get(name, {name: 1}).items():
            found[sku] += each * quantity
    return +found

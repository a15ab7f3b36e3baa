"""A claimed listing's row before and after, and the room that was granted to it."""

from collections.abc import Mapping
from dataclasses import dataclass

from lastunit.domain.keys import LevelKey
from lastunit.domain.listings.listing import Listing


@dataclass(frozen=True, slots=True)
class RoomGrant:
    """Room given to a listing, on these conditions: of each stocked SKU nobody was granted room since (`grants`
    counts how often), and each level still has at least as many units available as were seen.
    """

    grants: Mapping[str, int]
    levels: Mapping[LevelKey, int]

    @property
    def size(self) -> int:
        return len(self.grants) + len(self.levels)


@dataclass(frozen=True, slots=True)
class ListingUpdate:
    """A claimed listing's row as it was read, and as it shall be. Sales, ids and increases are others' to write."""

    before: Listing
    after: Listing
    grant: RoomGrant | None = None

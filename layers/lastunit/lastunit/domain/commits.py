"""What a group commit may answer instead of success."""

from collections.abc import Mapping

from lastunit.domain.errors import LastunitError
from lastunit.domain.groups import ListingKey
from lastunit.domain.levels import Level, LevelKey
from lastunit.domain.orders import Order


class CommitRefused(LastunitError):
    """The transaction's conditions did not hold; nothing was written. Holds what is stored instead.

    `orders`: rows that are not as expected (None: gone). `levels`: levels with too little (None: no such level).
    `listings`: listings that do not exist. `contended`: another transaction was under way on the same items.
    """

    def __init__(
        self,
        orders: Mapping[str, Order | None],
        levels: Mapping[LevelKey, Level | None],
        listings: frozenset[ListingKey],
        contended: bool,
    ) -> None:
        super().__init__(f"{len(orders)} orders, {len(levels)} levels, {len(listings)} listings refused")
        self.orders, self.levels, self.listings, self.contended = orders, levels, listings, contended

"""What is sold: SKUs, and kits that are recipes of other SKUs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from lastunit.domain.errors import InvalidInput

COMPONENTS_MAX = 30  # Writing a kit touches each old and new component twice, within one transaction.
RECIPE_QUANTITY_MAX = 10_000


class Status(StrEnum):
    """`draft` takes no orders and is shown as 0."""

    ACTIVE = "active"
    DRAFT = "draft"


class Supply(StrEnum):
    """Where the missing units of an accepted request come from."""

    ON_HAND = "on_hand"  # "I have it": they are there, and come into stock with the decision
    BACKORDER = "backorder"  # "I shall get it": they are waited for


@dataclass(frozen=True, slots=True, kw_only=True)
class Sku:
    """A stock-keeping unit. With a `recipe` (component SKU → units in one kit) it is a kit and owns no stock.

    With fewer available units at all locations together than `low_stock` it is announced as low. One that is not
    `tracked` needs no stock: order lines of it reserve nothing, and it is listed nowhere. `supply`: what accepting
    request says of its missing units; None: as its channel is set.
    """

    sku: str
    status: Status = Status.ACTIVE
    recipe: Mapping[str, int] = field(default_factory=dict)
    low_stock: int | None = None
    tracked: bool = True
    supply: Supply | None = None

    def __post_init__(self) -> None:
        if not self.tracked and (self.recipe or self.low_stock is not None):
            raise InvalidInput("tracked", "a SKU without stock has neither recipe nor low_stock", "leave them out")
        if len(self.recipe) > COMPONENTS_MAX:
            raise InvalidInput("recipe", f"{len(self.recipe)} components, at most {COMPONENTS_MAX}")
        if self.recipe and self.low_stock is not None:
            raise InvalidInput("low_stock", "a kit owns no stock", "set it on its components")
        if self.sku in self.recipe:
            raise InvalidInput("recipe", "a kit cannot contain itself")
        for component, quantity in self.recipe.items():
            if not 1 <= quantity <= RECIPE_QUANTITY_MAX:
                raise InvalidInput(f"recipe.{component}", f"must be 1 to {RECIPE_QUANTITY_MAX}, got {quantity}")

    @property
    def is_kit(self) -> bool:
        return bool(self.recipe)

    @property
    def parts(self) -> Mapping[str, int]:
        """The stocked SKUs in one unit: the recipe of a kit, none of an untracked SKU, itself otherwise."""
        return self.recipe or ({self.sku: 1} if self.tracked else {})


@dataclass(frozen=True, slots=True)
class Alias:
    """Another `name` of a SKU on one channel. `listing` is the name under which its number is pushed there."""

    name: str
    sku: str
    listing: str

    @property
    def is_listing(self) -> bool:
        return self.name == self.listing


@dataclass(frozen=True, slots=True)
class Location:
    """A warehouse, shop or outlet. `rank` 1 is the first choice; a blacked-out one neither serves nor is shown."""

    name: str
    rank: int
    blacked_out: bool = False

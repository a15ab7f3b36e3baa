"""One write of a level, as the stock table's stream tells it."""

from dataclasses import dataclass

from lastunit.domain.stock.levels import Level


@dataclass(frozen=True, slots=True)
class LevelChanged:
    before: Level | None  # None: the level is new
    after: Level
    at: str

"""The store of levels, as the use cases need it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from lastunit.domain.events.business_events import BusinessEvent
from lastunit.domain.keys import LevelKey
from lastunit.domain.stock.catalogue import Sku
from lastunit.domain.stock.levels import Bin, Level, Operation
from lastunit.domain.stock.replenishment import ReplenishmentTask


class StockReader(Protocol):
    """Every read is consistent."""

    def items(self, skus: Iterable[str]) -> dict[str, Sku]:
        """Those of the SKUs that exist."""
        ...

    def levels(self, keys: Iterable[LevelKey]) -> dict[LevelKey, Level]:
        """Those of the levels that exist."""
        ...


class Movements(Protocol):
    def move(self, operation: Operation, at: datetime) -> bool:
        """All of it or nothing; False when this operation id was done before."""
        ...

    def put_bin(self, sku: str, location: str, bin: Bin) -> None: ...


class ReplenishmentTasks(Protocol):
    """What people are asked to do about stock. `seq` is the level's own: an older one changes nothing."""

    def open(self, task: ReplenishmentTask, seq: int, at: str) -> None:
        """Keep it, or its new quantity; it waits since it was opened first."""
        ...

    def close(self, sku: str, location: str, seq: int) -> None: ...

    def is_low(self, sku: str) -> bool:
        """Was it announced that the SKU is low, and not cleared since?"""
        ...

    def keep_low(self, announcement: BusinessEvent) -> None: ...

    def clear_low(self, sku: str) -> None: ...

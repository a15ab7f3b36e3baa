"""Use case: people change stock. Each operation id takes effect once, however often it is asked."""

from dataclasses import dataclass

from lastunit.domain.stock.levels import Bin, Operation
from lastunit.ports.stock import Movements
from lastunit.ports.system import Clock


@dataclass(frozen=True, slots=True)
class AdjustStock:
    movements: Movements
    clock: Clock

    def move(self, operation: Operation) -> bool:
        """False: this operation had taken effect before; asking again changes nothing."""
        return self.movements.move(operation, self.clock.now())

    def put_bin(self, sku: str, location: str, bin: Bin) -> None:
        """A second picking bin of a SKU at a location is refused, in the write itself."""
        self.movements.put_bin(sku, location, bin)

"""The store of orders and of what waits for a person, as the use cases need it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from lastunit.domain.orders.commit_groups import CommitGroup
from lastunit.domain.orders.order import Order
from lastunit.domain.review import ExceptionRecord
from lastunit.ports.stock import StockReader


class OrderStore(StockReader, Protocol):
    """The store of stock and orders. Every write is conditional."""

    def orders(self, order_ids: Iterable[str]) -> dict[str, Order]:
        """Those of the orders that exist, by order id."""
        ...

    def waiting_for(self, channel: str, names: Iterable[str] | None) -> list[Order]:
        """Orders of the channel held as exceptions with a line of one of these names, as far as the index knows.

        None: whatever the name is that they wait for.
        """
        ...

    def queue_for(self, sku: str, most: int) -> list[str]:
        """The orders that wait for units of a SKU, first come first."""
        ...

    def awaiting_units(self) -> list[Order]:
        """Those in the queues of SKUs, but for exceptions, as far as the index knows."""
        ...

    def due(self, clock: str, before: datetime, most: int) -> list[str]:
        """Orders whose clock (`decision` or `payment`) runs out before then, as far as the index knows."""
        ...

    def commit(self, commit_id: str, group: CommitGroup, at: datetime) -> None:
        """Write a group, all or nothing, exactly once however often it is asked with one `commit_id`.

        Raises CommitRefused, OutcomeUnknown, or Unwritable when the group can never be written as it is.
        """
        ...


class Exceptions(Protocol):
    def record(self, exception: ExceptionRecord) -> None:
        """Keep it for a person to see. The same id again changes nothing."""
        ...

    def message(self, exception_id: str) -> str:
        """The message it was made of, as JSON text. Raises NotFound."""
        ...

    def resolve(self, exception_id: str, by: str, at: str, *, tried_again: bool) -> None:
        """It waits no more. Raises NotFound, or Conflict when it was resolved."""
        ...

"""Use case: a person is done with an exception, and may have what it was made of processed once more."""

from dataclasses import dataclass

from lastunit.domain.errors import Conflict, UnknownMessage
from lastunit.ports.orders import Exceptions
from lastunit.ports.system import Clock, Queue
from lastunit.use_cases.messages import ORDERS, OrdersMessage, from_json


@dataclass(frozen=True, slots=True)
class ResolveException:
    exceptions: Exceptions
    orders: Queue
    clock: Clock

    def resolve(self, exception_id: str, by: str, *, retry: bool) -> None:
        """Raises NotFound, or Conflict: who resolved it before, or that this release cannot read its message."""
        # Read first: a message that could not be sent again may not count as resolved.
        again = [self._message(exception_id)] if retry else []
        self.exceptions.resolve(exception_id, by, self.clock.now().isoformat(), tried_again=retry)
        if again:
            self.orders.send(again)

    def _message(self, exception_id: str) -> OrdersMessage:
        try:
            return from_json(self.exceptions.message(exception_id), ORDERS)
        except UnknownMessage as error:
            raise Conflict(
                f"this release cannot read it: {error}", remedy="deploy the one that wrote it"
            ) from error

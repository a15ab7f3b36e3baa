"""Use case: a person is done with an exception, and may have what it was made of processed once more."""

from dataclasses import dataclass

from lastunit.domain.errors import Conflict, InvalidInput, UnknownMessage
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
        if retry:
            # Sent first: what the queue did not take may not count as resolved. Sent twice, it changes nothing.
            self.orders.send([self._message(exception_id)])
        self.exceptions.resolve(exception_id, by, self.clock.now().isoformat(), tried_again=retry)

    def _message(self, exception_id: str) -> OrdersMessage:
        text = self.exceptions.message(exception_id)
        if not text:
            raise Conflict(
                "its message was too large to be kept", remedy="have its channel send it again; then resolve it"
            )
        try:
            return from_json(text, ORDERS)
        except (InvalidInput, UnknownMessage) as error:
            raise Conflict(
                f"this release cannot read it: {error}", remedy="deploy the one that wrote it"
            ) from error

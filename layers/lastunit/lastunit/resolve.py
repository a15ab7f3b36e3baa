"""Use case: a person is done with an exception, and may have what it was made of processed once more."""

from dataclasses import dataclass

from lastunit.ports import Clock, Exceptions, Queue


@dataclass(frozen=True, slots=True)
class ResolveException:
    exceptions: Exceptions
    orders: Queue
    clock: Clock

    def __call__(self, exception_id: str, by: str, *, retry: bool) -> None:
        """Raises NotFound, or Conflict naming who resolved it before."""
        at = self.clock.now().isoformat()
        notification = self.exceptions.resolve(exception_id, by, at, tried_again=retry)
        if retry:
            self.orders.send([notification])

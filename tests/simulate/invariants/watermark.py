"""The watermark that docs/escrow.md rests on: what a finished poll proves must be so."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tests.simulate.invariants.checks import Violation
from tests.simulate.rows import number
from tests.simulate.shop_world import Sale
from tests.simulate.store import Write


@dataclass(slots=True)
class Watermarks:
    """`now`: seconds. `begun`: (channel, number) of a poll → when it took its number. `known`: orders imported."""

    now: Callable[[], float]
    sales: Sequence[Sale]
    begun: dict[tuple[str, int], float] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)

    def __call__(self, writes: Sequence[Write]) -> None:
        """To be called with each write. Raises Violation."""
        for write in writes:
            if write.key["sk"]["S"] == "ORDER":
                self.known.add(":".join(write.key["pk"]["S"].split("#", 2)[1:]))
        for write in writes:
            if write.key["sk"]["S"] == "POLL":
                self._polled(write)

    def _polled(self, write: Write) -> None:
        channel, done = write.key["pk"]["S"].removeprefix("POLL#"), number(write.after, "done")
        if number(write.after, "begun") > number(write.before, "begun"):
            self.begun[channel, number(write.after, "begun")] = self.now()
        if done <= number(write.before, "done"):
            return
        before = int(self.begun[channel, done])
        for sale in self.sales:
            # One that was edited meanwhile is left out: nothing says when it was bought.
            if sale.channel == channel and sale.changed_at < before and sale.order_id not in self.known:
                raise Violation("5", f"poll {done} of {channel} is done, and {sale.order_id} is not imported")

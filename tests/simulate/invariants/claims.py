"""One writer per listing: what a claim's holder writes nobody else does while the claim stands."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from tests.simulate.invariants.checks import Violation
from tests.simulate.invariants.clocks import WRONG_MAX
from tests.simulate.rows import Row, plain
from tests.simulate.store import Write

HOLDERS_OWN = ("claim", "in_flight", "booked", "granted", "acknowledged")


@dataclass(slots=True)
class Claims:
    """`now`: the tables' time. `writer`: whose call it is. `holders`: claim → who took it."""

    now: Callable[[], datetime]
    writer: Callable[[], object]
    holders: dict[str, object] = field(default_factory=dict)

    def __call__(self, writes: Sequence[Write]) -> None:
        """To be called with each write. Raises Violation."""
        for write in writes:
            before, after = plain(write.before or {}), plain(write.after or {})
            if self._stands(before) and self.holders[before["claim"]] is not self.writer():
                changed = [name for name in HOLDERS_OWN if before.get(name) != after.get(name)]
                if changed:
                    raise Violation("6", f"{write.key} is another's until {before['claimed_until']}: {changed}")
            if "claim" in after:
                self.holders.setdefault(after["claim"], self.writer())

    def _stands(self, row: Row) -> bool:
        return "claim" in row and datetime.fromisoformat(row["claimed_until"]) > self.now() + WRONG_MAX

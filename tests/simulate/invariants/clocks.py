"""Whatever a machine's own clock says, the hub writes down the tables' time (docs/escrow.md, "The bound")."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tests.simulate.invariants.checks import Violation
from tests.simulate.rows import plain
from tests.simulate.store import Write

# By docs/escrow.md, and not by the layer, which is what is checked here.
WRONG_MAX = timedelta(seconds=7)
WORKER_LIVES = timedelta(seconds=30)
CLAIM_LASTS = timedelta(seconds=45)


@dataclass(frozen=True, slots=True)
class Clocks:
    """`now`: the tables' time."""

    now: Callable[[], datetime]

    def __call__(self, writes: Sequence[Write]) -> None:
        """To be called with each write. Raises Violation."""
        for write in writes:
            for moment in _moments(write):
                late = self.now() - moment
                if not -WRONG_MAX <= late <= WORKER_LIVES + WRONG_MAX:
                    raise Violation("5", f"{write.key} says that it is {moment}, {late} late")


def _moments(write: Write) -> Iterator[datetime]:
    """Each that this write says is now."""
    before, after = plain(write.before or {}), plain(write.after or {})
    for name, since in (("claimed_until", CLAIM_LASTS), ("changed_at", timedelta())):
        if after.get(name) and after[name] != before.get(name):
            yield datetime.fromisoformat(after[name]) - since
    sent_at = after.get("in_flight", {}).get("sent_at")
    if sent_at and sent_at != before.get("in_flight", {}).get("sent_at"):
        yield datetime.fromisoformat(sent_at)

"""Use case: levels that are low at their picking bin become tasks for people, and end them."""

from collections.abc import Iterable
from dataclasses import dataclass

from lastunit.domain.events.row_changes import RowChange
from lastunit.domain.keys import LevelKey
from lastunit.domain.stock.level_changed import LevelChanged
from lastunit.domain.stock.replenishment import task_for
from lastunit.ports.stock import ReplenishmentTasks


@dataclass(frozen=True, slots=True)
class KeepReplenishmentTasks:
    """The list of replenishment tasks follows the levels: their writes open, change and close them."""

    tasks: ReplenishmentTasks

    def keep(self, events: Iterable[RowChange]) -> int:
        """How many tasks were written. Of one level's changes only the first and the last count."""
        steps: dict[LevelKey, tuple[LevelChanged, LevelChanged]] = {}
        for event in events:
            if isinstance(event, LevelChanged):
                key = LevelKey(event.after.sku, event.after.location)
                steps[key] = steps[key][0] if key in steps else event, event
        return sum(self._follow(first, last) for first, last in steps.values())

    def _follow(self, first: LevelChanged, last: LevelChanged) -> bool:
        before, after = task_for(first.before), task_for(last.after)
        if before == after:
            return False
        if after:
            self.tasks.open(after, last.after.seq, last.at)
        else:
            self.tasks.close(last.after.sku, last.after.location, last.after.seq)
        return True

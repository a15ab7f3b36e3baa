"""Use case: every write of stock becomes an entry of the ledger (promise 8), and news for whoever must know."""

from collections.abc import Iterable
from dataclasses import dataclass

from lastunit.domain.events.ledger import LevelEntry, OrderEntry, level_entry, order_entry
from lastunit.domain.events.row_changes import OrderChanged, RowChange
from lastunit.domain.stock.level_changed import LevelChanged
from lastunit.ports.events import Ledger
from lastunit.use_cases.events.keep_replenishment_tasks import KeepReplenishmentTasks
from lastunit.use_cases.events.publish_events import PublishEvents


@dataclass(frozen=True, slots=True)
class RecordEntries:
    ledger: Ledger

    def record(self, events: Iterable[RowChange]) -> int:
        """How many entries were written; the same event again writes the same entry."""
        entries = [entry for event in events if (entry := _entry(event))]
        for entry in entries:
            self.ledger.write(entry)
        return len(entries)


@dataclass(frozen=True, slots=True)
class LedgerCounts:
    """How many of each were written."""

    entries: int
    tasks: int
    events: int


@dataclass(frozen=True, slots=True)
class WriteLedger:
    """The same events again write the same entries and tasks, and announce the same under the same ids."""

    record_entries: RecordEntries
    keep_tasks: KeepReplenishmentTasks
    publish_events: PublishEvents

    def write(self, events: Iterable[RowChange]) -> LedgerCounts:
        found = list(events)
        # The ledger first: it must not lack an entry because an announcement could not be made.
        entries = self.record_entries.record(found)
        return LedgerCounts(entries, self.keep_tasks.keep(found), self.publish_events.publish(found))


def _entry(event: RowChange) -> LevelEntry | OrderEntry | None:
    if isinstance(event, LevelChanged):
        return level_entry(event.before, event.after, event.at)
    if isinstance(event, OrderChanged):
        return order_entry(event.before, event.after, event.at)
    return None

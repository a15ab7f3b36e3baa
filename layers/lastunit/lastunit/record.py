"""Use case: every write of stock becomes an entry of the ledger (promise 8), and news for whoever must know."""

from collections.abc import Iterable
from dataclasses import dataclass

from lastunit.announce import Announce, KeepTasks
from lastunit.domain.events import Event, LevelChanged, OrderChanged
from lastunit.domain.ledger import LevelEntry, OrderEntry, level_entry, order_entry
from lastunit.ports import Ledger


@dataclass(frozen=True, slots=True)
class WriteLedger:
    ledger: Ledger

    def __call__(self, events: Iterable[Event]) -> int:
        """How many entries were written; the same event again writes the same entry."""
        entries = [entry for event in events if (entry := _entry(event))]
        for entry in entries:
            self.ledger.write(entry)
        return len(entries)


@dataclass(frozen=True, slots=True)
class Recorded:
    """How many of each were written."""

    entries: int
    tasks: int
    announcements: int


@dataclass(frozen=True, slots=True)
class RecordChanges:
    """The same events again write the same entries and tasks, and announce the same under the same ids."""

    write: WriteLedger
    keep_tasks: KeepTasks
    announce: Announce

    def __call__(self, events: Iterable[Event]) -> Recorded:
        found = list(events)
        # The ledger first: it must not lack an entry because an announcement could not be made.
        return Recorded(self.write(found), self.keep_tasks(found), self.announce(found))


def _entry(event: Event) -> LevelEntry | OrderEntry | None:
    if isinstance(event, LevelChanged):
        return level_entry(event.before, event.after, event.at)
    if isinstance(event, OrderChanged):
        return order_entry(event.before, event.after, event.at)
    return None

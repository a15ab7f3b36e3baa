"""Use case: every write of stock becomes an entry of the ledger (promise 8)."""

from collections.abc import Iterable
from dataclasses import dataclass

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


def _entry(event: Event) -> LevelEntry | OrderEntry | None:
    if isinstance(event, LevelChanged):
        return level_entry(event.before, event.after, event.at)
    if isinstance(event, OrderChanged):
        return order_entry(event.before, event.after, event.at)
    return None

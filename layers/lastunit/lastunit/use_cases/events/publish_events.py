"""Use case: what changed becomes business events on the event bus."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from lastunit.domain.events.business_events import BusinessEvent, is_low, of_low_stock, of_order, of_task
from lastunit.domain.events.row_changes import OrderChanged, RowChange, SkuChanged
from lastunit.domain.stock.catalogue import Sku
from lastunit.domain.stock.level_changed import LevelChanged
from lastunit.domain.stock.levels import Level
from lastunit.domain.stock.replenishment import task_for
from lastunit.ports.events import EventBus
from lastunit.ports.listings import Listings
from lastunit.ports.stock import ReplenishmentTasks


@dataclass(frozen=True, slots=True)
class Trigger:
    """The last `change` of a batch that may have made a SKU low or not. `marked`: its mark was set or removed."""

    change: str
    at: str
    marked: bool


@dataclass(frozen=True, slots=True)
class PublishEvents:
    """At least once each, with the same id every time, in the order of the changes."""

    bus: EventBus
    tasks: ReplenishmentTasks
    listings: Listings

    def publish(self, events: Sequence[RowChange]) -> int:
        """How many announcements were made."""
        made = [one for event in events for one in _of(event)]
        low = [one for sku, trigger in _touched(events).items() if (one := self._low(sku, trigger))]
        if made or low:
            self.bus.publish([*made, *low])
        # Only now: a crash before this line announces once more, one after it would have announced nothing.
        for one in low:
            self.tasks.keep_low(one)
        return len(made) + len(low)

    def _low(self, sku: str, trigger: Trigger) -> BusinessEvent | None:
        """Told once when the SKU becomes low; again only after it was not low in between."""
        view = self.listings.view(sku)
        if view is None or (view.item.low_stock is None and not trigger.marked):
            return None
        known, low = self.tasks.is_low(sku), is_low(view)
        if known and not low:
            self.tasks.clear_low(sku)
        return of_low_stock(view, trigger.change, trigger.at) if low and not known else None


def _of(event: RowChange) -> Iterator[BusinessEvent]:
    if isinstance(event, OrderChanged):
        yield from of_order(event.before, event.after, event.at)
    if isinstance(event, LevelChanged):
        opened = of_task(task_for(event.before), task_for(event.after), event.after.seq, event.at)
        if opened:
            yield opened


def _touched(events: Iterable[RowChange]) -> dict[str, Trigger]:
    """SKU → why to look whether it is low."""
    found: dict[str, Trigger] = {}
    for event in events:
        if isinstance(event, LevelChanged) and _available(event.before) != event.after.available:
            sku, change = event.after.sku, f"{event.after.location} {event.after.seq}"
            found[sku] = Trigger(change, event.at, sku in found and found[sku].marked)
        if isinstance(event, SkuChanged) and _mark(event.before) != event.after.low_stock:
            found[event.after.sku] = Trigger(f"mark {event.after.low_stock}", event.at, marked=True)
    return found


def _available(level: Level | None) -> int:
    return level.available if level else 0


def _mark(item: Sku | None) -> int | None:
    return item.low_stock if item else None

"""Use case: what changed becomes tasks for people and announcements on the event bus."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from lastunit.domain.announcing import Announcement, is_low, of_low_stock, of_order, of_task
from lastunit.domain.catalogue import Sku
from lastunit.domain.events import Event, LevelChanged, OrderChanged, SkuChanged
from lastunit.domain.levels import Level, LevelKey
from lastunit.domain.replenishing import task_for
from lastunit.ports import EventBus, Tasks
from lastunit.sync_ports import Listings


@dataclass(frozen=True, slots=True)
class KeepTasks:
    """The list of replenishment tasks follows the levels: their writes open, change and close them."""

    tasks: Tasks

    def __call__(self, events: Iterable[Event]) -> int:
        """How many tasks were written. Of one level's changes only the first and the last count."""
        steps: dict[LevelKey, tuple[LevelChanged, LevelChanged]] = {}
        for event in events:
            if isinstance(event, LevelChanged):
                key = event.after.sku, event.after.location
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


@dataclass(frozen=True, slots=True)
class Trigger:
    """The last `change` of a batch that may have made a SKU low or not. `marked`: its mark was set or removed."""

    change: str
    at: str
    marked: bool


@dataclass(frozen=True, slots=True)
class Announce:
    """At least once each, with the same id every time, in the order of the changes."""

    bus: EventBus
    tasks: Tasks
    listings: Listings

    def __call__(self, events: Sequence[Event]) -> int:
        """How many announcements were made."""
        made = [one for event in events for one in _of(event)]
        low = [one for sku, trigger in _touched(events).items() if (one := self._low(sku, trigger))]
        if made or low:
            self.bus.publish([*made, *low])
        # Only now: a crash before this line announces once more, one after it would have announced nothing.
        for one in low:
            self.tasks.keep_low(one)
        return len(made) + len(low)

    def _low(self, sku: str, trigger: Trigger) -> Announcement | None:
        """Told once when the SKU becomes low; again only after it was not low in between."""
        view = self.listings.view(sku)
        if view is None or (view.item.low_stock is None and not trigger.marked):
            return None
        known, low = self.tasks.is_low(sku), is_low(view)
        if known and not low:
            self.tasks.clear_low(sku)
        return of_low_stock(view, trigger.change, trigger.at) if low and not known else None


def _of(event: Event) -> Iterator[Announcement]:
    if isinstance(event, OrderChanged):
        yield from of_order(event.before, event.after, event.at)
    if isinstance(event, LevelChanged):
        opened = of_task(task_for(event.before), task_for(event.after), event.after.seq, event.at)
        if opened:
            yield opened


def _touched(events: Iterable[Event]) -> dict[str, Trigger]:
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

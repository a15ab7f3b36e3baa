"""ShipStation asked what it shipped and voided since an instant, page by page along its own time."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from lastunit.channels.shipstation.client import Address, Client, Reported
from lastunit.domain.errors import UnreadableOrder
from lastunit.domain.orders.inbound import ShipmentNotice
from lastunit.ports.channel import OrdersPage

Records = Mapping[str, Sequence[Any]]
"""The records of each list, by its name."""


class Lists(Protocol):
    """What V1 and V2 know of their own lists.

    `behind`: by how much their times may run back. `voidable`: the list whose records may be voided. `made` and
    `voided`: the fields that say when.
    """

    behind: timedelta
    voidable: str
    made: str
    voided: str

    def growing(self, since: datetime) -> Mapping[str, Address]:
        """Lists of what was made since, in the order it was made, by name."""
        ...

    def voids(self, since: datetime) -> list[Any]:
        """What was voided since, and maybe more, in any order."""
        ...

    def instant(self, text: str | None, field: str) -> datetime | None:
        """In UTC. Raises UnreadableOrder."""
        ...

    def shipments(self, records: Records, since: datetime) -> Iterator[tuple[str, Reported]]:
        """What the records say, each with the place of its record."""
        ...


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a poll goes on: at this page of these lists, and with what was voided since."""

    number: int
    names: tuple[str, ...]
    since: datetime

    def __str__(self) -> str:
        return f"{self.number} {','.join(self.names)} {self.since.isoformat()}"

    @classmethod
    def of(cls, page: str) -> "Mark":
        number, names, since = page.split(" ")
        return cls(int(number), tuple(names.split(",")), datetime.fromisoformat(since))


def orders_page(client: Client, lists: Lists, since: datetime, page: str | None) -> OrdersPage:
    """What was made up to some instant and what was voided up to it: no cursor passes by a void.

    Raises UnreadableOrder where an answer is no list.
    """
    start = since - lists.behind
    growing = lists.growing(start)
    mark = Mark.of(page) if page else Mark(1, tuple(growing), start)
    found = {name: client.page(growing[name], mark.number) for name in mark.names}
    records = {name: some for name, (some, _) in found.items()}
    following = tuple(name for name, (_, pages) in found.items() if mark.number < pages)
    until = _reported_until(lists, [records[name] for name in following])
    voids = _within(lists, lists.voids(mark.since), mark.since, until)
    times = [_time(lists, one, lists.made) for some in records.values() for one in some]
    times += [_time(lists, one, lists.voided) for one in voids]
    records[lists.voidable] = [*records.get(lists.voidable, []), *voids]
    reported, unreadable = _parted(lists.shipments(records, mark.since))
    if following:
        return OrdersPage(
            events=reported,
            unreadable=unreadable,
            next=str(Mark(mark.number + 1, following, until or mark.since)),
            latest=until,
        )
    return OrdersPage(events=reported, unreadable=unreadable, latest=max(filter(None, times), default=None))


def _parted(
    found: Iterable[tuple[str, Reported]],
) -> tuple[tuple[ShipmentNotice, ...], tuple[tuple[str, str], ...]]:
    reported, unreadable = list[ShipmentNotice](), list[tuple[str, str]]()
    for place, one in found:
        if isinstance(one, UnreadableOrder):
            unreadable.append((place, str(one)))
        else:
            reported.append(one)
    return tuple(reported), tuple(unreadable)


def _reported_until(lists: Lists, following: Sequence[Sequence[Any]]) -> datetime | None:
    """The end of the page that ends first: beyond it one of the lists has more to read. None: not known."""
    ends = [max(filter(None, (_time(lists, one, lists.made) for one in some)), default=None) for some in following]
    return None if None in ends else min(filter(None, ends), default=None)


def _within(lists: Lists, voids: Sequence[Any], since: datetime, until: datetime | None) -> list[Any]:
    """Those voided then, and those that do not say when."""
    times = [_time(lists, one, lists.voided) for one in voids]
    return [
        one
        for one, at in zip(voids, times, strict=True)
        if at is None or (since <= at and (until is None or at <= until))
    ]


def _time(lists: Lists, record: Any, field: str) -> datetime | None:
    """None where it cannot be read, which `read_one` names."""
    text = record.get(field) if isinstance(record, dict) else None
    try:
        return lists.instant(text, field) if isinstance(text, str) else None
    except UnreadableOrder:
        return None

"""Stand-ins for polling: positions kept in memory, and a channel with a list of its orders' changes."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from lastunit.channel_ports import ChannelApi, OrdersPage
from lastunit.domain.channels import Channel
from lastunit.domain.errors import LastunitError, StoreUnavailable
from lastunit.domain.exceptions import ExceptionRecord
from lastunit.domain.facts import Told
from lastunit.domain.groups import ListingKey
from lastunit.domain.polling import Position
from lastunit.poll import PollChannels, Polled
from tests.fakes import NOON, Shop, one_after_another, sold
from tests.pushing import FakeChannel, FakePace, FakeQueue, MovingClock


@dataclass(slots=True)
class FakePolls:
    """The conditions of the positions in DynamoDB, in memory. `settles`: listing → the number it waits for.

    `silent`: our own tables do not answer.
    """

    positions: dict[str, Position] = field(default_factory=dict)
    exceptions: "FakeExceptions" = field(default_factory=lambda: FakeExceptions())
    settles: dict[ListingKey, int] = field(default_factory=dict)
    silent: bool = False

    def begin(self, channel: str) -> Position:
        if self.silent:
            raise StoreUnavailable("no answer")
        position = self.position(channel)
        self.positions[channel] = replace(position, begun=position.begun + 1)
        return self.positions[channel]

    def save(self, channel: str, before: Position, after: Position) -> bool:
        stored = self.position(channel)
        if stored.saved not in (before.saved, after.saved):
            return False
        self.positions[channel] = replace(after, begun=stored.begun)
        return True

    def position(self, channel: str) -> Position:
        return self.positions.get(channel, Position())

    def begun(self, channel: str) -> int:
        return self.position(channel).begun

    def done(self, channel: str) -> int:
        return self.position(channel).done

    def waiting(self, exceptions: Iterable[str]) -> set[str]:
        return set(exceptions) & self.exceptions.waiting.keys()

    def unsettled(self, channel: str, before: int) -> list[ListingKey]:
        return [key for key, poll in self.settles.items() if key[1] == channel and poll < before]


@dataclass(slots=True)
class FakeExceptions:
    waiting: dict[str, ExceptionRecord] = field(default_factory=dict)
    resolved: set[str] = field(default_factory=set)

    def record(self, exception: ExceptionRecord) -> None:
        if exception.exception_id not in self.resolved:
            self.waiting.setdefault(exception.exception_id, exception)

    def resolve(self, exception_id: str, by: str, at: str, *, tried_again: bool) -> Mapping[str, object]:
        del self.waiting[exception_id]
        if not tried_again:
            self.resolved.add(exception_id)
        return {}


@dataclass(frozen=True, slots=True)
class Entry:
    """One change in a channel's list: a fact, or why it cannot be understood."""

    at: datetime
    external_id: str
    told: Told | str


@dataclass(slots=True)
class ListingOrders(FakeChannel):
    """Its list of orders, oldest change first. `troubles` befall the next pages, one each; `asked` before each."""

    entries: list[Entry] = field(default_factory=list)
    page_size: int = 2
    troubles: list[LastunitError | None] = field(default_factory=list)
    before_page: list[Callable[[], None]] = field(default_factory=list)
    asked: list[tuple[datetime, str | None]] = field(default_factory=list)

    def sells(self, external_id: str, minute: float, told: Told | str | None = None) -> None:
        """An order, changed so many minutes after noon by the channel's clock. An older entry of it is replaced."""
        self.entries = [one for one in self.entries if one.external_id != external_id]
        self.entries.append(Entry(minutes(minute), external_id, told or sold({"shirt": 1}, external_id)))
        self.entries.sort(key=lambda one: one.at)

    def orders_since(self, since: datetime, page: str | None) -> OrdersPage:
        self.asked.append((since, page))
        if self.before_page:
            self.before_page.pop(0)()
        trouble = self.troubles.pop(0) if self.troubles else None
        if trouble:
            raise trouble
        found, start = [one for one in self.entries if one.at >= since], int(page or 0)
        shown = found[start : start + self.page_size]
        more = start + self.page_size < len(found)
        return OrdersPage(
            tuple(one.told for one in shown if not isinstance(one.told, str)),
            tuple((one.external_id, one.told) for one in shown if isinstance(one.told, str)),
            str(start + self.page_size) if more else None,
            max((one.at for one in shown), default=None),
        )


@dataclass(slots=True)
class Exchange:
    """A shop whose channel `web` lists its orders; further channels by name in `others`."""

    shop: Shop = field(default_factory=lambda: Shop({("shirt", "M"): 50}))
    web: ListingOrders = field(default_factory=ListingOrders)
    others: dict[str, ChannelApi] = field(default_factory=dict)
    polls: FakePolls = field(default_factory=FakePolls)
    pushes: FakeQueue = field(default_factory=FakeQueue)
    clock: MovingClock = field(default_factory=MovingClock)
    pace: FakePace = field(default_factory=FakePace)

    @property
    def exceptions(self) -> FakeExceptions:
        return self.polls.exceptions

    @property
    def position(self) -> Position:
        return self.polls.position("web")

    @property
    def use_case(self) -> PollChannels:
        return PollChannels(
            self.polls,
            self.shop.settings,
            self._api,
            self.shop.change_orders,
            self.exceptions,
            self.pushes,
            self.pace,
            self.clock,
            self.clock.advance,
            one_after_another,
        )

    def poll(self) -> Polled:
        return self.use_case.poll("web")

    def left(self) -> int:
        return self.shop.left()["shirt", "M"]

    def open(self, name: str, api: ChannelApi) -> None:
        self.others[name] = api
        self.shop.settings.accounts[name] = Channel(name, "generic")

    def _api(self, channel: Channel) -> ChannelApi:
        return self.others.get(channel.name, self.web)


def minutes(after_noon: float) -> datetime:
    return NOON + timedelta(minutes=after_noon)


def with_orders(*at_minutes: float) -> Exchange:
    """Orders 1, 2, … changed so many minutes from noon, which no webhook has told."""
    exchange = Exchange()
    for number, minute in enumerate(at_minutes, 1):
        exchange.web.sells(str(number), minute)
    return exchange

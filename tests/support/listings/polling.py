"""Stand-ins for polling: positions kept in memory, and a channel with a list of its orders' changes."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from lastunit.domain.channel import Channel
from lastunit.domain.errors import StoreUnavailable
from lastunit.domain.keys import LevelKey, ListingKey
from lastunit.domain.listings.order_watermark import Position
from lastunit.domain.orders.inbound import ChannelEvent
from lastunit.domain.orders.snapshot import Notification
from lastunit.domain.review import ExceptionRecord
from lastunit.ports.channel import OrderSource, OrdersPage
from lastunit.use_cases.orders.poll_channels import PollChannels, Polled
from tests.support.clock import NOON, FakeClock
from tests.support.listings.pushing import FakeChannel, FakeQueue, FakeRateLimit
from tests.support.orders.inputs import sold
from tests.support.orders.order_shop import OrderShop
from tests.support.parallel import in_turn


@dataclass(slots=True)
class FakePollPositions:
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

    def awaiting_poll(self, channel: str, before: int) -> list[ListingKey]:
        return [key for key, poll in self.settles.items() if key[1] == channel and poll < before]


@dataclass(slots=True)
class FakeExceptions:
    waiting: dict[str, ExceptionRecord] = field(default_factory=dict)
    resolved: set[str] = field(default_factory=set)

    def record(self, exception: ExceptionRecord) -> None:
        if exception.exception_id not in self.resolved:
            self.waiting.setdefault(exception.exception_id, exception)

    def message(self, exception_id: str) -> str:
        return self.waiting[exception_id].payload

    def resolve(self, exception_id: str, by: str, at: str, *, tried_again: bool) -> None:
        del self.waiting[exception_id]
        if not tried_again:
            self.resolved.add(exception_id)


@dataclass(frozen=True, slots=True)
class Entry:
    """One change in a channel's list: a fact, or why it cannot be understood."""

    at: datetime
    external_id: str
    event: ChannelEvent | str


@dataclass(slots=True)
class FakeOrderList(FakeChannel):
    """Its list of orders, oldest change first. `troubles` befall the next pages, one each; `asked` before each."""

    entries: list[Entry] = field(default_factory=list)
    page_size: int = 2
    errors: list[Exception | None] = field(default_factory=list)
    before_page: list[Callable[[], None]] = field(default_factory=list)
    asked: list[tuple[datetime, str | None]] = field(default_factory=list)

    def add_sale(self, external_id: str, minute: float, event: ChannelEvent | str | None = None) -> None:
        """An order, changed so many minutes after noon by the channel's clock. An older entry of it is replaced."""
        self.entries = [one for one in self.entries if one.external_id != external_id]
        self.entries.append(Entry(minutes(minute), external_id, event or sold({"shirt": 1}, external_id)))
        self.entries.sort(key=lambda one: one.at)

    def orders(self, notification: Notification) -> list[ChannelEvent]:
        raise AssertionError("nothing but its list is asked for")

    def orders_since(self, since: datetime, page: str | None) -> OrdersPage:
        self.asked.append((since, page))
        if self.before_page:
            self.before_page.pop(0)()
        failure = self.errors.pop(0) if self.errors else None
        if failure:
            raise failure
        found, start = [one for one in self.entries if one.at >= since], int(page or 0)
        shown = found[start : start + self.page_size]
        more = start + self.page_size < len(found)
        return OrdersPage(
            events=tuple(one.event for one in shown if not isinstance(one.event, str)),
            unreadable=tuple((one.external_id, one.event) for one in shown if isinstance(one.event, str)),
            next=str(start + self.page_size) if more else None,
            latest=max((one.at for one in shown), default=None),
        )


@dataclass(slots=True)
class PollingShop:
    """A shop whose channel `web` lists its orders; further channels by name in `others`."""

    shop: OrderShop = field(default_factory=lambda: OrderShop({LevelKey("shirt", "M"): 50}))
    web: FakeOrderList = field(default_factory=FakeOrderList)
    others: dict[str, OrderSource] = field(default_factory=dict)
    polls: FakePollPositions = field(default_factory=FakePollPositions)
    pushes: FakeQueue = field(default_factory=FakeQueue)
    clock: FakeClock = field(default_factory=FakeClock)
    rate_limit: FakeRateLimit = field(default_factory=FakeRateLimit)

    @property
    def exceptions(self) -> FakeExceptions:
        return self.polls.exceptions

    @property
    def position(self) -> Position:
        return self.polls.position("web")

    @property
    def use_case(self) -> PollChannels:
        return PollChannels(
            polls=self.polls,
            settings=self.shop.settings,
            api=self._api,
            change=self.shop.change_orders,
            exceptions=self.exceptions,
            pushes=self.pushes,
            rate_limit=self.rate_limit,
            clock=self.clock,
            sleep=self.clock.advance,
            run_parallel=in_turn,
            report_error=self.shop.report_error,
        )

    def poll(self) -> Polled:
        return self.use_case.poll("web")

    def available(self) -> int:
        return self.shop.available()[LevelKey("shirt", "M")]

    def connect(self, name: str, api: OrderSource) -> None:
        self.others[name] = api
        self.shop.settings.accounts[name] = Channel(name=name, kind="generic")

    def _api(self, channel: Channel) -> OrderSource:
        return self.others.get(channel.name, self.web)


def minutes(after_noon: float) -> datetime:
    return NOON + timedelta(minutes=after_noon)


def with_orders(*at_minutes: float) -> PollingShop:
    """Orders 1, 2, … changed so many minutes from noon, which no webhook has told."""
    polling_shop = PollingShop()
    for number, minute in enumerate(at_minutes, 1):
        polling_shop.web.add_sale(str(number), minute)
    return polling_shop

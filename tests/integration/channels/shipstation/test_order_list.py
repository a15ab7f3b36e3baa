"""ShipStation asked what it shipped and voided, over real HTTP: the facts of its webhooks, and no void lost."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lastunit.adapters.http import UrllibClient
from lastunit.channels.shipstation.api import Api
from lastunit.domain.channel import Channel
from lastunit.domain.errors import ChannelUnavailable, OutcomeUnknown, Throttled
from lastunit.domain.orders.inbound import ChannelEvent, ShipmentNotice, ShippedLine
from lastunit.domain.orders.parcels import tracking_digests
from lastunit.domain.orders.snapshot import Notification
from lastunit.ports.channel import OrdersPage
from tests.channels.shipstation.simulator import LIMITS, V1, V2, ShipStation, new_key
from tests.channels.shipstation.wire import Parcel
from tests.support.clock import FakeClock

KEY = new_key()
LINES = {"line-1": ("TEE", 6), "line-2": ("CAP", 1)}
START = datetime(2026, 11, 21, 11, 30, tzinfo=UTC)


@dataclass(slots=True)
class PollSetup:
    """A ShipStation whose webhooks nobody hears. Its clock only moves by `pass_minutes`."""

    station: ShipStation
    clock: FakeClock

    def connect(self) -> Api:
        channel = Channel(name="warehouse", kind="shipstation", connection=self.station.connection())
        return Api(channel, self.station.secret(), UrllibClient(), self.clock, {})

    def pass_minutes(self, minutes: float) -> None:
        self.clock.time += timedelta(minutes=minutes)

    def pages(self, since: datetime = START) -> list[OrdersPage]:
        module, page = self.connect(), None
        found = list[OrdersPage]()
        while page or not found:
            found.append(module.orders_since(since, page))
            page = found[-1].next
        return found

    def reported(self, since: datetime = START) -> list[ChannelEvent]:
        return [event for page in self.pages(since) for event in page.events]

    def by_webhook(self) -> set[ChannelEvent]:
        """What the hub would make of the webhooks now, had it heard them."""
        assert self.station.await_delivered(10)
        module = self.connect()
        return {event for one in self.station.posted for event in module.orders(notification(one.body))}


def notification(body: bytes) -> Notification:
    content = json.loads(body)
    return Notification(
        channel="warehouse", event_id="e1", order_id="", topic=content["resource_type"], payload=content
    )


def set_up(version: str, **settings: Any) -> Iterator[PollSetup]:
    clock = FakeClock()
    station = ShipStation(
        api_version=version,
        stores="12345=shopify,678=ebay",
        warehouses="77=montreal,78=laval",
        webhook_url="http://127.0.0.1:9/nobody",
        retry_seconds=(),
        now=clock.now,
        key=KEY,
        seconds=lambda: clock.time.timestamp(),
        **settings,
    )
    with station:
        yield PollSetup(station, clock)


@pytest.fixture(params=[V1, V2])
def setup(request: pytest.FixtureRequest) -> Iterator[PollSetup]:
    yield from set_up(request.param)


@pytest.fixture
def v1() -> Iterator[PollSetup]:
    yield from set_up(V1)


@pytest.fixture
def v2() -> Iterator[PollSetup]:
    yield from set_up(V2)


def ids(reported: list[ChannelEvent], *, voided: bool = False) -> list[str]:
    return [one.shipment_id for one in reported if isinstance(one, ShipmentNotice) and one.voided is voided]


def test_what_was_shipped_is_reported_as_its_webhook_would_have_reported_it(setup: PollSetup) -> None:
    shipment_id = setup.station.ship("1001", LINES)
    setup.pass_minutes(1)
    setup.station.ship("1002", LINES, store="678", warehouse="78")

    (page,) = setup.pages()

    lines = (ShippedLine(6, "line-1", ("TEE",)), ShippedLine(1, "line-2", ("CAP",)))
    first = ShipmentNotice(
        channel="shopify",
        external_id="1001",
        shipment_id=shipment_id,
        lines=lines,
        location="montreal",
        shipped_at=datetime.fromisoformat("2026-11-21T12:00:00.000000+00:00"),
        tracking=tracking_digests(setup.station.sent[shipment_id].tracking_number),
        reporter="warehouse",
    )
    assert first == page.events[0]
    assert setup.by_webhook() == set(page.events)
    assert (setup.clock.now(), (), None) == (page.latest, page.unreadable, page.next)


def test_a_void_that_sends_no_webhook_is_found_long_after_the_shipment(setup: PollSetup) -> None:
    shipment_id = setup.station.ship("1001", LINES)
    (shipped,) = setup.reported()
    setup.pass_minutes(60 * 24 * 7)
    setup.station.void(shipment_id)

    (page,) = setup.pages(setup.clock.now() - timedelta(minutes=10))

    assert isinstance(shipped, ShipmentNotice)
    assert (replace(shipped, voided=True),) == page.events
    assert setup.by_webhook() == set(page.events)
    assert setup.clock.now() == page.latest


def test_what_was_voided_before_is_not_reported_again(setup: PollSetup) -> None:
    setup.station.void(setup.station.ship("1001", LINES))
    setup.pass_minutes(120)

    assert [] == setup.reported(setup.clock.now() - timedelta(minutes=10))


def test_a_label_that_was_bought_and_voided_meanwhile_is_one_void(setup: PollSetup) -> None:
    shipment_id = setup.station.ship("1001", LINES)
    setup.station.void(shipment_id)

    reported = setup.reported()

    assert ([], [shipment_id]) == (ids(reported), ids(reported, voided=True))


@pytest.mark.parametrize("version", [V1, V2])
def test_a_page_ends_at_an_instant_and_reports_every_void_up_to_it(version: str) -> None:
    for setup in set_up(version, page_size=2):
        old = setup.station.ship("1000", LINES)
        shipped = list[str]()
        setup.pass_minutes(120)
        since = setup.clock.now()
        for number in range(1, 6):
            shipped.append(setup.station.ship(f"100{number}", LINES))
            setup.pass_minutes(1)
            if number == 3:
                setup.station.void(old)
                setup.pass_minutes(1)

        first, second, third = setup.pages(since)

        assert ids(list(first.events)) == shipped[:2]
        assert ids(list(first.events), voided=True) == []
        assert ids(list(second.events), voided=True) == [old]
        assert ids(list(second.events)) == shipped[2:4]
        assert ids(list(third.events)) == shipped[4:]
        minutes = [(page.latest or START) - since for page in (first, second, third)]
        assert minutes == [timedelta(minutes=at) for at in (1, 4, 5)]


def test_return_labels_report_nothing(setup: PollSetup) -> None:
    setup.station.ship_batch([Parcel("1001", LINES, "12345", "77")], is_return=True)

    assert [((), ())] == [(page.events, page.unreadable) for page in setup.pages()]


def test_a_shipstation_that_shipped_nothing_leaves_the_cursor_where_it_is(setup: PollSetup) -> None:
    assert [OrdersPage(events=())] == setup.pages()


@pytest.mark.parametrize(
    ("fault", "error"), [("throttled", Throttled), ("broken", ChannelUnavailable), ("lost", OutcomeUnknown)]
)
def test_shipstations_troubles_have_their_names(setup: PollSetup, fault: str, error: type[Exception]) -> None:
    setattr(setup.station.misbehaviour, fault, 1.0)

    with pytest.raises(error):
        setup.pages()


def test_a_poll_takes_no_credentials_to_where_it_is_redirected(setup: PollSetup) -> None:
    with ShipStation(api_version=setup.station.api_version, key=KEY) as thief:
        setup.station.moved_to = thief.url

        with pytest.raises(ChannelUnavailable, match="302"):
            setup.pages()

        assert (len(setup.station.calls) > 0, thief.calls) == (True, [])


@pytest.mark.parametrize("version", [V1, V2])
def test_whoever_keeps_to_the_limits_is_never_refused(version: str) -> None:
    for setup in set_up(version):
        limits = setup.connect().limits

        assert limits.burst + 60 * limits.calls_per_second <= LIMITS[version]


# V1


def test_the_hour_that_clocks_write_twice_is_asked_for_twice(v1: PollSetup) -> None:
    v1.clock.time = datetime(2026, 11, 1, 8, 50, tzinfo=UTC)  # 01:50 in Los Angeles, for the first time.
    before = v1.station.ship("1001", LINES)
    (page,) = v1.pages(v1.clock.now() - timedelta(minutes=10))
    v1.pass_minutes(20)  # 01:10 again.
    after = v1.station.ship("1002", LINES)
    v1.station.void(before)

    assert page.latest is not None
    reported = v1.reported(page.latest - timedelta(minutes=10))

    assert ([after], [before]) == (ids(reported), ids(reported, voided=True))


# V2


def test_a_parcel_marked_as_shipped_is_reported_too(v2: PollSetup) -> None:
    by_label = v2.station.ship("1001", LINES)
    by_hand = v2.station.mark_shipped("1002", LINES)

    reported = v2.reported()

    assert [by_label, by_hand] == ids(reported)
    assert v2.by_webhook() == set(reported)


def test_many_labels_take_few_calls(v2: PollSetup) -> None:
    for number in range(20):
        v2.station.ship(f"10{number:02d}", LINES)
    v2.station.calls.clear()

    assert 20 == len(v2.reported())
    assert 4 == len(v2.station.calls)

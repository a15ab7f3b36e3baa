"""The order list of a merchant's own store, without sockets: what is asked, told, and not believed."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from standardwebhooks.webhooks import Webhook

from lastunit.channels.generic import KIND
from lastunit.channels.generic.api import Api
from lastunit.channels.generic.order_list import orders_page
from lastunit.channels.generic.settings import Connection
from lastunit.domain.channel import Channel
from lastunit.domain.errors import ChannelUnavailable, MissingCapability, OutcomeUnknown, Throttled
from lastunit.domain.listings.push_protocol import Limits
from lastunit.domain.orders.inbound import ChannelEvent, ShipmentNotice
from lastunit.domain.orders.snapshot import Notification, OrderSnapshot
from lastunit.ports.channel import Capability, QuantityAdjuster
from lastunit.ports.system import Clock, HttpResponse
from tests.support.clock import FakeClock, SystemClock
from tests.support.parallel import in_turn

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
SECRET = "whsec_" + base64.b64encode(b"s" * 32).decode()


@dataclass(slots=True)
class ScriptedStore:
    """Gives one answer to everything and keeps what it was asked."""

    run_parallel = staticmethod(in_turn)
    answer: HttpResponse | Exception
    asked: list[tuple[str, str, Mapping[str, str]]] = field(default_factory=list)

    def request(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None
    ) -> HttpResponse:
        assert body is None
        self.asked.append((method, url, headers))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    @property
    def queries(self) -> list[dict[str, list[str]]]:
        return [parse_qs(urlsplit(url).query) for _, url, _ in self.asked]


def listed(*orders: object, **changes: object) -> ScriptedStore:
    content = {"orders": orders, "shipments": [], "next": None} | changes
    return ScriptedStore(HttpResponse(200, {}, json.dumps(content).encode()))


def api(http: ScriptedStore, **connection: str) -> Api:
    return timed_api(http, FakeClock(NOW), **connection)


def timed_api(http: ScriptedStore, clock: Clock, **connection: str) -> Api:
    channel = Channel(
        name="shop", kind="generic", connection={"base_url": "https://store.example/api", **connection}
    )
    return Api(channel, {"webhook_secrets": [SECRET], "push_secret": SECRET}, http, clock, {})


def minutes_ago(minutes: float) -> str:
    return (NOW - timedelta(minutes=minutes)).isoformat()


def order(order_id: object = "A-1", minutes: float = 9, **changes: object) -> dict[str, object]:
    lines = [{"line_id": "1", "sku": "TEE", "quantity": 2}]
    return {"order_id": order_id, "version": 3, "updated_at": minutes_ago(minutes), "lines": lines} | changes


def parcel(shipment_id: object = "P-1", minutes: float = 9, **changes: object) -> dict[str, object]:
    lines = [{"line_id": "1", "sku": "TEE", "quantity": 2}]
    known = {"shipment_id": shipment_id, "order_id": "A-1", "updated_at": minutes_ago(minutes), "lines": lines}
    return known | changes


def names(reported: tuple[ChannelEvent, ...]) -> list[str]:
    return [one.external_id if isinstance(one, OrderSnapshot) else one.shipment_id for one in reported]


class TestAsking:
    def test_changes_since_an_instant_are_asked_for_page_by_page(self) -> None:
        http = listed()
        shop, since = api(http), datetime(2026, 8, 1, 14, 30, tzinfo=UTC)

        shop.orders_since(since, None)
        shop.orders_since(since, "a b&c")

        expected = {"updated_since": ["2026-08-01T14:30:00.000000Z"], "limit": ["100"]}
        assert [expected, expected | {"cursor": ["a b&c"]}] == http.queries
        assert ["GET https://store.example/api/orders"] * 2 == [
            f"{method} {url.partition('?')[0]}" for method, url, _ in http.asked
        ]

    def test_every_call_is_signed_over_an_empty_body_with_an_id_of_its_own(self) -> None:
        http = listed()
        # The reference library refuses a signature of any other time than its own.
        shop = timed_api(http, SystemClock())

        for _ in range(2):
            shop.orders_since(NOW, None)

        signed = [dict(headers) for _, _, headers in http.asked]
        assert [Webhook(SECRET).verify("", one, json_parse=False) for one in signed] == [None, None]
        assert 2 == len({one["webhook-id"] for one in signed})


class TestTold:
    @pytest.mark.parametrize(
        ("topic", "data", "entry"),
        [
            ("order.updated", order(), order()),
            ("order.created", order(status="created"), order(status="created")),
            ("order.paid", order(status="paid"), order(status="paid")),
            ("order.updated", order(version=None), order(version=None)),
            (
                "order.cancelled",
                order(lines=None, restocked=True),
                order(lines=None, restocked=True, status="cancelled"),
            ),
        ],
    )
    def test_an_order_is_the_same_fact_in_the_list_and_in_its_event(
        self, topic: str, data: Mapping[str, Any], entry: Mapping[str, Any]
    ) -> None:
        http = listed(entry)

        page = api(http).orders_since(NOW, None)

        assert (
            tuple(
                api(http).orders(
                    Notification(channel="shop", event_id="m", order_id="A-1", topic=topic, payload=data)
                )
            )
            == page.events
        )

    @pytest.mark.parametrize(
        ("topic", "entry"),
        [
            ("shipment.created", parcel(location="montreal", shipped_at=minutes_ago(20))),
            ("shipment.created", parcel(voided=False)),
            ("shipment.voided", parcel(voided=True)),
        ],
    )
    def test_a_shipment_is_the_same_fact_in_the_list_and_in_its_event(
        self, topic: str, entry: Mapping[str, Any]
    ) -> None:
        http = listed(shipments=(entry,))

        page = api(http).orders_since(NOW, None)

        assert (
            tuple(
                api(http).orders(
                    Notification(channel="shop", event_id="m", order_id="A-1", topic=topic, payload=entry)
                )
            )
            == page.events
        )
        assert [topic == "shipment.voided"] == [
            one.voided for one in page.events if isinstance(one, ShipmentNotice)
        ]

    def test_orders_and_shipments_are_reported_by_change_with_the_time_of_the_last(self) -> None:
        shipments = (parcel("P-1", 8), parcel("P-2", 3))

        page = api(listed(order("A-1", 9), order("A-2", 5), shipments=shipments)).orders_since(NOW, None)

        assert ["A-1", "P-1", "A-2", "P-2"] == names(page.events)
        assert (NOW - timedelta(minutes=3), None) == (page.latest, page.next)

    def test_an_empty_page_reports_nothing_and_names_the_next(self) -> None:
        page = api(listed(next="c2")).orders_since(NOW, "c1")

        assert ((), (), "c2", None) == (page.events, page.unreadable, page.next, page.latest)

    def test_the_example_of_the_contract_is_read_whole(self) -> None:
        contract = (Path(__file__).parents[4] / "docs" / "channels" / "generic.md").read_text()
        example = json.loads(contract.partition("### List orders")[2].partition("```json")[2].partition("```")[0])

        page = orders_page("shop", example, None, datetime(2026, 8, 3, tzinfo=UTC))

        assert ["A-1001", "A-1002", "P-5001", "P-5002"] == names(page.events)
        assert ((), example["next"]) == (page.unreadable, page.next)


class TestUnreadable:
    def test_an_entry_that_breaks_the_contract_is_named_and_keeps_no_other_from_being_reported(self) -> None:
        bad = order("A-2", 8, lines=[{"line_id": "1", "sku": "TEE", "quantity": "2"}])

        page = api(listed(order("A-1", 9), bad, order("A-3", 7))).orders_since(NOW, None)

        assert ["A-1", "A-3"] == names(page.events)
        ((order_id, why),) = page.unreadable
        assert "A-2" == order_id
        assert why.startswith("orders[A-2].lines[0].quantity: ")
        assert NOW - timedelta(minutes=7) == page.latest

    @pytest.mark.parametrize(
        ("entry", "field_name"),
        [
            (order(status="cancelled"), "orders[A-1].lines: "),
            (order(updated_at=None), "orders[A-1].updated_at: "),
            (order(updated_at="2026-08-01T12:00:00"), "orders[A-1].updated_at: "),
            (order(7), "orders[unnamed].order_id: "),
            ("Ada Example", "orders[unnamed]."),
        ],
    )
    def test_what_is_wrong_with_an_order_is_said_by_field(self, entry: object, field_name: str) -> None:
        page = api(listed(entry)).orders_since(NOW, None)

        ((_, why),) = page.unreadable
        assert why.startswith(field_name)
        assert "Ada" not in why

    @pytest.mark.parametrize(
        ("entry", "field_name"),
        [
            (parcel(voided="yes"), "shipments[P-1].voided: "),
            (parcel(lines=[]), "shipments[P-1].lines: "),
            (parcel(None), "shipments[unnamed].shipment_id: "),
        ],
    )
    def test_what_is_wrong_with_a_shipment_is_said_by_field(self, entry: object, field_name: str) -> None:
        page = api(listed(shipments=(entry,))).orders_since(NOW, None)

        ((order_id, why),) = page.unreadable
        assert "A-1" == order_id
        assert why.startswith(field_name)

    def test_a_change_in_the_future_does_not_carry_the_cursor_past_the_others(self) -> None:
        page = api(listed(order("A-1", 1), order("A-2", -5), order("A-3", -6))).orders_since(NOW, None)

        assert ["A-1", "A-2"] == names(page.events)
        assert [("A-3", "orders[A-3].updated_at: lies in the future; see docs/channels/generic.md")] == list(
            page.unreadable
        )
        assert NOW + timedelta(minutes=5) == page.latest


class TestRefused:
    """A page that may hide orders is not taken for a page: nothing of it is told, and the poll does not end."""

    @pytest.mark.parametrize("status", [404, 405])
    def test_a_store_without_an_order_list_says_what_that_costs(self, status: int) -> None:
        with pytest.raises(ChannelUnavailable, match=r"no order list.*lost.*never known to be complete"):
            api(ScriptedStore(HttpResponse(status, {}, b""))).orders_since(NOW, None)

    @pytest.mark.parametrize("status", [301, 400, 401, 403, 413, 422, 500])
    def test_a_store_that_refuses_or_cannot_serve_is_unavailable(self, status: int) -> None:
        with pytest.raises(ChannelUnavailable, match=str(status)):
            api(ScriptedStore(HttpResponse(status, {}, b"{}"))).orders_since(NOW, None)

    def test_a_store_that_asks_for_a_pause_gets_it(self) -> None:
        with pytest.raises(Throttled) as pause:
            api(ScriptedStore(HttpResponse(429, {"retry-after": "7"}, b""))).orders_since(NOW, None)

        assert 7 == pause.value.retry_after_seconds

    def test_a_store_that_does_not_answer_is_not_taken_for_an_empty_one(self) -> None:
        with pytest.raises(OutcomeUnknown):
            api(ScriptedStore(OutcomeUnknown("no answer"))).orders_since(NOW, None)

    @pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b'{"orders": [], "shipments": []}'])
    def test_an_answer_that_is_no_page_is_refused(self, body: bytes) -> None:
        with pytest.raises(ChannelUnavailable, match="order list cannot be read"):
            api(ScriptedStore(HttpResponse(200, {}, body))).orders_since(NOW, None)

    @pytest.mark.parametrize(
        "changes",
        [{"orders": None}, {"orders": {}}, {"shipments": None}, {"next": ""}, {"next": 2}, {"next": "x" * 1001}],
    )
    def test_a_page_of_another_form_is_refused(self, changes: dict[str, object]) -> None:
        with pytest.raises(ChannelUnavailable, match=f"{next(iter(changes))}: "):
            api(listed(**changes)).orders_since(NOW, None)

    def test_more_entries_than_were_asked_for_are_refused(self) -> None:
        with pytest.raises(ChannelUnavailable, match="orders: "):
            api(listed(*[order()] * 101)).orders_since(NOW, None)

    @pytest.mark.parametrize("kind", ["orders", "shipments"])
    def test_the_newest_change_first_is_refused(self, kind: str) -> None:
        entries = [order("A-2", 1), order("A-1", 2)] if kind == "orders" else [parcel("P-2", 1), parcel("P-1", 2)]

        with pytest.raises(ChannelUnavailable, match="not sorted"):
            api(listed(**{kind: entries})).orders_since(NOW, None)

    def test_a_page_that_names_itself_as_the_next_is_refused(self) -> None:
        with pytest.raises(ChannelUnavailable, match="this very page"):
            api(listed(next="c1")).orders_since(NOW, "c1")


class TestLimits:
    @pytest.mark.parametrize(
        ("asked", "limits"),
        [
            ({}, Limits(10, 20)),
            ({"calls_per_second": "2.5"}, Limits(2.5, 5)),
            ({"calls_per_second": "0.1"}, Limits(0.1, 1)),
        ],
    )
    def test_a_store_says_how_often_it_may_be_called(self, asked: dict[str, str], limits: Limits) -> None:
        assert limits == api(listed(), **asked).limits

    @pytest.mark.parametrize("wrong", ["0", "-1", "1001", "nan", "inf", "ten", ""])
    def test_a_rate_that_cannot_be_kept_is_refused(self, wrong: str) -> None:
        with pytest.raises(ValueError, match="calls_per_second"):
            Connection.model_validate({"base_url": "https://store.example", "calls_per_second": wrong})

    def test_a_store_takes_numbers_and_no_changes_of_them(self) -> None:
        assert not isinstance(api(listed()), QuantityAdjuster)
        with pytest.raises(MissingCapability, match="takes no deltas; push whole numbers"):
            KIND.require(Capability.ADJUSTMENTS)

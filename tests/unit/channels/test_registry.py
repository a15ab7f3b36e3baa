"""A kind of channel is one folder and one line of the registry; what it can do it declares."""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from lastunit.channels.accounts import ChannelAccounts
from lastunit.channels.registry import KINDS, Kinds
from lastunit.channels.shared.kind import LACKS, ChannelKind
from lastunit.domain.channel import Channel
from lastunit.domain.errors import BadSignature, ChannelUnavailable, InvalidInput, MissingCapability, NotFound
from lastunit.domain.keys import LevelKey
from lastunit.ports.channel import PROTOCOLS, Capability, WebhookRequest
from lastunit.ports.system import HttpResponse
from lastunit.use_cases.listings.push.tasks import Finished, PushTask
from lastunit.use_cases.orders.process_orders import ProcessOrders, ReceivedMessage
from lastunit.use_cases.orders.receive_webhook import ReceiveWebhook
from tests.channels.registry import SIMULATED, simulator
from tests.support.clock import NOON, FakeClock
from tests.support.listings.polling import FakeExceptions, PollingShop
from tests.support.listings.pushing import FakeQueue, PushHub
from tests.support.orders.order_shop import OrderShop
from tests.support.parallel import in_turn
from tests.support.settings import FakeSettings
from tests.support.unexpected import raise_again

ROOT = Path(__file__).parents[3]
WITH_TOY = Kinds({**KINDS.packages, "toy": "tests.unit.channels.toy"})
TOY = Channel(name="web", kind="toy", connection={"url": "https://toy.example"})
TOKEN = "a-token-of-toys"
ORDER = {"id": "7", "at": "2026-11-21T12:00:00Z", "lines": {"shirt": 2}}
kinds = pytest.mark.parametrize("name", KINDS.names)


@dataclass(slots=True)
class ToyMarket:
    """The toy marketplace's server."""

    orders: dict[str, Mapping[str, Any]] = field(default_factory=lambda: {"7": ORDER})
    shelf: dict[str, int] = field(default_factory=dict)
    run_parallel = staticmethod(in_turn)

    def request(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None
    ) -> HttpResponse:
        room, _, name = url.removeprefix("https://toy.example/").partition("/")
        if method == "PUT":
            self.shelf[name] = json.loads(body or b"{}")["quantity"]
        if room == "levels":
            return HttpResponse(200, {}, json.dumps({"quantity": self.shelf.get(name, 0)}).encode())
        found = self.orders[name] if name else {"orders": list(self.orders.values())}
        return HttpResponse(200, {}, json.dumps(found).encode())


def accounts(market: ToyMarket, secret: Mapping[str, Any] | None = None) -> ChannelAccounts:
    return ChannelAccounts(
        kinds=WITH_TOY, secret=lambda _: secret or {"token": TOKEN}, http=market, clock=FakeClock()
    )


def webhook(token: str = TOKEN) -> WebhookRequest:
    body = json.dumps({"event": "e1", "order": "7"}).encode()
    return WebhookRequest(method="POST", headers={"x-toy-token": token}, body=body)


def receiver(market: ToyMarket, queue: FakeQueue) -> ReceiveWebhook:
    settings = FakeSettings({"web": TOY}, ())
    return ReceiveWebhook(settings=settings, api=accounts(market).webhook_source, queue=queue, clock=FakeClock())


def test_a_webhook_of_a_new_kind_becomes_an_order() -> None:
    market, queue, shop = ToyMarket(), FakeQueue(), OrderShop({LevelKey("shirt", "M"): 5}, channel=TOY)
    process = ProcessOrders(
        settings=shop.settings,
        api=accounts(market).order_source,
        order_store=shop.order_store,
        change=shop.change_orders,
        exceptions=FakeExceptions(),
        clock=FakeClock(),
        run_parallel=in_turn,
        report_error=raise_again,
    )

    accepted = receiver(market, queue).notify("web", webhook())
    process.handle([ReceivedMessage("1", queue.sent[0].to_json())])

    assert (True, {LevelKey("shirt", "M"): 3}) == (accepted, shop.available())


def test_a_webhook_that_a_new_kind_did_not_sign_is_refused() -> None:
    with pytest.raises(BadSignature):
        receiver(ToyMarket(), FakeQueue()).notify("web", webhook("guessed"))


def test_a_channel_of_a_new_kind_is_polled() -> None:
    exchange = PollingShop()
    exchange.shop.settings.accounts["web"] = TOY

    polled = replace(exchange.use_case, api=accounts(ToyMarket()).order_source).poll("web")

    assert (True, 1, 48) == (polled.ended, polled.found, exchange.available())


def pushing(market: ToyMarket, channel: Channel) -> dict[str, object]:
    hub, opened = PushHub(), accounts(market)
    hub.add_listing("shirt", 4)
    hub.settings.accounts["web"] = replace(channel, outbound=True)
    base = hub.use_case
    read_pool = replace(base.context.read_pool, form=opened.form)
    use_case = replace(base, context=replace(base.context, api=opened.quantity_target, read_pool=read_pool))
    return {
        key[2]: result for key, result in use_case.push(PushTask(key=key) for key in hub.listings.listed).items()
    }


def test_a_channel_of_a_new_kind_is_reported_its_numbers() -> None:
    market = ToyMarket()

    assert {"shirt": Finished(acknowledged=True)} == pushing(market, TOY)
    assert {"shirt": 4} == market.shelf


def test_a_kind_that_takes_no_quantities_is_reported_none_and_not_asked_again() -> None:
    shipping = Channel(name="web", kind="shipstation")

    assert {"shirt": Finished(refused=True)} == pushing(ToyMarket(), shipping)


def test_a_kind_that_takes_no_webhooks_is_unknown_to_whoever_sends_one() -> None:
    silent = ChannelKind(name="silent", connection="", secret="", open="", capabilities=frozenset())

    def api(_: Channel) -> Any:
        silent.require(Capability.WEBHOOKS)

    receive = replace(receiver(ToyMarket(), FakeQueue()), api=api)

    with pytest.raises(NotFound, match="channel 'web' does not exist"):
        receive.notify("web", webhook())
    with pytest.raises(NotFound, match="channel 'web' does not exist"):
        receive.challenge("web", webhook())


@pytest.mark.parametrize("capability", Capability)
def test_what_a_kind_cannot_do_is_refused_with_what_to_do_instead(capability: Capability) -> None:
    nothing = ChannelKind(name="none", connection="", secret="", open="", capabilities=frozenset())

    with pytest.raises(MissingCapability) as caught:
        nothing.require(capability)

    lack, remedy = LACKS[capability]
    assert ("kind", remedy, True) == (caught.value.field, caught.value.remedy, lack in str(caught.value))


def test_a_source_of_stock_is_asked_for_like_any_other_capability() -> None:
    with pytest.raises(MissingCapability, match="is no source of stock"):
        accounts(ToyMarket()).stock_source(TOY)


def test_a_kind_that_nobody_registered_is_named_with_those_there_are() -> None:
    with pytest.raises(InvalidInput, match="'amazon' is not known; use one of ebay, generic, ") as caught:
        KINDS.kind("amazon")

    assert "kind" == caught.value.field


def test_wrong_settings_are_named_and_nothing_of_them_is_shown() -> None:
    with pytest.raises(ChannelUnavailable, match=r"'web' are wrong: token$"):
        accounts(ToyMarket(), {"token": ""}).order_source(TOY)


@pytest.mark.parametrize(
    ("capabilities", "refs"),
    [
        ({Capability.QUANTITIES}, None),
        (set(), "a:Refs"),
        ({Capability.ADJUSTMENTS}, None),
        ({Capability.WEBHOOKS}, None),
    ],
)
def test_capabilities_that_make_no_sense_together_are_refused(
    capabilities: set[Capability], refs: str | None
) -> None:
    with pytest.raises(ValueError, match=r"refs|quantities|orders"):
        ChannelKind(name="odd", connection="", secret="", open="", refs=refs, capabilities=frozenset(capabilities))


def opened(name: str) -> Any:
    market = simulator(name)()
    market.webhook_url = f"https://hub.example/webhooks/{name}"
    channel = Channel(name="shop", kind=name, connection=market.connection())
    return KINDS.kind(name).open_account(channel, market.secret(), ToyMarket(), FakeClock(NOON), {})


@kinds
@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b'{"id": NaN}', "body"),
        (b'{"id": 1e999}', "body"),
        (b'{"id": 1, "id": 2}', "id"),
        (b'[{"id": 1}]', "body"),
        ('{"id": 1}'.encode("utf-16"), "body"),
    ],
)
def test_a_webhook_that_can_be_read_in_two_ways_is_refused_by_every_kind(
    name: str, body: bytes, field: str
) -> None:
    request = WebhookRequest(method="POST", headers={"x-shopify-topic": "orders/create"}, body=body)

    with pytest.raises(InvalidInput) as caught:
        opened(name).parse(request)

    assert (field, True) == (caught.value.field, bool(caught.value.remedy))


@kinds
def test_a_kind_implements_what_it_declares_and_nothing_else(name: str) -> None:
    account = opened(name)

    implemented = {capability for capability, protocol in PROTOCOLS.items() if isinstance(account, protocol)}
    assert KINDS.kind(name).capabilities == implemented


@kinds
def test_the_settings_that_a_simulator_hands_out_pass_the_checks_of_its_kind(name: str) -> None:
    market, kind = simulator(name)(), KINDS.kind(name)
    market.webhook_url = f"https://hub.example/webhooks/{name}"

    kind.check_connection(market.connection())
    with pytest.raises(InvalidInput) as caught:
        kind.check_connection({**market.connection(), "colour": "red"})

    assert (name, "connection.colour") == (kind.name, caught.value.field)


@kinds
def test_every_kind_has_a_page_that_says_how_it_is_connected(name: str) -> None:
    page = (ROOT / "docs" / "channels" / f"{name}.md").read_text()

    assert [part for part in ("What comes in", "What goes out", "Credentials", "Limits") if part not in page] == []


def test_to_know_the_kinds_loads_none_of_them() -> None:
    code = "import sys, lastunit.channels.registry; print(*sorted(m for m in sys.modules if 'channels.' in m))"
    path = str(ROOT / "layers" / "lastunit")

    loaded = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code], env={"PYTHONPATH": path}, capture_output=True, text=True, check=True
    ).stdout.split()

    assert ["lastunit.channels.registry", "lastunit.channels.shared", "lastunit.channels.shared.kind"] == loaded


@kinds
def test_a_kind_is_named_nowhere_outside_its_folder_and_the_registry(name: str) -> None:
    package = ROOT / "layers" / "lastunit" / "lastunit"
    sources = [*package.rglob("*.py"), *(ROOT / "functions").rglob("*.py")]
    at_home = (package / "channels" / name, package / "channels" / "registry.py")
    outside = [path for path in sources if not any(path == home or home in path.parents for home in at_home)]

    found = {path.relative_to(ROOT) for path in outside for text in named(path) if name in text.split(".")}

    assert set() == found


def named(path: Path) -> Iterator[str]:
    """Modules that are imported, and whole strings; prose may speak of a marketplace."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_every_kind_has_a_simulated_marketplace_and_no_simulator_is_without_a_kind() -> None:
    assert KINDS.names == SIMULATED

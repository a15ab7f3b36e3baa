"""The demo shop: a seed file loaded through the API, and three simulated marketplaces that sell from it."""

import json
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

from infra.local.stack import LocalStack, silent
from infra.local.tools import StackError
from tests.channels.registry import kind_of, simulator

SEED = Path(__file__).parent / "shop.json"
FIRST_PUSHES_SECONDS = 90


class Shop:
    """Open from `with Shop(stack) as shop:`. `markets`: the simulated marketplace of each channel, by its name."""

    def __init__(self, stack: LocalStack, seed: Path = SEED, say: Callable[[str], None] = silent) -> None:
        self.stack, self._say = stack, say
        self.seed: Mapping[str, Any] = json.loads(seed.read_text())
        self.markets: Mapping[str, Any] = {
            name: simulator(row["kind"])(seed=number)
            for number, (name, row) in enumerate(self.seed["channels"].items(), start=1)
        }
        shipping = self.seed["shipping"]
        self.shipping: Any = simulator(shipping["kind"])(seed=len(self.markets) + 1, **shipping["settings"])
        self._open = ExitStack()

    def __enter__(self) -> Self:
        try:
            for market in (*self.markets.values(), self.shipping):
                self._open.enter_context(market)
            self._load()
        except BaseException:
            self._open.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def put(self, path: str, content: object) -> Any:
        return self._call("PUT", path, content)

    def post(self, path: str, content: object) -> Any:
        return self._call("POST", path, content)

    def get(self, path: str) -> Any:
        return self._call("GET", path, None)

    def wanted(self, sku: str) -> dict[tuple[str, str], int]:
        """(channel, listing) → what the hub says the channel should show."""
        listings = self.get(f"/skus/{sku}")["listings"]
        return {(one["channel"], one["listing"]): one["quantity"] for one in listings}

    def listing_of(self, channel: str, sku: str) -> str:
        """The name of a SKU on a channel."""
        names: Mapping[str, str] = self.seed["listings"][channel]
        return next(name for name, ours in names.items() if ours == sku)

    def _load(self) -> None:
        self._say("Loading the demo shop through the API …")
        for name, rank in self.seed["locations"].items():
            self.put(f"/locations/{name}", {"rank": rank})
        for sku, content in self.seed["skus"].items():
            self.put(f"/skus/{sku}", content)
        for row in self.seed["bins"]:
            self.put(f"/skus/{row['sku']}/levels/{row['location']}/bins/{row['bin']}", {"kind": row["kind"]})
        for number, row in enumerate(self.seed["stock"]):
            self.post("/adjustments", {"operation": f"opening-{number}", "reason": "receive", **row})
        for name in self.seed["channels"]:
            self._connect(name)
        self._connect_shipping()
        self._await_first_pushes()

    def _connect_shipping(self) -> None:
        """It neither sells nor shows: it tells what has left."""
        address = f"{self.stack.url}/webhooks/shipping"
        self.stack.put_secret("shipping", self.shipping.secret())
        self.put("/channels/shipping", {"kind": kind_of(self.shipping), "connection": self.shipping.connection()})
        self.shipping.register(address)

    def _connect(self, name: str) -> None:
        market, address = self.markets[name], f"{self.stack.url}/webhooks/{name}"
        market.webhook_url = address  # Some settings name it.
        self.stack.put_secret(name, market.secret())
        self.put(f"/channels/{name}", {**self.seed["channels"][name], "connection": market.connection()})
        market.register(address)
        for listing, sku in self.seed["listings"][name].items():
            market.list_item(listing, 0)
            body = {"sku": sku, "refs": market.refs(listing), "aliases": market.aliases(listing)}
            self.put(f"/channels/{name}/listings/{listing}", body)
        self._turn_on(name)

    def _turn_on(self, name: str) -> None:
        """A channel is told numbers once somebody has seen what it would be told."""
        page = self.get(f"/channels/{name}/rehearsal")
        while page["next"]:
            page = self.get(f"/channels/{name}/rehearsal?after={quote(page['next'])}")
        self.put(f"/channels/{name}/outbound", {"on": True, "rehearsed_version": page["rehearsed_version"]})

    def _await_first_pushes(self) -> None:
        self._say("Waiting until every channel shows its first numbers …")
        for sku in self.seed["skus"]:
            for (channel, listing), number in self.wanted(sku).items():
                if not self.markets[channel].await_shown(listing, number, FIRST_PUSHES_SECONDS):
                    raise StackError(f"{channel} never showed {number} of {listing}; see {self.stack.log}")

    def _call(self, method: str, path: str, content: object) -> Any:
        answer = self.stack.call(method, path, content)
        if answer.status >= 500:
            raise StackError(f"{method} {path} answered {answer.status}: {answer.body!r}; see {self.stack.log}")
        return answer.json()

"""A full coverage of 20,000 listings on two channels, its workers killed half-way."""

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import batched
from pathlib import Path
from typing import Any

import pytest
from werkzeug.wrappers import Request, Response

from infra.local.promises import depth
from infra.local.stack import LocalStack
from lastunit.adapters.dynamodb import rows
from lastunit.channels.shopify import settings
from lastunit.domain.listings.push_protocol import Limits
from lastunit.domain.listings.rate_limit import RESERVE
from lastunit.domain.stock.catalogue import Alias
from tests.channels.generic.simulator import GenericStore
from tests.channels.shopify.simulator import Shopify
from tests.e2e.test_burst import held_back
from tests.e2e.waiting import eventually

SKUS = 10_000
FEWEST = {"shop": SKUS // 250, "store": SKUS // 100}
"""Channel → calls that tell it everything, each as large as it takes them."""

LIMITS = {"shop": settings.LIMITS, "store": Limits(calls_per_second=10, burst=20)}
LATE = {"shop": f"SKU-{SKUS - 10:05}", "store": f"SKU-{SKUS - 20:05}"}
"""Sold on its channel a second before it is overwritten there, near the end of the run."""

LATE_WRITES = {"shop": 2, "store": 1}
"""Shopify refuses a call as a whole: the others of the batch are sent anew, then the one that was sold."""

VISIBLE_AGAIN_SECONDS = 30  # Lambda's least for a function of 30 s; the template's 180 s would only be waited for.
HELD_SECONDS_MAX = 3.0  # Less than the hub waits for an answer (5 s): it is killed while it still waits.
WRITERS = 4
PATIENCE_SECONDS = 600


Run = Mapping[str, Any]
"""A run of a channel as the API shows it."""


def shown(number: int) -> int:
    return 10 + number % 40


def wanted(number: int) -> int:
    """Another number for every listing; half of them rise."""
    return shown(number) + (3 if number % 2 else -3)


NAMES = [f"SKU-{number:05}" for number in range(SKUS)]
NUMBERS = {name: wanted(number) for number, name in enumerate(NAMES)}


@dataclass(slots=True)
class Door:
    """Where the hub's calls come in at the channels: counted by channel and kind, and held while it is shut.

    It shuts when the call that is `last` comes. `on_write`: what happens on a channel a second before the call
    that names this listing takes effect there.
    """

    last: tuple[str, str, int] | None = None
    on_write: dict[bytes, Callable[[], object]] = field(default_factory=dict)
    calls: Counter[tuple[str, str]] = field(default_factory=Counter)
    held: Counter[str] = field(default_factory=Counter)
    changed: threading.Condition = field(default_factory=threading.Condition)
    _is_open: bool = True

    def enter(self, channel: str, kind: str, body: bytes) -> None:
        with self.changed:
            self.calls[channel, kind] += 1
            if (channel, kind, self.calls[channel, kind]) == self.last:
                self._is_open = False
            if kind != "orders":  # Polls come and go at their own time.
                self._wait(channel)
        for name in [name for name in self.on_write if kind == "write" and name in body]:
            self.on_write.pop(name)()
            time.sleep(1)  # The second between the sale and the overwrite: nothing else is to happen in it.

    def await_held(self, calls: int, seconds: float) -> bool:
        with self.changed:
            return self.changed.wait_for(lambda: self.held.total() >= calls, seconds)

    def open(self) -> None:
        """Whoever waits goes in now, although nobody may be left to hear the answer."""
        with self.changed:
            self.last, self._is_open = None, True
            self.changed.notify_all()

    def _wait(self, channel: str) -> None:
        self.held[channel] += 1
        self.changed.notify_all()
        self.changed.wait_for(lambda: self._is_open)
        self.held[channel] -= 1


class ShopBehindDoor(Shopify):
    door: Door

    def _answer(self, request: Request) -> Response:
        body = request.get_data()
        reads = "read" if b"inventoryLevel" in body else "orders"
        self.door.enter("shop", "write" if b"inventorySetQuantities" in body else reads, body)
        return Shopify._answer(self, request)


class StoreBehindDoor(GenericStore):
    door: Door

    def _answer(self, request: Request) -> Response:
        reads = "read" if request.path.endswith("/levels") else "orders"
        self.door.enter("store", "write" if request.method == "PUT" else reads, request.get_data())
        return GenericStore._answer(self, request)


@dataclass(frozen=True, slots=True)
class NightlyRun:
    """The hub and both channels. No webhook is sent: what was sold is known once a channel was polled."""

    stack: LocalStack
    door: Door
    shop: ShopBehindDoor
    store: StoreBehindDoor

    @property
    def markets(self) -> dict[str, Shopify | GenericStore]:
        return {"shop": self.shop, "store": self.store}

    def call(self, method: str, path: str, content: object = None) -> Any:
        answer = self.stack.call(method, path, content)
        assert answer.status < 300, answer.body
        return answer.json()

    def connect(self, name: str, kind: str) -> None:
        """Turned on while it has no listings yet: its rehearsal is one page then. Its hour is far away."""
        market = self.markets[name]
        market.misbehaviour.dropped = 1.0
        self.stack.put_secret(name, market.secret())
        hour = (datetime.now(UTC) + timedelta(hours=12)).strftime("%H:%M")
        settings = {"kind": kind, "connection": market.connection(), "sync": "timed_full", "full_at": hour}
        self.call("PUT", f"/channels/{name}", settings)
        seen = self.call("GET", f"/channels/{name}/rehearsal")["rehearsed_version"]
        self.call("PUT", f"/channels/{name}/outbound", {"on": True, "rehearsed_version": seen})

    def begin(self) -> None:
        for name in self.markets:
            self.call("POST", f"/channels/{name}/coverage")
        function = self.stack.functions["RunFullCoverageFunction"]  # As every minute.
        self.stack.client("lambda").invoke(FunctionName=function, Payload=b"{}")

    def runs(self) -> dict[str, Run]:
        return {name: self.call("GET", f"/channels/{name}/coverage")[0] for name in self.markets}

    def polls(self, name: str) -> bool:
        """Unless another poll of it is under way, as every minute."""
        return self.stack.call("POST", f"/channels/{name}/poll").status < 300

    def are_over(self) -> bool:
        return all(run["state"] == "finished" for run in self.runs().values())

    def shelves(self) -> dict[str, dict[str, int]]:
        return {name: dict(market.shelves) for name, market in self.markets.items()}


@contextmanager
def two_channels() -> Iterator[NightlyRun]:
    """Without the followers of the streams: a channel at its hour is not told of changes, and all rows are new."""
    with ExitStack() as open_:
        stack = open_.enter_context(LocalStack())
        for function in ("TrackStockFunction", "WriteLedgerFunction"):
            open_.enter_context(held_back(stack, function))
        door, shop, store = Door(), ShopBehindDoor(seed=1), StoreBehindDoor(seed=2)
        shop.door = store.door = door
        nightly_run = NightlyRun(stack, door, open_.enter_context(shop), open_.enter_context(store))
        open_.callback(door.open)
        nightly_run.call("PUT", "/locations/laval", {"rank": 1})
        nightly_run.connect("shop", "shopify")
        nightly_run.connect("store", "generic")
        yield nightly_run


def load(nightly_run: NightlyRun) -> None:
    """10,000 SKUs on two channels, a day after the last run: straight into the tables and onto the shelves."""
    for number, name in enumerate(NAMES):
        for market in nightly_run.markets.values():
            market.list_item(name, shown(number))
    put(
        nightly_run.stack,
        "StockTableName",
        [row for number in range(SKUS) for row in stock_rows(nightly_run, number)],
    )
    put(nightly_run.stack, "SettingsTableName", [row for name in NAMES for row in alias_rows(nightly_run, name)])


def put(stack: LocalStack, table: str, stored: Sequence[rows.Item]) -> None:
    client, name = stack.client("dynamodb"), stack.outputs[table]

    def write(batch: Sequence[rows.Item]) -> None:
        answer = client.batch_write_item(RequestItems={name: [{"PutRequest": {"Item": row}} for row in batch]})
        assert {} == answer["UnprocessedItems"]

    with ThreadPoolExecutor(WRITERS) as writers:
        list(writers.map(write, batched(stored, 25, strict=False)))


def stock_rows(nightly_run: NightlyRun, number: int) -> Iterator[rows.Item]:
    """Acknowledged numbers need not be read before they are overwritten."""
    name, units = NAMES[number], wanted(number)
    yesterday = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    known = {"quantity": shown(number), "sold": 0, "at": yesterday}
    by_version = known | {"version": str(nightly_run.store.versions[name])}
    yield rows.sku_key(name) | rows.encode({"status": "active"})
    yield rows.level_key(name, "laval") | rows.encode({"on_hand": units, "available": units, "reserved": 0})
    yield rows.listing_key(name, "shop", name) | rows.encode(
        {"acknowledged": known, "sequence": 1, "refs": nightly_run.shop.refs(name)}
    )
    yield rows.listing_key(name, "store", name) | rows.encode({"acknowledged": by_version, "sequence": 1})


def alias_rows(nightly_run: NightlyRun, name: str) -> Iterator[rows.Item]:
    variant = f"variant:{nightly_run.shop.variants[name].variant_id}"  # Orders of Shopify name it too.
    for channel, alias in ("shop", name), ("shop", variant), ("store", name):
        row = Alias(alias, name, name)
        yield rows.alias_key(channel, row.name) | rows.encode({"sku": row.sku, "listing": row.listing})


def sell_late(nightly_run: NightlyRun) -> None:
    item = nightly_run.shop.variants[LATE["shop"]].item_gid
    for name, mark in ("shop", item), ("store", LATE["store"]):
        nightly_run.door.on_write[f'"{mark}"'.encode()] = partial(nightly_run.markets[name].sell, {LATE[name]: 1})


@dataclass(frozen=True, slots=True)
class Cut:
    """`held`: calls that waited at the door when so many workers were killed. `runs`: how far they had come."""

    killed: int
    held: Mapping[str, int]
    runs: Mapping[str, Run]

    def unanswered(self, name: str) -> int:
        """Calls of which the hub cannot know what came; whoever did not wait may just have been about to."""
        return self.held[name] + max(0, self.killed - sum(self.held.values()))


def cut_off(nightly_run: NightlyRun) -> Cut:
    """Kills the workers half-way, in the middle of a segment: its first batch is told, its second under way."""
    visible = {"VisibilityTimeout": str(VISIBLE_AGAIN_SECONDS)}
    queue = nightly_run.stack.outputs["CoverageQueueUrl"]
    nightly_run.stack.client("sqs").set_queue_attributes(QueueUrl=queue, Attributes=visible)
    nightly_run.door.last = ("shop", "write", FEWEST["shop"] // 2 + 2)
    nightly_run.begin()
    assert nightly_run.door.await_held(1, PATIENCE_SECONDS)
    nightly_run.door.await_held(2, HELD_SECONDS_MAX)
    cut = Cut(
        kill_workers(nightly_run.stack, "CoverListingsFunction"), Counter(nightly_run.door.held), nightly_run.runs()
    )
    nightly_run.door.open()
    return cut


def kill_workers(stack: LocalStack, function: str) -> int:
    """As machines fail: no worker of this function lives to see the end of its call."""
    workers = [int(path.name) for path in Path("/proc").glob("[0-9]*") if is_worker(path, stack, function)]
    for worker in workers:
        os.kill(worker, signal.SIGKILL)
    return len(workers)


def is_worker(process: Path, stack: LocalStack, function: str) -> bool:
    """Of this stack alone: another one on this machine has functions of the same name."""
    try:
        ours = os.getpgid(int(process.name)) == stack.process_group
        return ours and stack.functions[function].encode() in (process / "cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return False


def import_and_tell_again(nightly_run: NightlyRun) -> None:
    for name, listing in LATE.items():
        assert eventually(partial(nightly_run.polls, name))
        nightly_run.call("POST", f"/channels/{name}/listings/{listing}/sync")
    assert eventually(lambda: not depth(nightly_run.stack, "PushesQueueUrl"))


def wanted_late(nightly_run: NightlyRun) -> dict[str, int]:
    """What the hub says that the listings sold late should show."""
    stored = [row for sku in LATE.values() for row in nightly_run.call("GET", f"/skus/{sku}")["listings"]]
    return {row["channel"]: row["quantity"] for row in stored if LATE[row["channel"]] == row["listing"]}


def may_show(name: str) -> set[tuple[str, int]]:
    """(Listing, number) on a channel after its run.

    What was sold there meanwhile is known there at once; on the other channel, if a poll told the hub in time.
    """
    sold = {(listing, NUMBERS[listing] - 1) for listing in LATE.values()}
    return (NUMBERS.items() | sold) - {(LATE[name], NUMBERS[LATE[name]])}


def speed(run: Run) -> float:
    return float(run["listings"] / run["seconds"])


def figures(name: str, run: Run, half: Run, calls: Mapping[tuple[str, str], int]) -> str:
    writes, reads, limits = calls[name, "write"], calls[name, "read"], LIMITS[name]
    at_once = limits.burst - RESERVE * (limits.burst - 1)
    least = max(0.0, (writes + reads - at_once) / limits.calls_per_second)
    return (
        f"{name}: {run['listings']} listings in {run['seconds']} s, {speed(run):.0f} a second "
        f"({speed(half):.0f} until the kill); its rate limit alone takes {least:.0f} s; "
        f"{writes} writes, the fewest are {FEWEST[name]}, and {reads} reads"
    )


@pytest.mark.timeout(900)
def test_a_full_coverage_outlives_its_workers_and_re_lists_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """Rules 1.5-4, 1.5-7 and 1.5-12, and promise 5."""
    with two_channels() as nightly_run:
        load(nightly_run)
        sell_late(nightly_run)

        cut = cut_off(nightly_run)
        assert eventually(nightly_run.are_over, PATIENCE_SECONDS)

        runs, calls, shelves = nightly_run.runs(), Counter(nightly_run.door.calls), nightly_run.shelves()
        import_and_tell_again(nightly_run)
        later, number = nightly_run.shelves(), wanted_late(nightly_run)
        left = [depth(nightly_run.stack, f"Coverage{kind}Url") for kind in ("Queue", "DeadLetterQueue")]

    with capsys.disabled():
        lines = [figures(name, run, cut.runs[name], calls) for name, run in runs.items()]
        print(f"\n{cut.killed} workers killed half-way", *lines, sep="\n")  # noqa: T201 - the figures to be shown
    assert [0, 0] == left
    for name, run in runs.items():
        half, unsold, again = cut.runs[name], NUMBERS[LATE[name]] - 1, cut.unanswered(name)
        assert ("running", True) == (half["state"], 0 < half["listings"] < SKUS)
        assert (SKUS, SKUS, 0) == (run["listings"], run["changed"] + run["skipped"], run["failed"])
        assert NUMBERS.keys() == shelves[name].keys()
        assert shelves[name].items() <= may_show(name)
        assert later[name] == shelves[name]
        assert unsold == number[name]
        # What nobody knows is looked into and told again, and so is what the late sale made stale.
        assert FEWEST[name] <= calls[name, "write"] <= FEWEST[name] + LATE_WRITES[name] + again
        assert calls[name, "read"] <= again + 1

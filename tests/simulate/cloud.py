"""The simulated AWS account: tables, queues, streams and schedules that run the functions on machines that die."""

import json
import random
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from email.utils import format_datetime
from functools import partial
from typing import Any, NoReturn

from botocore.exceptions import BotoCoreError, ClientError

from lastunit.adapters.clock import TableClock
from lastunit.container import Hub, Resources
from lastunit.domain.errors import LastunitError
from lastunit.ports.system import HttpClient
from tests.simulate import functions
from tests.simulate.calls import Answer, Calls
from tests.simulate.faults import Faults
from tests.simulate.invariants.checks import Violation
from tests.simulate.queues import InvocationFailed, Message, Queue, Sqs, Terms
from tests.simulate.scheduler import Actor, Killed, Scheduler, VirtualClock
from tests.simulate.store import DynamoClient, Store
from tests.simulate.streams import SHARDS, Shard, Stream
from tests.support.parallel import in_turn

SKEW_MAX_SECONDS = 600.0
RESOURCES = Resources(
    stock_table="StockTable",
    orders_table="OrdersTable",
    ledger_table="LedgerTable",
    settings_table="SettingsTable",
    orders_queue_url="orders",
    pushes_queue_url="pushes",
    coverage_queue_url="coverage",
    reconcile_queue_url="reconcile",
    webhooks_queue_url="webhooks",
    event_bus_name="bus",
    secrets_prefix="secrets/",
)
Work = Callable[[Hub, Sequence[Message], random.Random], list[str]]
WORK: Mapping[str, Work] = {
    "orders": functions.process_orders,
    "pushes": functions.push_quantities,
    "coverage": functions.cover_listings,
    "reconcile": functions.reconcile_listings,
}
TERMS: Mapping[str, Terms] = {
    "orders": Terms(batch_max=90, workers_max=5, timeout_seconds=60, visibility_seconds=360, receives_max=20),
    "pushes": Terms(batch_max=100, workers_max=4, timeout_seconds=30, visibility_seconds=180, receives_max=50),
    "coverage": Terms(batch_max=1, workers_max=2, timeout_seconds=30, visibility_seconds=180, receives_max=60),
    "reconcile": Terms(batch_max=1, workers_max=2, timeout_seconds=60, visibility_seconds=360, receives_max=20),
}
"""As template.yaml says; a test compares them."""


@dataclass(slots=True)
class Clients:
    """Of one machine."""

    dynamodb: Any
    sqs: Any
    events: Any
    secrets: Any


@dataclass(frozen=True, slots=True)
class _Events:
    calls: Calls

    def put_events(self, *, Entries: Sequence[Mapping[str, Any]]) -> Answer:
        def effect() -> Answer:
            lost = [self.calls.faults.strikes("send_partly") for _ in Entries]
            return {"Entries": [{} if one else {"EventId": "event"} for one in lost]}

        return self.calls.other(effect)


@dataclass(frozen=True, slots=True)
class _Secrets:
    contents: Mapping[str, object]

    def get_secret_value(self, *, SecretId: str) -> Answer:
        return {"SecretString": json.dumps(self.contents[SecretId])}


@dataclass(slots=True)
class Cloud:
    """`listened`: every machine with somebody at its ports. `batch_max`: messages, below what the queues allow."""

    scheduler: Scheduler
    faults: Faults
    rng: random.Random
    store: Store
    http: HttpClient
    listened: Callable[[Hub], Hub]
    batch_max: int
    secrets: dict[str, object] = field(default_factory=dict)
    queues: dict[str, Queue] = field(default_factory=dict)
    streams: list[tuple[str, Stream]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    killed: int = 0
    _free: dict[str, list[Hub]] = field(default_factory=lambda: defaultdict(list))
    _calls: Calls = field(init=False)
    _clients: Clients = field(init=False)
    _spread: dict[str, int] = field(init=False)
    _ids: int = 0

    def __post_init__(self) -> None:
        self._calls = calls = Calls(self.scheduler, self.store, self.faults, self.rng)
        for name, work in WORK.items():
            invoke = partial(self._batch, name, work)
            terms = replace(TERMS[name], batch_max=min(self.batch_max, TERMS[name].batch_max))
            self.queues[name] = Queue(name, self.scheduler, self.faults, self.rng, invoke, terms)
        self._clients = Clients(
            DynamoClient(calls.dynamodb), Sqs(calls, self.queues), _Events(calls), _Secrets(self.secrets)
        )
        self.streams = [
            ("StockTable", self._stream("track_stock", functions.track_stock)),
            ("StockTable", self._stream("write_ledger", functions.write_ledger)),
            ("OrdersTable", self._stream("write_ledger", functions.write_ledger)),
        ]
        self._spread = {table: 0 for table, _ in self.streams}

    def machine(self, skew_seconds: float = 0.0) -> Hub:
        """A new one, with nothing in its memory."""
        sleep = self.scheduler.sleep
        clock = TableClock(VirtualClock(self.scheduler, skew_seconds))
        told = DynamoClient(partial(self._telling, clock))
        hub = Hub(
            aws=replace(self._clients, dynamodb=told) if skew_seconds else self._clients,
            resources=RESOURCES,
            http=self.http,
            clock=clock,
            new_id=self._new_id,
            pause=lambda round_number: sleep(self.rng.random() * min(2.0, 0.02 * 2.0**round_number)),
            sleep=sleep,
            run_parallel=in_turn,
            report_error=_unexpected,
        )
        return self.listened(hub)

    def _telling(self, clock: TableClock, operation: str, parameters: Mapping[str, Any]) -> Answer:
        """Each answer of the tables says when it was given. Who is right learns nothing by it."""
        answer = self._calls.dynamodb(operation, parameters)
        date = format_datetime(VirtualClock(self.scheduler).now(), usegmt=True)
        clock.hear({"ResponseMetadata": {"HTTPHeaders": {"date": date}}})
        return answer

    def run[Result](self, function: str, do: Callable[[Hub], Result]) -> Result:
        """One invocation, within the current actor. Raises InvocationFailed when it ends with an error of AWS."""
        with self._machine(function) as hub:
            try:
                return do(hub)
            except (LastunitError, ClientError, BotoCoreError) as error:
                self.failures.append(f"{function}: {type(error).__name__}: {error}")
                raise InvocationFailed(function) from error

    def start(self, function: str, do: Callable[[Hub], object], timeout_seconds: float) -> Actor:
        """One invocation that nobody waits for, or whom to join."""

        def work() -> None:
            with suppress(InvocationFailed):
                self.run(function, do)

        actor = Actor(function, work, self.scheduler.now + timeout_seconds, mortal=True)
        return self.scheduler.start(actor)

    def minute(self) -> None:
        """What EventBridge does every minute: sometimes not, sometimes twice."""
        self._scheduled("expire_orders", functions.expire_orders, 30.0)
        self._scheduled("run_full_coverage", lambda hub: hub.run_full_coverage.run(), 60.0)
        self._scheduled("poll_channels", lambda hub: hub.poll_channels.run(), 60.0)

    def hour(self) -> None:
        self._scheduled("reconcile_listings", lambda hub: hub.reconcile_listings.start(), 60.0)

    def heal(self) -> None:
        """Nothing goes wrong any more; machines with wrong clocks are replaced, at the end of their work."""
        self.faults.healed = True
        self._free.clear()

    def redrive(self) -> int:
        """Everything that was given up comes again."""
        shards = (shard for _, stream in self.streams for shard in stream.shards)
        return sum(queue.redrive() for queue in self.queues.values()) + sum(shard.redrive() for shard in shards)

    def _scheduled(self, function: str, do: Callable[[Hub], object], timeout: float) -> None:
        if self.faults.strikes("schedule_skipped"):
            return
        for _ in range(2 if self.faults.strikes("schedule_doubled") else 1):
            self.start(function, do, timeout)

    @contextmanager
    def _machine(self, function: str) -> Iterator[Hub]:
        # Healing begins other lists: a machine that is at work then comes back to this one, and nobody takes it.
        free = self._free[function]
        hub = free.pop() if free and self.rng.random() < 0.9 else self.machine(self._skew())
        try:
            yield hub
        except Killed:
            self.killed += 1
            raise
        except InvocationFailed:
            free.append(hub)
            raise
        free.append(hub)

    def _skew(self) -> float:
        off = self.faults.strikes("clock_off")
        return self.rng.uniform(-SKEW_MAX_SECONDS, SKEW_MAX_SECONDS) if off else 0.0

    def _batch(
        self,
        name: str,
        work: Callable[[Hub, Sequence[Message], random.Random], list[str]],
        batch: Sequence[Message],
    ) -> list[str]:
        return self.run(name, lambda hub: work(hub, batch, self.rng))

    def _stream(self, name: str, work: Callable[[Hub, Sequence[Mapping[str, Any]]], None]) -> Stream:
        def invoke(records: Sequence[Mapping[str, Any]]) -> None:
            self.run(name, lambda hub: work(hub, records))

        shards = [Shard(name, self.scheduler, self.faults, self.rng, invoke) for _ in range(SHARDS)]
        return Stream(shards)

    def spread(self) -> None:
        """What was written reaches the readers of the streams."""
        for table, done in self._spread.items():
            records = self.store.stream(table)
            for record in records[done:]:
                for source, stream in self.streams:
                    if source == table:
                        stream.add(record)
            self._spread[table] = len(records)

    def _new_id(self) -> str:
        self._ids += 1
        return f"id{self._ids}"


def _unexpected(error: Exception) -> NoReturn:
    raise Violation("defect", f"nobody expected {error!r}") from error

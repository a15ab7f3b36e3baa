"""DynamoDB streams and what Lambda makes of them: in order per row, until they are done, bisected, replayed."""

import random
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.simulate.faults import Faults
from tests.simulate.queues import InvocationFailed
from tests.simulate.scheduler import Actor, Killed, Scheduler

SHARDS = 2
ATTEMPTS_MAX = 11  # The first one and the template's 10 retries.
BATCH_MAX = 50
LATENCY_SECONDS = 0.3
TIMEOUT_SECONDS = 30.0
REPLAYED_MAX = 30

Record = Mapping[str, Any]


@dataclass(slots=True)
class Shard:
    """One shard of a stream as one function reads it: `position` is how far it came.

    `failed`: batches that were given up, which the failure destination names.
    """

    name: str
    scheduler: Scheduler
    faults: Faults
    rng: random.Random
    invoke: Callable[[Sequence[Record]], None]
    records: list[Record] = field(default_factory=list)
    position: int = 0
    at_work: bool = False
    failed: list[Sequence[Record]] = field(default_factory=list)

    def add(self, record: Record) -> None:
        self.records.append(record)
        if not self.at_work:
            self._begin(LATENCY_SECONDS * (0.5 + self.rng.random()))

    def redrive(self) -> int:
        """An operator has the batches read again that were given up."""
        again, self.failed = self.failed, []
        for batch in again:
            self._start(batch, 1, self._nothing)
        return len(again)

    @property
    def is_done(self) -> bool:
        return not self.at_work and self.position == len(self.records)

    def _begin(self, seconds: float) -> None:
        self.at_work = True
        self.scheduler.after(seconds, self._next)

    def _next(self) -> None:
        if self.faults.strikes("stream_replayed"):
            self.position = max(0, self.position - self.rng.randint(1, REPLAYED_MAX))
        batch = self.records[self.position : self.position + self.rng.randint(1, BATCH_MAX)]
        if not batch:
            self.at_work = False
            return
        self._start(batch, 1, lambda: self._done(self.position + len(batch)))

    def _done(self, position: int) -> None:
        self.position = position
        if position < len(self.records):
            self._begin(0.01)
        else:
            self.at_work = False

    def _start(self, batch: Sequence[Record], attempt: int, then: Callable[[], None]) -> None:
        actor = Actor(self.name, lambda: self._work(batch, attempt, then), mortal=True)
        actor.deadline = self.scheduler.now + TIMEOUT_SECONDS
        self.scheduler.start(actor)

    def _work(self, batch: Sequence[Record], attempt: int, then: Callable[[], None]) -> None:
        try:
            self.invoke(batch)
        except (InvocationFailed, Killed):
            self.scheduler.after(min(60.0, 0.2 * 2.0**attempt), lambda: self._again(batch, attempt, then))
        else:
            self.scheduler.after(0.0, then)

    def _again(self, batch: Sequence[Record], attempt: int, then: Callable[[], None]) -> None:
        if len(batch) > 1:
            half = len(batch) // 2
            rest = batch[half:]
            self._start(batch[:half], attempt, lambda: self._start(rest, attempt, then))
        elif attempt < ATTEMPTS_MAX:
            self._start(batch, attempt + 1, then)
        else:
            self.failed.append(batch)
            then()

    def _nothing(self) -> None:
        """Nobody waits for a batch that was read again."""


@dataclass(frozen=True, slots=True)
class Stream:
    """One function's view of one table's stream."""

    shards: Sequence[Shard]

    def add(self, record: Record) -> None:
        pk = record["dynamodb"]["Keys"]["pk"]["S"]
        self.shards[zlib.crc32(pk.encode()) % len(self.shards)].add(record)

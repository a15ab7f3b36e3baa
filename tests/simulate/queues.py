"""SQS and what Lambda makes of it: batches, partial answers, dead letters; messages come twice and late."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from tests.simulate.calls import Answer, Calls
from tests.simulate.faults import Faults
from tests.simulate.scheduler import Actor, Scheduler

DAY = 86_400.0
LATENCY_SECONDS = 0.05
WINDOW_SECONDS = 1.0  # Lambda gathers a batch for so long, as the template asks; or less, when it is full.

Invoke = Callable[[list["Message"]], list[str]]
"""One invocation of the queue's function: its messages → the ids of those that must come again."""


def long_wait(rng: random.Random) -> float:
    """Seconds, minutes or an hour, each as often as the others."""
    return float(3600.0 ** rng.random())


@dataclass(slots=True, eq=False)
class Message:
    message_id: str
    body: str
    received: int = 0
    receipt: str = ""
    visible_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Terms:
    """A queue's settings in the template; the timeout is that of its function."""

    batch_max: int
    workers_max: int
    timeout_seconds: float
    visibility_seconds: float
    receives_max: int


@dataclass(slots=True)
class Queue:
    """One queue with its dead letters and the function that it feeds."""

    name: str
    scheduler: Scheduler
    faults: Faults
    rng: random.Random
    invoke: Invoke
    terms: Terms
    messages: dict[str, Message] = field(default_factory=dict)
    dead: dict[str, Message] = field(default_factory=dict)
    at_work: int = 0
    sent: int = 0

    def put(self, body: str) -> None:
        self.sent += 1
        message = Message(f"{self.name}-{self.sent}", body)
        self.messages[message.message_id] = message
        self._show(message, self._latency())
        if self.faults.strikes("message_doubled"):
            self.scheduler.after(long_wait(self.rng), lambda: self._again(body))

    def redrive(self) -> int:
        """Its dead letters come again."""
        found, self.dead = self.dead, {}
        for message in found.values():
            message.received = 0
            self.messages[message.message_id] = message
            self._show(message, 0.0)
        return len(found)

    def change_visibility(self, receipt: str, seconds: float) -> None:
        message = next((one for one in self.messages.values() if one.receipt == receipt), None)
        if message is not None:
            self._show(message, seconds)

    def _again(self, body: str) -> None:
        self.sent += 1
        message = Message(f"{self.name}-{self.sent}", body)
        self.messages[message.message_id] = message
        self._show(message, 0.0)

    def _latency(self) -> float:
        if self.faults.strikes("message_days_late"):
            return self.rng.random() * 3 * DAY
        if self.faults.strikes("message_delayed"):
            return long_wait(self.rng)
        return LATENCY_SECONDS * (0.5 + self.rng.random())

    def _show(self, message: Message, seconds: float) -> None:
        message.visible_at = self.scheduler.now + seconds
        self._wake(seconds + WINDOW_SECONDS * self.rng.random())

    def _wake(self, seconds: float) -> None:
        self.scheduler.after(seconds, self._poll)

    def _poll(self) -> None:
        """Lambda's poller: one batch of what is visible, as long as a worker is free."""
        if self.at_work >= self.terms.workers_max:
            return
        now = self.scheduler.now
        visible = [one for one in self.messages.values() if one.visible_at <= now]
        if not visible:
            return
        if len(visible) > 1:
            self.rng.shuffle(visible)
        batch = visible[: self.rng.randint(1, self.terms.batch_max)]
        taken = [message for message in batch if self._take(message)]
        if taken:
            self.at_work += 1
            self._start(taken)
        if len(visible) > len(batch):
            self._wake(0.001)

    def _take(self, message: Message) -> bool:
        if message.received >= self.terms.receives_max:
            del self.messages[message.message_id]
            self.dead[message.message_id] = message
            return False
        message.received += 1
        message.receipt = f"{message.message_id}/{message.received}"
        message.visible_at = self.scheduler.now + self.terms.visibility_seconds
        self._wake(self.terms.visibility_seconds + 0.001)
        return True

    def _start(self, batch: list[Message]) -> None:
        receipts = [(message, message.receipt) for message in batch]
        actor = Actor(self.name, lambda: self._work(actor, receipts), mortal=True)
        actor.deadline = self.scheduler.now + self.terms.timeout_seconds
        self.scheduler.start(actor)

    def _work(self, actor: Actor, batch: Sequence[tuple[Message, str]]) -> None:
        try:
            failed = set(self.invoke([message for message, _ in batch]))
        except InvocationFailed:
            return
        finally:
            self.at_work -= 1
            self._wake(0.001)
        for message, receipt in batch:
            if message.message_id not in failed and message.receipt == receipt:
                self._delete(message)

    def _delete(self, message: Message) -> None:
        # Once in a while a message is delivered again although it was deleted.
        if not self.faults.strikes("message_undeletable"):
            self.messages.pop(message.message_id, None)


class InvocationFailed(Exception):
    """The function ended with an error: its whole batch comes again."""


@dataclass(frozen=True, slots=True)
class Sqs:
    """The client that `adapters.queues` uses. `queues`: address → queue."""

    calls: Calls
    queues: Mapping[str, Queue]

    def send_message(self, *, QueueUrl: str, MessageBody: str) -> Answer:
        def effect() -> Answer:
            self.queues[QueueUrl].put(MessageBody)
            return {}

        return self.calls.other(effect)

    def send_message_batch(self, *, QueueUrl: str, Entries: Sequence[Mapping[str, str]]) -> Answer:
        def effect() -> Answer:
            failed = [entry for entry in Entries if self.calls.faults.strikes("send_partly")]
            for entry in Entries:
                if entry not in failed:
                    self.queues[QueueUrl].put(entry["MessageBody"])
            return {"Failed": [{"Id": entry["Id"]} for entry in failed]}

        return self.calls.other(effect)

    def change_message_visibility(
        self,
        *,
        QueueUrl: str,
        ReceiptHandle: str,
        VisibilityTimeout: int,
    ) -> Answer:
        def effect() -> Answer:
            self.queues[QueueUrl].change_visibility(ReceiptHandle, VisibilityTimeout)
            return {}

        return self.calls.other(effect)

"""After the faults: everything under way comes to its end, and what was given up is tried again, twice."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from infra.local.promises import depth, rows
from tests.channels.marketplace import Misbehaviour
from tests.soak.audit import disagreements, settled_rows
from tests.soak.fault_injection import QUEUES, give_up_after
from tests.soak.hub import HubClient
from tests.soak.marketplaces import Marketplaces
from tests.soak.staff import CONFLICT, StockKeeper

QUIET_SECONDS_MAX = 1800.0  # A message that failed often pauses up to 15 minutes.
AGREED_SECONDS_MAX = 240.0  # A blind set is settled by a poll 60 s after it, and raised again by another one.
CHECK_SECONDS, SAY_SECONDS = 2.0, 10.0
RECEIVES_MAX = 50
WORKED_OFF = ("OrdersQueueUrl", "PushesQueueUrl", "CoverageQueueUrl", "ReconcileQueueUrl", "WebhooksQueueUrl")
DEAD_LETTERS = {"OrdersQueueUrl": "OrdersDeadLetterQueueUrl", "PushesQueueUrl": "PushesDeadLetterQueueUrl"}


class NotDrained(Exception):
    """Something never came to its end."""


@dataclass(slots=True)
class Drain:
    """`replayed`: dead letters that were put back, each of them twice."""

    marketplaces: Marketplaces
    stock_keeper: StockKeeper
    say: Callable[[str], None]
    replayed: int = 0

    def __call__(self) -> None:
        self.marketplaces.misbehave(Misbehaviour())
        for queue in QUEUES:
            give_up_after(self.marketplaces.hub, queue, RECEIVES_MAX)
        self._await("what is under way", self._is_quiet)
        self.stock_keeper.try_refused_again()
        self._poll()
        self._replay()
        self._see_to_exceptions()
        self._await("the channels to show their numbers", self._agrees, AGREED_SECONDS_MAX)

    def _replay(self) -> None:
        letters = {queue: take_all(self.marketplaces.hub, dead) for queue, dead in DEAD_LETTERS.items()}
        self.replayed = sum(map(len, letters.values()))
        for _ in range(2):
            for queue, bodies in letters.items():
                put(self.marketplaces.hub, queue, bodies)
            self._await(f"{self.replayed} dead letters", self._is_quiet)

    def _see_to_exceptions(self) -> None:
        """A person tries again what waits, once: most causes are gone by now."""
        orders = [
            row for row in rows(self.marketplaces.hub.stack, "OrdersTableName") if row["pk"].startswith("ORDER#")
        ]
        for row in orders:
            if row["state"] == "exception":
                name = row["pk"].removeprefix("ORDER#").replace("#", ":", 1)
                self.marketplaces.hub.ask("POST", f"/orders/{name}/retry")
        self._await("what was tried again", self._is_quiet)

    def _agrees(self) -> str:
        """Exposures settle by polls, and what stays different is what the hourly reconciliation is for."""
        self._poll()
        self._await("the last pushes", self._is_quiet)
        found = disagreements(self.marketplaces)
        for driver in self.marketplaces.drivers if found else ():
            self.marketplaces.hub.ask("POST", f"/channels/{driver.name}/reconcile")
        return f"{len(found)} listings, {found[0]}" if found else ""

    def _poll(self) -> None:
        for channel in self.marketplaces.channels:
            self._await(f"a poll of {channel}", lambda channel=channel: self._left_to_poll(channel))  # type: ignore[misc]

    def _left_to_poll(self, channel: str) -> str:
        answer = self.marketplaces.hub.ask("POST", f"/channels/{channel}/poll", {})
        if answer.status == CONFLICT:
            return "another one is under way"
        told = answer.json()
        return "" if told["ended"] and not told["last_error"] else f"{told['last_error'] or 'more pages'}"

    def _is_quiet(self) -> str:
        """Empty when nothing is under way any more, else what is."""
        if not all(market.await_delivered(0.1) for market in self.marketplaces.markets):
            return "webhooks"
        waiting = {queue: depth(self.marketplaces.hub.stack, queue) for queue in WORKED_OFF}
        if any(waiting.values()):
            return ", ".join(
                f"{count} in {queue.removesuffix('QueueUrl')}" for queue, count in waiting.items() if count
            )
        return "" if settled_rows(self.marketplaces) else "the ledger"

    def _await(self, what: str, rest: Callable[[], str], seconds: float = QUIET_SECONDS_MAX) -> None:
        """`rest`: what there is still to wait for."""
        said = began = time.monotonic()
        while found := rest():
            if time.monotonic() - began > seconds:
                raise NotDrained(f"waited for {what} in vain: {found}")
            if time.monotonic() - said > SAY_SECONDS:
                self.say(f"  waiting for {what}: {found}")
                said = time.monotonic()
            time.sleep(CHECK_SECONDS)


def take_all(hub: HubClient, queue: str) -> list[str]:
    """The bodies of a queue's messages, which are taken off it."""
    client, url, bodies = hub.stack.client("sqs"), hub.stack.outputs[queue], list[str]()
    while messages := client.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            bodies.append(message["Body"])
            client.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return bodies


def put(hub: HubClient, queue: str, bodies: list[str]) -> None:
    client, url = hub.stack.client("sqs"), hub.stack.outputs[queue]
    for body in bodies:
        client.send_message(QueueUrl=url, MessageBody=body)

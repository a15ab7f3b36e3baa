"""What goes wrong on purpose between the functions and AWS, and to the functions themselves, counted."""

import json
import os
import random
import signal
import time
import urllib.request
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from infra.local.faults import FaultProxy, Rule
from tests.soak.hub import HubClient

LATE_MILLISECONDS = 2500  # The functions wait 2 s for an answer. The call takes effect all the same.
ACTIONS_MAX = 8  # Of a transaction that can be told of a conflict: the answer has a reason for each of its actions.

AT_ONCE = {
    "ReceiveWebhookFunction": 3,
    "ApiFunction": 3,
    "ProcessOrdersFunction": 2,
    "PushQuantitiesFunction": 2,
}
"""Executions, as an account with a low limit has them: two processors must start and run them all."""

KILL_SECONDS = 8.0
STARTED_AFTER_SECONDS = 5.0  # For one that dies earlier the emulator ends all workers of its function.
RESEND_SECONDS = 1.0
HIDDEN_SECONDS = 4
QUEUES = ("OrdersQueueUrl", "PushesQueueUrl")
VISIBLE_AGAIN_SECONDS = {
    "OrdersQueueUrl": 60,
    "PushesQueueUrl": 30,
    "CoverageQueueUrl": 30,
    "ReconcileQueueUrl": 60,
}
"""Lambda's least, the functions' timeouts; the template's are six times as long, and would only be waited for."""

RECEIVES_MAX = 4  # Of a message while the faults are on, so that there are dead letters to be replayed.
STREAMED = ("TrackStockFunction", "WriteLedgerFunction")


def _lost(service: str, share: float, operation: str | None = None) -> Rule:
    return _rule(service, share, operation, response={"abort_bytes": 1})


def _refused(service: str, share: float, code: str, operation: str | None = None, **more: object) -> Rule:
    return _rule(service, share, operation, error={"code": code, **more})


def _rule(service: str, share: float, operation: str | None, **effect: object) -> Rule:
    named = {"operation": operation} if operation else {}
    return {"service": service, "probability": share, **named, **effect}


def _conflict(actions: int) -> Rule:
    """As DynamoDB cancels a transaction of so many actions that met another one at its first item."""
    reasons = [{"Code": "TransactionConflict"}, *[{"Code": "None"}] * (actions - 1)]
    refused = _refused(
        "dynamodb",
        0.02,
        "TransactionCanceledException",
        "TransactWriteItems",
        fields={"CancellationReasons": reasons},
    )
    return {**refused, "body": f"length(TransactItems) == `{actions}`"}


FAULTS: dict[str, tuple[Rule, ...]] = {
    "transaction conflicts": (
        *map(_conflict, range(1, ACTIONS_MAX + 1)),
        _refused("dynamodb", 0.01, "TransactionConflictException", "UpdateItem"),
    ),
    "answers lost after the call took effect": (
        _lost("dynamodb", 0.04, "TransactWriteItems"),
        _lost("dynamodb", 0.02, "UpdateItem"),
        _lost("dynamodb", 0.02, "PutItem"),
        _lost("dynamodb", 0.005),
        _lost("sqs", 0.03),
    ),
    "throttled": (
        _refused("dynamodb", 0.01, "ProvisionedThroughputExceededException"),
        _refused("dynamodb", 0.005, "ThrottlingException"),
        _refused("sqs", 0.02, "RequestThrottled", status=400),
    ),
    "server errors": (
        _refused("dynamodb", 0.005, "InternalServerError", status=500),
        _refused("sqs", 0.02, "InternalFailure", status=500),
    ),
    "connections reset before the call took effect": (
        _rule("dynamodb", 0.005, None, reset=True),
        _rule("sqs", 0.02, None, reset=True),
    ),
    "calls that took effect after their caller had given up": (
        _rule("dynamodb", 0.002, None, latency=LATE_MILLISECONDS),
        _rule("sqs", 0.002, None, latency=LATE_MILLISECONDS),
    ),
}
"""What strikes → its rules. Each call meets the first rule that its own dice let strike."""


def inject(proxy: FaultProxy) -> None:
    proxy.inject(*(rule for rules in FAULTS.values() for rule in rules))


def struck(proxy: FaultProxy) -> Counter[str]:
    """What → how often, by the proxy's own count of each rule."""
    with urllib.request.urlopen(f"{proxy.endpoint}/_microburst/rules", timeout=10) as answer:  # noqa: S310 - loopback
        fired = [rule["fired_count"] for rule in json.load(answer)]
    counts, found = iter(fired), Counter[str]()
    for what, rules in FAULTS.items():
        found[what] = sum(next(counts, 0) for _ in rules)
    return found


@dataclass(slots=True)
class FaultInjection:
    """To the functions and their queues. `killed`: workers by function."""

    hub: HubClient
    rng: random.Random
    killed: Counter[str] = field(default_factory=Counter)
    resent: int = 0
    rewound: int = 0

    def kill_workers(self) -> None:
        while not self.hub.over.wait(self.rng.expovariate(1 / KILL_SECONDS)):
            at_work = [worker for worker in _workers(self.hub) if _is_at_work(worker)]
            if at_work:
                self._kill(self.rng.choice(at_work))

    def deliver_messages_again(self) -> None:
        """A copy at once, and the message itself after a while: twice, and in another order."""
        sqs, outputs = self.hub.stack.client("sqs"), self.hub.stack.outputs
        while not self.hub.over.wait(RESEND_SECONDS):
            url = outputs[self.rng.choice(QUEUES)]
            found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=3, VisibilityTimeout=HIDDEN_SECONDS)
            for message in found.get("Messages", ()):
                sqs.send_message(QueueUrl=url, MessageBody=message["Body"])
                self.resent += 1

    def rewind_streams(self) -> None:
        """Everything that the streams told so far is told once more, from the beginning."""
        client = self.hub.stack.client("lambda")
        for function in STREAMED:
            name = self.hub.stack.functions[function]
            for one in client.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]:
                client.delete_event_source_mapping(UUID=one["UUID"])
                again = {key: one[key] for key in ("EventSourceArn", "BatchSize", "DestinationConfig")}
                client.create_event_source_mapping(FunctionName=name, StartingPosition="TRIM_HORIZON", **again)
                self.rewound += 1

    def _kill(self, worker: Path) -> None:
        with suppress(FileNotFoundError, ProcessLookupError):
            command, names = (worker / "cmdline").read_bytes(), self.hub.stack.functions
            os.kill(int(worker.name), signal.SIGKILL)
            self.killed[next(one for one, name in names.items() if name.encode() in command)] += 1


def make_scarce(hub: HubClient) -> None:
    """Few executions at once; what a killed worker held comes back sooner; what failed a few times is given up."""
    for function, executions in AT_ONCE.items():
        hub.stack.client("lambda").put_function_concurrency(
            FunctionName=hub.stack.functions[function], ReservedConcurrentExecutions=executions
        )
    for queue, seconds in VISIBLE_AGAIN_SECONDS.items():
        _change_queue(hub, queue, {"VisibilityTimeout": str(seconds)})
    for queue in QUEUES:
        give_up_after(hub, queue, RECEIVES_MAX)


def give_up_after(hub: HubClient, queue: str, receives: int) -> None:
    url, client = hub.stack.outputs[queue], hub.stack.client("sqs")
    found = client.get_queue_attributes(QueueUrl=url, AttributeNames=["RedrivePolicy"])["Attributes"]
    policy = json.loads(found["RedrivePolicy"]) | {"maxReceiveCount": receives}
    _change_queue(hub, queue, {"RedrivePolicy": json.dumps(policy)})


def _change_queue(hub: HubClient, queue: str, attributes: dict[str, str]) -> None:
    hub.stack.client("sqs").set_queue_attributes(QueueUrl=hub.stack.outputs[queue], Attributes=attributes)


def _workers(hub: HubClient) -> list[Path]:
    """Of this stack alone: another one on this machine has functions of the same name."""
    return [process for process in Path("/proc").glob("[0-9]*") if _is_worker(process, hub.stack.process_group)]


def _is_worker(process: Path, group: int) -> bool:
    try:
        return os.getpgid(int(process.name)) == group and b"_worker.py" in (process / "cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return False


def _is_at_work(worker: Path) -> bool:
    """Started up, and not waiting for its next event, which the emulator writes into a pipe."""
    try:
        is_started = time.time() - worker.stat().st_ctime > STARTED_AFTER_SECONDS
        return is_started and not (worker / "wchan").read_text().endswith("pipe_read")
    except (FileNotFoundError, ProcessLookupError):
        return False

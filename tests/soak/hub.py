"""The deployed application as people and tills reach it, and a look past everything into its tables."""

import http.client
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from infra.local.api import Answer
from infra.local.promises import depth, read_row
from infra.local.stack import LocalStack
from infra.local.tools import StackError
from tests.soak.expected_orders import ExpectedOrder, differences

ATTEMPTS_MAX = 300  # Some minutes. Whoever asks so often in vain has found a defect.
PAUSE_SECONDS = 0.3
BACKLOG_MAX = 200  # Messages with orders.
NO_ANSWER = 0
UNCLEAR = frozenset({NO_ANSWER, 429, *range(500, 600)})


@dataclass(slots=True)
class HubClient:
    """`over`: the load ends. `calls`: answers of the API, by status."""

    stack: LocalStack
    over: threading.Event = field(default_factory=threading.Event)
    calls: Counter[int] = field(default_factory=Counter)
    _counting: threading.Lock = field(default_factory=threading.Lock)

    def ask(self, method: str, path: str, content: object = None) -> Answer:
        """Again and again, with the same ids, until the answer is clear: as people and tills do."""
        for _ in range(ATTEMPTS_MAX):
            answer = self.attempt(method, path, content)
            if answer.status not in UNCLEAR:
                return answer
            time.sleep(PAUSE_SECONDS)
        raise StackError(f"{method} {path} was never answered clearly; see {self.stack.log}")

    def attempt(self, method: str, path: str, content: object = None) -> Answer:
        try:
            answer = self.stack.call(method, path, content)
        except (OSError, http.client.HTTPException):
            answer = Answer(NO_ANSWER, b"")
        with self._counting:
            self.calls[answer.status] += 1
        return answer

    def await_room(self) -> None:
        """Nobody orders while so much waits to be processed: what cannot be worked off now tests nothing more."""
        while depth(self.stack, "OrdersQueueUrl") > BACKLOG_MAX and not self.over.wait(PAUSE_SECONDS):
            pass

    def order(self, order_id: str) -> dict[str, Any] | None:
        """The row itself, read past all faults."""
        client, outputs = self.stack.client("dynamodb"), self.stack.outputs
        key = {"pk": {"S": "ORDER#" + order_id.replace(":", "#", 1)}, "sk": {"S": "ORDER"}}
        item = client.get_item(TableName=outputs["OrdersTableName"], Key=key, ConsistentRead=True).get("Item")
        return read_row(item) if item else None

    def knows(self, expected: ExpectedOrder) -> bool:
        """It has heard of the order, and of all that was changed in it since."""
        row = self.order(expected.order_id)
        return row is not None and not differences(row, expected)

"""What lies between a worker and AWS: time, the SDK's retries, and everything that goes wrong on the way."""

import random
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from tests.simulate.faults import Faults
from tests.simulate.scheduler import Killed, Scheduler
from tests.simulate.store import Store, conflicted, internal, throttled

ATTEMPTS_MAX = 5  # The first one and the 4 retries that bootstrap.AWS allows the SDK.
TIMEOUT_SECONDS = 2.0
CONNECT_SECONDS = 1.0
BACKOFF_MAX_SECONDS = 20.0
SILENT_SECONDS = 60.0  # So long tables may refuse everybody, at most.
SLOW_SECONDS = 5.0
WRITES = frozenset({"PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"})

Answer = dict[str, Any]
Parameters = Mapping[str, Any]


class _Retried(Exception):
    """The SDK tries again. `final`: what it raises when it has tried often enough."""

    def __init__(self, final: Exception) -> None:
        self.final = final


@dataclass(slots=True)
class Calls:
    """`rng` decides how long calls take. Until `silent_until` the tables refuse everybody."""

    scheduler: Scheduler
    store: Store
    faults: Faults
    rng: random.Random
    silent_until: float = 0.0
    _tokens: int = 0

    def dynamodb(self, operation: str, parameters: Parameters) -> Answer:
        """As `client.<operation>(**parameters)` of the configured SDK."""
        if operation == "TransactWriteItems":
            # The SDK makes one token per call, which its own retries share.
            self._tokens += 1
            parameters = {**parameters, "ClientRequestToken": f"token-{self._tokens}"}
        return self._retried(lambda: self._attempt(operation, parameters))

    def other(self, effect: Callable[[], Answer]) -> Answer:
        """A call to SQS or EventBridge."""
        return self._retried(lambda: self._deliver(effect))

    def _retried(self, attempt: Callable[[], Answer]) -> Answer:
        for number in range(ATTEMPTS_MAX):
            try:
                return attempt()
            except _Retried as trouble:
                if number == ATTEMPTS_MAX - 1:
                    raise _tried(trouble.final, number) from None
                self.scheduler.sleep(self.rng.random() * min(BACKOFF_MAX_SECONDS, 2.0**number))
            except ClientError as error:
                raise _tried(error, number) from None
        raise AssertionError("unreachable")

    def _attempt(self, operation: str, parameters: Parameters) -> Answer:
        self._travel()
        if self.faults.healed or not self.faults.rates:
            return self.store.execute(operation, parameters)
        self._refuse(operation, parameters)
        self._die("killed_before")
        answer = self._executed(operation, parameters)
        self._die("killed_after")
        return answer

    def _executed(self, operation: str, parameters: Parameters) -> Answer:
        if self.faults.strikes("answer_lost"):
            with suppress(ClientError):  # The refusal is lost as well.
                self.store.execute(operation, parameters)
            self.scheduler.sleep(TIMEOUT_SECONDS)
            raise _Retried(ReadTimeoutError(endpoint_url="dynamodb"))
        if operation == "BatchGetItem" and self.faults.strikes("unprocessed"):
            return self._partly(parameters)
        return self.store.execute(operation, parameters)

    def _partly(self, parameters: Parameters) -> Answer:
        """DynamoDB may leave out some of the keys it was asked for."""
        ((table, asked),) = parameters["RequestItems"].items()
        cut = self.faults.rng.randrange(len(asked["Keys"]))
        left = {table: asked | {"Keys": asked["Keys"][cut:]}}
        answer: Answer = {"Responses": {table: []}}
        if cut:
            answer = self.store.execute(
                "BatchGetItem", {"RequestItems": {table: asked | {"Keys": asked["Keys"][:cut]}}}
            )
        return answer | {"UnprocessedKeys": left}

    def _refuse(self, operation: str, parameters: Parameters) -> None:
        """Whatever keeps the call from taking effect."""
        strikes = self.faults.strikes
        if strikes("request_lost"):
            self.scheduler.sleep(CONNECT_SECONDS)
            raise _Retried(EndpointConnectionError(endpoint_url="dynamodb"))
        if strikes("tables_silent"):
            self.silent_until = self.scheduler.now + SILENT_SECONDS * self.faults.rng.random()
        if self.scheduler.now < self.silent_until or strikes("throttled"):
            raise _Retried(throttled(operation, parameters))
        if strikes("internal_error"):
            raise _Retried(internal(operation))
        if operation in WRITES and strikes("conflict"):
            raise conflicted(parameters, self._positions(parameters))

    def _positions(self, parameters: Parameters) -> list[int]:
        count = len(parameters.get("TransactItems", ())) or 1
        return [self.faults.rng.randrange(count)]

    def _deliver(self, effect: Callable[[], Answer]) -> Answer:
        self._travel()
        if self.faults.strikes("send_lost"):
            self.scheduler.sleep(CONNECT_SECONDS)
            raise _Retried(EndpointConnectionError(endpoint_url="sqs"))
        self._die("killed_before")
        answer = effect()
        self._die("killed_after")
        if self.faults.strikes("send_unanswered"):
            self.scheduler.sleep(TIMEOUT_SECONDS)
            raise _Retried(ReadTimeoutError(endpoint_url="sqs"))
        return answer

    def _travel(self) -> None:
        """Mostly milliseconds; sometimes long enough for anything else to happen in between."""
        draw = self.rng.random()
        seconds = 0.002 + 0.03 * draw if draw < 0.97 else draw * 1.5
        self.scheduler.sleep(SLOW_SECONDS * draw if self.faults.strikes("call_slow") else seconds)

    def _die(self, kind: str) -> None:
        actor = self.scheduler.current
        if actor is not None and actor.mortal and self.faults.strikes(kind):
            self.scheduler.kill(actor)
            raise Killed


def _tried[Trouble: Exception](error: Trouble, retries: int) -> Trouble:
    """As botocore tells how often it had asked before."""
    if isinstance(error, ClientError):
        error.response["ResponseMetadata"]["RetryAttempts"] = retries
    return error

"""How fast each channel may be called, in DynamoDB, shared by all workers."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from lastunit.adapters.dynamodb import rows
from lastunit.adapters.dynamodb.calls import store_errors_translated
from lastunit.adapters.dynamodb.refusals import REFUSED
from lastunit.domain.listings.push_protocol import Limits
from lastunit.domain.listings.rate_limit import RateLimitState, fresh
from lastunit.ports.system import Clock

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ATTEMPTS_MAX = 8
CONTENDED_SECONDS = 0.05


class DynamoRateLimit:
    """One row per channel. Whoever writes it last saw it as it was: two workers never take the same token."""

    def __init__(self, client: "DynamoDBClient", table: str, clock: Clock) -> None:
        self._client, self._table, self._clock = client, table, clock
        self._silent = dict[str, bool]()  # Channel → was its last call unanswered, when we last asked for one?

    def ask(self, channel: str, limits: Limits, *, high_priority: bool) -> float:
        for _ in range(ATTEMPTS_MAX):
            now = self._clock.now()
            version, known = self._read(channel)
            self._silent[channel] = known is not None and known.consecutive_failures > 0
            after, seconds = (known or fresh(limits, now)).asked(limits, now, high_priority=high_priority)
            if seconds or self._write(channel, version, after):
                return seconds
        return CONTENDED_SECONDS

    def pause(self, channel: str, seconds: float) -> None:
        self._change(channel, lambda known: known.paused(seconds, self._clock.now()))

    def report(self, channel: str, *, answers: bool) -> None:
        if answers and not self._silent.get(channel):
            return  # As nearly always: there is nothing to forget.
        self._change(channel, lambda known: known.reported(self._clock.now(), answers=answers))

    def _change(self, channel: str, change: Callable[[RateLimitState], RateLimitState]) -> None:
        """Given up when others write all the time: they have news of the channel themselves."""
        for _ in range(ATTEMPTS_MAX):
            version, known = self._read(channel)
            if known is None or self._write(channel, version, change(known)):
                return

    def _read(self, channel: str) -> tuple[int, RateLimitState | None]:
        with store_errors_translated():
            answer = self._client.get_item(TableName=self._table, Key=_key(channel), ConsistentRead=True)
        if "Item" not in answer:
            return 0, None
        row = rows.decode(answer["Item"])
        until = row.get("not_before")
        known = RateLimitState(
            tokens=row["millitokens"] / 1000,
            at=datetime.fromisoformat(row["at"]),
            not_before=datetime.fromisoformat(until) if until else None,
            consecutive_failures=row.get("consecutive_failures", 0),
        )
        return row["version"], known

    def _write(self, channel: str, version: int, known: RateLimitState) -> bool:
        row: dict[str, Any] = {
            "millitokens": int(known.tokens * 1000),
            "at": known.at.isoformat(),
            "not_before": known.not_before.isoformat() if known.not_before else None,
            "consecutive_failures": known.consecutive_failures,
            "version": version + 1,
        }
        guard: Any = {"ConditionExpression": "attribute_not_exists(pk)"}
        if version:
            guard = {"ConditionExpression": "version = :version"}
            guard |= {"ExpressionAttributeValues": {":version": rows.value(version)}}
        try:
            with store_errors_translated():
                self._client.put_item(TableName=self._table, Item=_key(channel) | rows.encode(row), **guard)
        except ClientError as error:
            if error.response["Error"]["Code"] != REFUSED:
                raise
            return False
        return True


def _key(channel: str) -> rows.Item:
    return rows.key(f"RATE_LIMIT#{channel}", "RATE_LIMIT")

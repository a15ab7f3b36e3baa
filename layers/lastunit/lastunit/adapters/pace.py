"""The pace of each channel in DynamoDB, shared by all workers."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from lastunit.adapters import items
from lastunit.adapters.calls import reachable
from lastunit.domain.pacing import Pacing, fresh
from lastunit.domain.pushes import Limits
from lastunit.ports import Clock

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ATTEMPTS_MAX = 8
CONTENDED_SECONDS = 0.05
REFUSED = "ConditionalCheckFailedException"


class DynamoPace:
    """One row per channel. Whoever writes it last saw it as it was: two workers never take the same token."""

    def __init__(self, client: "DynamoDBClient", table: str, clock: Clock) -> None:
        self._client, self._table, self._clock = client, table, clock
        self._silent = dict[str, bool]()  # Channel → was its last call unanswered, when we last asked for one?

    def ask(self, channel: str, limits: Limits, *, urgent: bool) -> float:
        for _ in range(ATTEMPTS_MAX):
            now = self._clock.now()
            version, pacing = self._read(channel)
            self._silent[channel] = pacing is not None and pacing.silences > 0
            after, seconds = (pacing or fresh(limits, now)).asked(limits, now, urgent=urgent)
            if seconds or self._write(channel, version, after):
                return seconds
        return CONTENDED_SECONDS

    def pause(self, channel: str, seconds: float) -> None:
        self._change(channel, lambda pacing: pacing.paused(seconds, self._clock.now()))

    def report(self, channel: str, *, answers: bool) -> None:
        if answers and not self._silent.get(channel):
            return  # As nearly always: there is nothing to forget.
        self._change(channel, lambda pacing: pacing.reported(self._clock.now(), answers=answers))

    def _change(self, channel: str, change: Callable[[Pacing], Pacing]) -> None:
        """Given up when others write all the time: they have news of the channel themselves."""
        for _ in range(ATTEMPTS_MAX):
            version, pacing = self._read(channel)
            if pacing is None or self._write(channel, version, change(pacing)):
                return

    def _read(self, channel: str) -> tuple[int, Pacing | None]:
        with reachable():
            answer = self._client.get_item(TableName=self._table, Key=_key(channel), ConsistentRead=True)
        if "Item" not in answer:
            return 0, None
        row = items.decode(answer["Item"])
        until = row.get("not_before")
        pacing = Pacing(
            row["millitokens"] / 1000,
            datetime.fromisoformat(row["at"]),
            datetime.fromisoformat(until) if until else None,
            row.get("silences", 0),
        )
        return row["version"], pacing

    def _write(self, channel: str, version: int, pacing: Pacing) -> bool:
        row: dict[str, Any] = {
            "millitokens": int(pacing.tokens * 1000),
            "at": pacing.at.isoformat(),
            "not_before": pacing.not_before.isoformat() if pacing.not_before else None,
            "silences": pacing.silences,
            "version": version + 1,
        }
        guard: Any = {"ConditionExpression": "attribute_not_exists(pk)"}
        if version:
            guard = {"ConditionExpression": "version = :version"}
            guard |= {"ExpressionAttributeValues": {":version": items.value(version)}}
        try:
            with reachable():
                self._client.put_item(TableName=self._table, Item=_key(channel) | items.encode(row), **guard)
        except ClientError as error:
            if error.response["Error"]["Code"] != REFUSED:
                raise
            return False
        return True


def _key(channel: str) -> items.Item:
    return items.key(f"PACE#{channel}", "PACE")

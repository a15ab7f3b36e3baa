"""Runs of full coverage and their segments, in the settings table.

pk                   sk                        attributes
COVERAGE#<channel>   SCHEDULE                  timing, since
                     RUN#<slot>                started_at, taken_until, begun, polled, report
                     SEGMENT#<slot>#<after>    next, told, tally
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from lastunit.adapters import items
from lastunit.adapters.calls import reachable
from lastunit.domain.coverage import Report, Run, Schedule, Segment, Tally

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

REFUSED = "ConditionalCheckFailedException"


class DynamoCoverages:
    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client, self._table = client, table

    def schedule(self, channel: str) -> Schedule | None:
        row = self._get(_key(channel, "SCHEDULE"))
        return Schedule(row.get("timing"), datetime.fromisoformat(row["since"])) if row else None

    def put_schedule(self, channel: str, schedule: Schedule) -> None:
        content = {"timing": schedule.timing, "since": schedule.since.isoformat()}
        with reachable():
            self._client.put_item(TableName=self._table, Item=_key(channel, "SCHEDULE") | items.encode(content))

    def start(self, run: Run) -> None:
        self._put(_run_key(run.channel, run.slot), {"started_at": run.started_at}, "attribute_not_exists(pk)")

    def run(self, channel: str, slot: str) -> Run | None:
        row = self._get(_run_key(channel, slot))
        return _run_from(row) if row else None

    def runs(self, channel: str, most: int) -> list[Run]:
        with reachable():
            answer = self._client.query(**self._beginning(channel, "RUN#"), ScanIndexForward=False, Limit=most)
        return [_run_from(items.decode(row)) for row in answer["Items"]]

    def take(self, run: Run, now: datetime, until: datetime) -> bool:
        return self._update(
            run,
            "SET taken_until = :until",
            # Whoever took it before and is past its time has died.
            "attribute_exists(pk) AND attribute_not_exists(begun)"
            " AND (attribute_not_exists(taken_until) OR taken_until < :now)",
            {":until": until.isoformat(), ":now": now.isoformat()},
        )

    def begin(self, run: Run, *, polled: bool) -> None:
        values = {":true": True, ":polled": polled}
        self._update(run, "SET begun = :true, polled = :polled", "attribute_exists(pk)", values)

    def segment(self, run: Run, after: str | None) -> Segment | None:
        row = self._get(_segment_key(run, after))
        return _segment_from(row) if row else None

    def segments(self, run: Run) -> list[Segment]:
        return [_segment_from(row) for row in self._query(run.channel, f"SEGMENT#{run.slot}#")]

    def keep(self, run: Run, segment: Segment) -> None:
        tally = asdict(segment.tally) if segment.tally else None
        content = {"next": segment.next, "told": segment.told, "tally": tally}
        # A doubled message repeats the work of a segment, and would find everything told already.
        self._put(_segment_key(run, segment.after), content, "attribute_not_exists(tally)")

    def finish(self, run: Run, report: Report) -> bool:
        condition = "attribute_exists(pk) AND attribute_not_exists(report)"
        return self._update(run, "SET report = :report", condition, {":report": asdict(report)})

    def _get(self, key: items.Item) -> dict[str, Any] | None:
        with reachable():
            answer = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True)
        return items.decode(answer["Item"]) if "Item" in answer else None

    def _query(self, channel: str, beginning: str) -> Iterator[dict[str, Any]]:
        pages = self._client.get_paginator("query").paginate(**self._beginning(channel, beginning))
        with reachable():
            yield from [items.decode(row) for page in pages for row in page["Items"]]

    def _beginning(self, channel: str, beginning: str) -> Any:
        return {
            "TableName": self._table,
            "KeyConditionExpression": "pk = :pk AND begins_with(sk, :beginning)",
            "ExpressionAttributeValues": {
                ":pk": {"S": f"COVERAGE#{channel}"},
                ":beginning": {"S": beginning},
            },
            "ConsistentRead": True,
        }

    def _put(self, key: items.Item, content: Mapping[str, Any], condition: str) -> None:
        """Or leave what is there, when the condition says so."""
        row = key | items.encode(content)
        try:
            with reachable():
                self._client.put_item(TableName=self._table, Item=row, ConditionExpression=condition)
        except ClientError as error:
            if error.response["Error"]["Code"] != REFUSED:
                raise

    def _update(self, run: Run, expression: str, condition: str, values: Mapping[str, Any]) -> bool:
        try:
            with reachable():
                self._client.update_item(
                    TableName=self._table,
                    Key=_run_key(run.channel, run.slot),
                    UpdateExpression=expression,
                    ConditionExpression=condition,
                    ExpressionAttributeValues={name: items.value(content) for name, content in values.items()},
                )
        except ClientError as error:
            if error.response["Error"]["Code"] != REFUSED:
                raise
            return False
        return True


def _key(channel: str, sk: str) -> items.Item:
    return items.key(f"COVERAGE#{channel}", sk)


def _run_key(channel: str, slot: str) -> items.Item:
    return _key(channel, f"RUN#{slot}")


def _segment_key(run: Run, after: str | None) -> items.Item:
    return _key(run.channel, f"SEGMENT#{run.slot}#{after or ''}")


def _run_from(row: Mapping[str, Any]) -> Run:
    report = row.get("report")
    return Run(
        row["pk"].removeprefix("COVERAGE#"),
        row["sk"].removeprefix("RUN#"),
        row["started_at"],
        row.get("begun", False),
        row.get("polled", False),
        Report(**report | {"tally": Tally(**report["tally"])}) if report else None,
    )


def _segment_from(row: Mapping[str, Any]) -> Segment:
    _, _, after = row["sk"].split("#", 2)
    tally = row.get("tally")
    return Segment(after or None, row.get("next"), row["told"], Tally(**tally) if tally else None)

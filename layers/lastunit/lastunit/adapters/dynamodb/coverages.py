"""Runs of full coverage and their segments, in the settings table.

pk                   sk                        attributes
COVERAGE#<channel>   SCHEDULE                  timing, since
                     RUN#<slot>                started_at, taken_until, begun, polled, report
                     SEGMENT#<slot>#<after>    next, pushed_before, counts
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from lastunit.adapters.dynamodb import rows
from lastunit.adapters.dynamodb.calls import store_errors_translated
from lastunit.adapters.dynamodb.refusals import REFUSED
from lastunit.domain.listings.full_coverage import (
    CoverageCounts,
    CoverageReport,
    CoverageRun,
    CoverageSchedule,
    CoverageSegment,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoCoverages:
    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client, self._table = client, table

    def schedule(self, channel: str) -> CoverageSchedule | None:
        row = self._get(_key(channel, "SCHEDULE"))
        return CoverageSchedule(row.get("timing"), datetime.fromisoformat(row["since"])) if row else None

    def put_schedule(self, channel: str, schedule: CoverageSchedule) -> None:
        content = {"timing": schedule.timing, "since": schedule.since.isoformat()}
        with store_errors_translated():
            self._client.put_item(TableName=self._table, Item=_key(channel, "SCHEDULE") | rows.encode(content))

    def start(self, run: CoverageRun) -> None:
        self._put(
            _run_key(run.channel, run.slot), {"started_at": run.started_at.isoformat()}, "attribute_not_exists(pk)"
        )

    def run(self, channel: str, slot: str) -> CoverageRun | None:
        row = self._get(_run_key(channel, slot))
        return _run_from(row) if row else None

    def runs(self, channel: str, most: int) -> list[CoverageRun]:
        with store_errors_translated():
            answer = self._client.query(**self._beginning(channel, "RUN#"), ScanIndexForward=False, Limit=most)
        return [_run_from(rows.decode(row)) for row in answer["Items"]]

    def take(self, run: CoverageRun, now: datetime, until: datetime) -> bool:
        return self._update(
            run,
            "SET taken_until = :until",
            # Whoever took it before and is past its time has died.
            "attribute_exists(pk) AND attribute_not_exists(begun)"
            " AND (attribute_not_exists(taken_until) OR taken_until < :now)",
            {":until": until.isoformat(), ":now": now.isoformat()},
        )

    def begin(self, run: CoverageRun, *, polled: bool) -> None:
        values = {":true": True, ":polled": polled}
        self._update(run, "SET begun = :true, polled = :polled", "attribute_exists(pk)", values)

    def segment(self, run: CoverageRun, after: str | None) -> CoverageSegment | None:
        row = self._get(_segment_key(run, after))
        return _segment_from(row) if row else None

    def segments(self, run: CoverageRun) -> list[CoverageSegment]:
        return [_segment_from(row) for row in self._query(run.channel, f"SEGMENT#{run.slot}#")]

    def keep(self, run: CoverageRun, segment: CoverageSegment) -> None:
        counts = asdict(segment.counts) if segment.counts else None
        content = {"next": segment.next, "pushed_before": segment.pushed_before, "counts": counts}
        # A doubled message repeats the work of a segment, and would find everything told already.
        self._put(_segment_key(run, segment.after), content, "attribute_not_exists(counts)")

    def finish(self, run: CoverageRun, report: CoverageReport) -> bool:
        condition = "attribute_exists(pk) AND attribute_not_exists(report)"
        return self._update(run, "SET report = :report", condition, {":report": asdict(report)})

    def _get(self, key: rows.Item) -> dict[str, Any] | None:
        with store_errors_translated():
            answer = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True)
        return rows.decode(answer["Item"]) if "Item" in answer else None

    def _query(self, channel: str, beginning: str) -> Iterator[dict[str, Any]]:
        pages = self._client.get_paginator("query").paginate(**self._beginning(channel, beginning))
        with store_errors_translated():
            yield from [rows.decode(row) for page in pages for row in page["Items"]]

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

    def _put(self, key: rows.Item, content: Mapping[str, Any], condition: str) -> None:
        """Or leave what is there, when the condition says so."""
        row = key | rows.encode(content)
        try:
            with store_errors_translated():
                self._client.put_item(TableName=self._table, Item=row, ConditionExpression=condition)
        except ClientError as error:
            if error.response["Error"]["Code"] != REFUSED:
                raise

    def _update(self, run: CoverageRun, expression: str, condition: str, values: Mapping[str, Any]) -> bool:
        try:
            with store_errors_translated():
                self._client.update_item(
                    TableName=self._table,
                    Key=_run_key(run.channel, run.slot),
                    UpdateExpression=expression,
                    ConditionExpression=condition,
                    ExpressionAttributeValues={name: rows.value(content) for name, content in values.items()},
                )
        except ClientError as error:
            if error.response["Error"]["Code"] != REFUSED:
                raise
            return False
        return True


def _key(channel: str, sk: str) -> rows.Item:
    return rows.key(f"COVERAGE#{channel}", sk)


def _run_key(channel: str, slot: str) -> rows.Item:
    return _key(channel, f"RUN#{slot}")


def _segment_key(run: CoverageRun, after: str | None) -> rows.Item:
    return _key(run.channel, f"SEGMENT#{run.slot}#{after or ''}")


def _run_from(row: Mapping[str, Any]) -> CoverageRun:
    report = row.get("report")
    return CoverageRun(
        channel=row["pk"].removeprefix("COVERAGE#"),
        slot=row["sk"].removeprefix("RUN#"),
        started_at=datetime.fromisoformat(row["started_at"]),
        begun=row.get("begun", False),
        polled=row.get("polled", False),
        report=CoverageReport(**report | {"counts": CoverageCounts(**report["counts"])}) if report else None,
    )


def _segment_from(row: Mapping[str, Any]) -> CoverageSegment:
    _, _, after = row["sk"].split("#", 2)
    counts = row.get("counts")
    return CoverageSegment(
        after=after or None,
        next=row.get("next"),
        pushed_before=row["pushed_before"],
        counts=CoverageCounts(**counts) if counts else None,
    )

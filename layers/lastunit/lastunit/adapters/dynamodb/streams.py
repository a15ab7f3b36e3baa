"""DynamoDB stream records become events of the domain. Removed rows and helper rows tell nothing."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from lastunit.adapters.dynamodb import listing_rows, rows
from lastunit.domain.events.row_changes import ListingChanged, OrderChanged, QueueJoined, RowChange, SkuChanged
from lastunit.domain.stock.level_changed import LevelChanged


def events(records: Iterable[Mapping[str, Any]]) -> Iterator[RowChange]:
    for record in records:
        change = record["dynamodb"]
        if "NewImage" not in change:
            continue
        after = rows.decode(change["NewImage"])
        before = rows.decode(change["OldImage"]) if "OldImage" in change else None
        at = datetime.fromtimestamp(float(change["ApproximateCreationDateTime"]), UTC).isoformat()
        event = _event(before, after, at)
        if event:
            yield event


def _event(before: dict[str, Any] | None, after: dict[str, Any], at: str) -> RowChange | None:
    pk, sk = after["pk"], after["sk"]
    if pk.startswith("ORDER#") and sk == "ORDER":
        return OrderChanged(_built(rows.order_from, before), rows.order_from(after), at)
    if not pk.startswith("SKU#"):
        return None
    if sk == "ITEM":
        return SkuChanged(_built(rows.sku_from, before), rows.sku_from(after), at)
    if sk.startswith("AT#"):
        return LevelChanged(_built(rows.level_from, before), rows.level_from(after), at)
    if sk.startswith("ON#"):
        return ListingChanged(_built(listing_rows.listing_from, before), listing_rows.listing_from(after))
    if sk.startswith("QUEUE#"):
        return QueueJoined(rows.queue_entry_from(after).sku)
    return None


def _built[Thing](build: Callable[[Mapping[str, Any]], Thing], row: dict[str, Any] | None) -> Thing | None:
    return build(row) if row else None

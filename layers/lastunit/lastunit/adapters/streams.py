"""DynamoDB stream records become events of the domain. Removed rows and helper rows tell nothing."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from lastunit.adapters import items
from lastunit.domain.events import Event, LevelChanged, ListingChanged, OrderChanged, QueueJoined, SkuChanged


def events(records: Iterable[Mapping[str, Any]]) -> Iterator[Event]:
    for record in records:
        change = record["dynamodb"]
        if "NewImage" not in change:
            continue
        after = items.decode(change["NewImage"])
        before = items.decode(change["OldImage"]) if "OldImage" in change else None
        at = datetime.fromtimestamp(float(change["ApproximateCreationDateTime"]), UTC).isoformat()
        event = _event(before, after, at)
        if event:
            yield event


def _event(before: dict[str, Any] | None, after: dict[str, Any], at: str) -> Event | None:
    pk, sk = after["pk"], after["sk"]
    if pk.startswith("ORDER#") and sk == "ORDER":
        return OrderChanged(_built(items.order_from, before), items.order_from(after), at)
    if not pk.startswith("SKU#"):
        return None
    if sk == "ITEM":
        return SkuChanged(_built(items.sku_from, before), items.sku_from(after), at)
    if sk.startswith("AT#"):
        return LevelChanged(_built(items.level_from, before), items.level_from(after), at)
    if sk.startswith("ON#"):
        return ListingChanged(_built(items.listing_from, before), items.listing_from(after))
    if sk.startswith("WANT#"):
        return QueueJoined(items.want_from(after).sku)
    return None


def _built[Thing](build: Callable[[Mapping[str, Any]], Thing], row: dict[str, Any] | None) -> Thing | None:
    return build(row) if row else None

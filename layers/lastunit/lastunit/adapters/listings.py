"""What each channel was told about a SKU, and who may tell it next."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from datetime import datetime
from typing import TYPE_CHECKING, Any

from lastunit.adapters import items, tables
from lastunit.adapters.calls import reachable
from lastunit.adapters.many_updates import ManyUpdates, Update
from lastunit.domain.catalogue import Alias
from lastunit.domain.exposure import Listing, Rises
from lastunit.domain.groups import ListingKey
from lastunit.domain.stock_view import SkuView
from lastunit.sync_ports import Grant, Kept

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

WRITERS_OWN = (
    "acknowledged",
    "acknowledged_sold",
    "acknowledged_regrown",
    "acknowledged_at",
    "channel_version",
    "in_flight",
    "in_flight_sold",
    "sent_at",
    "granted",
    "booked",
    "doubt_until",
    "observed",
    "observed_poll",
    "observed_regrown",
    "settling",
    "pace",
    "pace_sold",
    "pace_at",
    "revised_on",
    "revisions",
    "rising",
    "rising_from",
    "frozen",
)
"""What only the holder of the claim writes."""

DEFAULTS = {field.name: field.default for field in fields(Listing)}
"""What a row without the attribute says."""


class DynamoListings:
    def __init__(self, client: "DynamoDBClient", stock_table: str, settings_table: str) -> None:
        self._client, self._stock, self._settings = client, stock_table, settings_table
        self._updates = ManyUpdates(client, stock_table)

    def view(self, sku: str) -> SkuView | None:
        """Everything about one SKU, in one consistent read of its partition. None: no such SKU."""
        rows = list(tables.query(self._client, self._stock, f"SKU#{sku}"))
        item = next((row for row in rows if row["sk"] == "ITEM"), None)
        if item is None:
            return None
        return SkuView(
            items.sku_from(item),
            tuple(items.level_from(row) for row in rows if row["sk"].startswith("AT#")),
            tuple(items.listing_from(row) for row in rows if row["sk"].startswith("ON#")),
            tuple(row["sk"].removeprefix("IN#") for row in rows if row["sk"].startswith("IN#")),
            any(row["sk"].startswith("WANT#") for row in rows),
            item.get("grants", 0),
        )

    def rows(self, keys: Iterable[ListingKey]) -> dict[ListingKey, Listing]:
        found = tables.read(self._client, self._stock, (items.listing_key(*key) for key in keys))
        return {listing.key: listing for listing in map(items.listing_from, found)}

    def claim(self, keys: Iterable[ListingKey], worker: str, now: datetime, until: datetime) -> set[ListingKey]:
        """Become the one writer until `until`. Others' writers are asked to look again when done."""
        open_, claimed = set(keys), set[ListingKey]()
        while open_:
            refused = self._updates.write({key: _claim(worker, now, until) for key in open_}).keys()
            claimed |= open_ - refused
            held = self._updates.write({key: _look_again(now) for key in refused})
            gone = {key for key, row in held.items() if row is None}
            self._forget(gone)
            open_ = held.keys() - gone  # Their claims ended in between.
        return claimed

    def _forget(self, gone: Iterable[ListingKey]) -> None:
        """A listing that was removed waits for no poll."""
        for key in gone:
            with reachable():
                self._client.delete_item(TableName=self._stock, Key=items.unsettled_key(*key))

    def book(self, rows: Iterable[Kept], worker: str) -> set[ListingKey]:
        kept = {row.after.key: row for row in rows}
        plain = {key: _keep(row.after, worker) for key, row in kept.items() if row.grant is None}
        owned = plain.keys() - self._updates.write(plain).keys()
        granted = ((row, row.grant) for row in kept.values())
        return owned | {row.after.key for row, grant in granted if grant and self._book_granted(row, grant, worker)}

    def close(self, rows: Iterable[Kept], worker: str) -> set[ListingKey]:
        kept = {row.after.key: row for row in rows}
        along = {key: self._settling(row) for key, row in kept.items()}
        refused = self._updates.write(
            {key: _keep(row.after, worker, ends=True) for key, row in kept.items()}, along
        )
        # Somebody left a word, or this is the retry of our own write whose answer was lost: look once more.
        asked = [key for key, row in refused.items() if row and row.get("claim") == worker]
        self._updates.write({key: _keep(kept[key].after, worker, ends=True, hears=True) for key in asked}, along)
        return set(refused)

    def rise(self, before: Listing, rises: Rises) -> bool:
        update = Update(
            "SET risen = :risen, seen = :seen, seen_rev = :after",
            "attribute_exists(pk) AND "
            + ("seen_rev = :before" if before.rises.rev else "attribute_not_exists(seen_rev)"),
            {
                ":risen": rises.risen,
                ":seen": items.seen_levels(rises),
                ":after": before.rises.rev + 1,
                **({":before": before.rises.rev} if before.rises.rev else {}),
            },
        )
        refused = self._updates.write({before.key: update})
        return not refused

    def page(self, channel: str, after: str | None, most: int) -> tuple[list[ListingKey], str | None]:
        """Listings of a channel in the order of their names, and where to go on (None: that was all)."""
        found = list[ListingKey]()
        for alias in self._aliases(channel, after, most):
            if alias.is_listing:
                found.append((alias.sku, channel, alias.name))
            if len(found) == most:
                return found, alias.name
        return found, None

    def _aliases(self, channel: str, after: str | None, at_once: int) -> Iterator[Alias]:
        """All the names of its listings, read while they are asked for."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._settings,
            KeyConditionExpression="pk = :pk AND sk > :after",
            ExpressionAttributeValues={
                ":pk": {"S": f"CHANNEL#{channel}"},
                ":after": {"S": f"ALIAS#{after or ''}"},
            },
            PaginationConfig={"PageSize": at_once},
        )
        with reachable():
            for page in pages:
                rows = map(items.decode, page["Items"])
                yield from (items.alias_from(row) for row in rows if row["sk"].startswith("ALIAS#"))

    def _book_granted(self, row: Kept, grant: Grant, worker: str) -> bool:
        """Room is taken in the write that books it, while nobody else took any. Promise 7 is this condition."""
        conditions = [
            *(self._counted(sku, seen) for sku, seen in grant.grants.items()),
            *(self._still_there(sku, at, units) for (sku, at), units in grant.levels.items()),
        ]
        return not self._updates.write({row.after.key: _keep(row.after, worker)}, {row.after.key: conditions})

    def _counted(self, sku: str, seen: int) -> Any:
        return self._update(
            items.sku_key(sku),
            "SET grants = :next",
            "grants = :seen" if seen else "attribute_exists(pk) AND attribute_not_exists(grants)",
            {":next": seen + 1, **({":seen": seen} if seen else {})},
        )

    def _still_there(self, sku: str, location: str, units: int) -> Any:
        check = {
            "TableName": self._stock,
            "Key": items.level_key(sku, location),
            "ConditionExpression": "available >= :units",
            "ExpressionAttributeValues": {":units": items.value(units)},
        }
        return {"ConditionCheck": check}

    def _settling(self, row: Kept) -> list[Any]:
        """A listing that waits for a poll is found again by its row in the channel's partition."""
        key = items.unsettled_key(*row.after.key)
        if row.after.settling:
            return [self._update(key, "SET poll = :poll", None, {":poll": row.after.observed_poll})]
        return [{"Delete": {"TableName": self._stock, "Key": key}}] if row.before.settling else []

    def _update(self, key: items.Item, expression: str, condition: str | None, values: Mapping[str, Any]) -> Any:
        update: dict[str, Any] = {
            "TableName": self._stock,
            "Key": key,
            "UpdateExpression": expression,
            "ExpressionAttributeValues": {name: items.value(content) for name, content in values.items()},
        }
        return {"Update": update | ({"ConditionExpression": condition} if condition else {})}


def _claim(worker: str, now: datetime, until: datetime) -> Update:
    return Update(
        "SET claim = :worker, claimed_until = :until, "
        "#sequence = if_not_exists(#sequence, :zero) + :one REMOVE again",
        # A claim past its time belongs to a worker that died.
        "attribute_exists(pk) AND (attribute_not_exists(claim) OR claim = :worker OR claimed_until < :now)",
        {":worker": worker, ":until": until.isoformat(), ":now": now.isoformat(), ":zero": 0, ":one": 1},
        {"#sequence": "sequence"},
    )


def _look_again(now: datetime) -> Update:
    return Update(
        "SET again = :true",
        "attribute_exists(claim) AND claimed_until >= :now",
        {":true": True, ":now": now.isoformat()},
    )


def _keep(listing: Listing, worker: str, *, ends: bool = False, hears: bool = False) -> Update:
    """All that the claim's holder writes. `ends` the claim, unless a word was left that nobody `hears`."""
    contents = {name: getattr(listing, name) for name in WRITERS_OWN}
    contents |= {"last_error": items.error_map(listing.last_error), "sent": listing.rises.sent}
    kept = {name: content for name, content in contents.items() if content != DEFAULTS.get(name, 0)}
    removed = [name for name in contents if name not in kept] + (
        ["claim", "claimed_until", "again"] if ends else []
    )
    condition = "claim = :worker" + (" AND attribute_not_exists(again)" if ends and not hears else "")
    sets = "SET " + ", ".join(f"{name} = :{name}" for name in kept) if kept else ""
    removes = " REMOVE " + ", ".join(removed) if removed else ""
    return Update(
        sets + removes, condition, {f":{name}": content for name, content in kept.items()} | {":worker": worker}
    )

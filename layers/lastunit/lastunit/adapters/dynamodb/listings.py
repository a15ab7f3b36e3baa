"""What was pushed to each channel about a SKU, and who may push it next."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from lastunit.adapters.dynamodb import listing_rows, reads, rows
from lastunit.adapters.dynamodb.batch_updates import BatchUpdates, Update
from lastunit.adapters.dynamodb.calls import store_errors_translated
from lastunit.adapters.dynamodb.rows import Item
from lastunit.domain.keys import ListingKey
from lastunit.domain.listings.listing import Listing
from lastunit.domain.listings.listing_parts import Increments
from lastunit.domain.listings.listing_update import ListingUpdate, RoomGrant
from lastunit.domain.listings.sku_view import SkuView
from lastunit.domain.stock.catalogue import Alias

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoListings:
    def __init__(self, client: "DynamoDBClient", stock_table: str, settings_table: str) -> None:
        self._client, self._stock, self._settings = client, stock_table, settings_table
        self._updates = BatchUpdates(client, stock_table)

    def view(self, sku: str) -> SkuView | None:
        """Everything about one SKU, in one consistent read of its partition. None: no such SKU."""
        stored = list(reads.query(self._client, self._stock, f"SKU#{sku}"))
        item = next((row for row in stored if row["sk"] == "ITEM"), None)
        if item is None:
            return None
        return SkuView(
            item=rows.sku_from(item),
            levels=tuple(rows.level_from(row) for row in stored if row["sk"].startswith("AT#")),
            listings=tuple(listing_rows.listing_from(row) for row in stored if row["sk"].startswith("ON#")),
            kits=tuple(row["sk"].removeprefix("IN#") for row in stored if row["sk"].startswith("IN#")),
            is_awaited=any(row["sk"].startswith("QUEUE#") for row in stored),
            grants=item.get("grants", 0),
        )

    def read(self, keys: Iterable[ListingKey]) -> dict[ListingKey, Listing]:
        found = reads.read(self._client, self._stock, (rows.listing_key(*key) for key in keys))
        return {listing.key: listing for listing in map(listing_rows.listing_from, found)}

    def claim(self, keys: Iterable[ListingKey], worker: str, now: datetime, until: datetime) -> set[ListingKey]:
        """Become the one writer until `until`. Others' writers are asked to look again when done."""
        open_, claimed = set(keys), set[ListingKey]()
        while open_:
            refused = self._updates.write({key: _claim(worker, now, until) for key in open_}).keys()
            claimed |= open_ - refused
            contended = self._updates.write({key: _look_again(now) for key in refused})
            gone = {key for key, row in contended.items() if row is None}
            self._forget(gone)
            open_ = contended.keys() - gone  # Their claims ended in between.
        return claimed

    def _forget(self, gone: Iterable[ListingKey]) -> None:
        """A listing that was removed waits for no poll."""
        for key in gone:
            with store_errors_translated():
                self._client.delete_item(TableName=self._stock, Key=rows.awaiting_poll_key(*key))

    def book(self, stored: Iterable[ListingUpdate], worker: str) -> set[ListingKey]:
        kept = {row.after.key: row for row in stored}
        plain = {key: _keep(row.after, worker) for key, row in kept.items() if row.grant is None}
        owned = plain.keys() - self._updates.write(plain).keys()
        granted = ((row, row.grant) for row in kept.values())
        return owned | {row.after.key for row, grant in granted if grant and self._book_granted(row, grant, worker)}

    def close(self, stored: Iterable[ListingUpdate], worker: str) -> set[ListingKey]:
        kept = {row.after.key: row for row in stored}
        companions = {key: self._awaiting_poll_row(row) for key, row in kept.items()}
        refused = self._updates.write(
            {key: _keep(row.after, worker, ends=True) for key, row in kept.items()}, companions
        )
        # Another look was asked for, or this is the retry of our own write whose answer was lost: look once more.
        asked = [key for key, row in refused.items() if row and row.get("claim") == worker]
        self._updates.write(
            {key: _keep(kept[key].after, worker, ends=True, heard=True) for key in asked}, companions
        )
        return set(refused)

    def keep_increments(self, before: Listing, increments: Increments) -> bool:
        update = Update(
            expression="SET counted_increase = :increase, counted_levels = :levels, counted_rev = :after",
            condition="attribute_exists(pk) AND "
            + ("counted_rev = :before" if before.increments.rev else "attribute_not_exists(counted_rev)"),
            values={
                ":increase": increments.counted_increase,
                ":levels": listing_rows.counted_levels(increments),
                ":after": before.increments.rev + 1,
                **({":before": before.increments.rev} if before.increments.rev else {}),
            },
        )
        refused = self._updates.write({before.key: update})
        return not refused

    def page(self, channel: str, after: str | None, most: int) -> tuple[list[ListingKey], str | None]:
        """Listings of a channel in the order of their names, and where to go on (None: that was all)."""
        found = list[ListingKey]()
        for alias in self._aliases(channel, after, most):
            if alias.is_listing:
                found.append(ListingKey(alias.sku, channel, alias.name))
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
        with store_errors_translated():
            for page in pages:
                stored = map(rows.decode, page["Items"])
                yield from (rows.alias_from(row) for row in stored if row["sk"].startswith("ALIAS#"))

    def _book_granted(self, row: ListingUpdate, grant: RoomGrant, worker: str) -> bool:
        """Room is taken in the write that books it, while nobody else took any. Promise 7 is this condition."""
        conditions = [
            *(self._counted(sku, seen) for sku, seen in grant.grants.items()),
            *(self._still_there(sku, at, units) for (sku, at), units in grant.levels.items()),
        ]
        return not self._updates.write({row.after.key: _keep(row.after, worker)}, {row.after.key: conditions})

    def _counted(self, sku: str, seen: int) -> Any:
        return self._update(
            rows.sku_key(sku),
            "SET grants = :next",
            "grants = :seen" if seen else "attribute_exists(pk) AND attribute_not_exists(grants)",
            {":next": seen + 1, **({":seen": seen} if seen else {})},
        )

    def _still_there(self, sku: str, location: str, units: int) -> Any:
        check = {
            "TableName": self._stock,
            "Key": rows.level_key(sku, location),
            "ConditionExpression": "available >= :units",
            "ExpressionAttributeValues": {":units": rows.value(units)},
        }
        return {"ConditionCheck": check}

    def _awaiting_poll_row(self, row: ListingUpdate) -> list[Any]:
        """A listing that waits for a poll is found again by its row in the channel's partition."""
        key = rows.awaiting_poll_key(*row.after.key)
        if row.after.awaiting_poll:
            return [self._update(key, "SET poll = :poll", None, {":poll": row.after.last_reading.poll})]
        return [{"Delete": {"TableName": self._stock, "Key": key}}] if row.before.awaiting_poll else []

    def _update(self, key: Item, expression: str, condition: str | None, values: Mapping[str, Any]) -> Any:
        update: dict[str, Any] = {
            "TableName": self._stock,
            "Key": key,
            "UpdateExpression": expression,
            "ExpressionAttributeValues": {name: rows.value(content) for name, content in values.items()},
        }
        return {"Update": update | ({"ConditionExpression": condition} if condition else {})}


def _claim(worker: str, now: datetime, until: datetime) -> Update:
    return Update(
        expression="SET claim = :worker, claimed_until = :until, "
        "#sequence = if_not_exists(#sequence, :zero) + :one REMOVE again",
        # A claim past its time belongs to a worker that died.
        condition="attribute_exists(pk) AND "
        "(attribute_not_exists(claim) OR claim = :worker OR claimed_until < :now)",
        values={":worker": worker, ":until": until, ":now": now, ":zero": 0, ":one": 1},
        names={"#sequence": "sequence"},
    )


def _look_again(now: datetime) -> Update:
    return Update(
        expression="SET again = :true",
        condition="attribute_exists(claim) AND claimed_until >= :now",
        values={":true": True, ":now": now},
    )


def _keep(listing: Listing, worker: str, *, ends: bool = False, heard: bool = False) -> Update:
    """All that a claim's holder writes. `ends`: the claim ends, unless a re-check asked for and not `heard`."""
    contents = listing_rows.holders_own(listing)
    kept = {name: content for name, content in contents.items() if content is not None}
    removed = [name for name in contents if name not in kept] + (
        ["claim", "claimed_until", "again"] if ends else []
    )
    condition = "claim = :worker" + (" AND attribute_not_exists(again)" if ends and not heard else "")
    sets = "SET " + ", ".join(f"{name} = :{name}" for name in kept) if kept else ""
    removes = " REMOVE " + ", ".join(removed) if removed else ""
    return Update(
        expression=sets + removes,
        condition=condition,
        values={f":{name}": content for name, content in kept.items()} | {":worker": worker},
    )

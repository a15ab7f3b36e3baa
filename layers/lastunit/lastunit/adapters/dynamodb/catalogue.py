"""Writing what is sold, where, and under which names: SKUs, kits, locations, channels and listings."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from lastunit.adapters.dynamodb import rows
from lastunit.adapters.dynamodb.calls import store_errors_translated
from lastunit.adapters.dynamodb.refusals import is_cancelled, verdicts
from lastunit.adapters.dynamodb.rows import Item
from lastunit.domain.channel import Channel
from lastunit.domain.errors import Conflict, Contention, InvalidInput, MissingReference
from lastunit.domain.stock.catalogue import Alias, Location, Sku

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


REVISION = rows.key("REVISION", "CHANNELS")


class DynamoCatalogue:
    def __init__(self, client: "DynamoDBClient", stock_table: str, settings_table: str) -> None:
        self._client, self._stock, self._settings = client, stock_table, settings_table

    def put_sku(self, sku: Sku, before: Sku | None) -> None:
        """Create or change a SKU. `before` is what was read; raises Conflict when it has changed since."""
        old, new = set(before.recipe) if before else set(), set(sku.recipe)
        components = sorted(new)
        actions = [
            self._item(sku, before),
            *(self._component(part) for part in components),
            *(self._contained(part, sku) for part in components),
            *(self._forget(part, sku.sku) for part in sorted(old - new)),
        ]
        try:
            self._client.transact_write_items(TransactItems=actions)
        except ClientError as error:
            if not is_cancelled(error):
                raise
            self._explain_sku(error, sku, components)

    def put_location(self, location: Location) -> None:
        self._client.put_item(TableName=self._settings, Item=rows.location_row(location))

    def revision(self) -> int:
        with store_errors_translated():
            answer = self._client.get_item(TableName=self._settings, Key=REVISION, ConsistentRead=True)
        return int(rows.decode(answer["Item"])["revision"]) if "Item" in answer else 0

    def put_channel(self, channel: Channel, revision: int, at: datetime) -> None:
        row = rows.channel_row(channel)
        version = rows.key(f"CHANNEL#{channel.name}", f"VERSION#{channel.version:06d}")
        actions: Any = [
            # No rule among channels was decided on settings that have changed since.
            self._counted("revision", revision, REVISION | {"revision": rows.value(revision + 1)}),
            self._counted("version", channel.version - 1, row),
            {"Put": {"TableName": self._settings, "Item": row | version | rows.encode({"at": at.isoformat()})}},
            {"Put": {"TableName": self._settings, "Item": rows.key("CHANNELS", channel.name)}},
        ]
        try:
            with store_errors_translated():
                self._client.transact_write_items(TransactItems=actions)
        except ClientError as error:
            if not is_cancelled(error):
                raise
            raise Contention("the channels are being changed by others") from error

    def versions(self, channel: str, most: int) -> list[tuple[Channel, str]]:
        with store_errors_translated():
            answer = self._client.query(
                TableName=self._settings,
                KeyConditionExpression="pk = :pk AND begins_with(sk, :version)",
                ExpressionAttributeValues={":pk": {"S": f"CHANNEL#{channel}"}, ":version": {"S": "VERSION#"}},
                ScanIndexForward=False,
                ConsistentRead=True,
                Limit=most,
            )
        stored = map(rows.decode, answer["Items"])
        return [(rows.channel_from(row), row["at"]) for row in stored]

    def _counted(self, counter: str, before: int, row: Item) -> Any:
        """Put a row whose counter is still at `before`; 0: there is no such row."""
        put: dict[str, Any] = {"TableName": self._settings, "Item": row}
        if not before:
            return {"Put": put | {"ConditionExpression": "attribute_not_exists(pk)"}}
        names, values = {"#counter": counter}, {":before": rows.value(before)}
        put |= {"ExpressionAttributeNames": names, "ExpressionAttributeValues": values}
        return {"Put": put | {"ConditionExpression": "#counter = :before"}}

    def put_listing(
        self,
        channel: str,
        listing: Alias,
        refs: Mapping[str, str],
        before: Alias | None,
        override: Mapping[str, int] | None = None,
        *,
        tracked: bool = True,
    ) -> None:
        """Name a SKU on a channel. `before`: what the name stood for so far; a listing leaves its old SKU.

        One that is not `tracked` has no number: it is only found on orders.
        """
        actions = [self._alias(channel, listing, before), self._known(listing.sku, tracked=tracked)]
        if tracked:
            actions.append(self._listing(channel, listing, refs, override or {}))
        if before and before.is_listing and before.sku != listing.sku:
            key = rows.listing_key(before.sku, channel, before.listing)
            actions.append({"Delete": {"TableName": self._stock, "Key": key}})
        self._write_alias(actions, listing)

    def put_alias(self, channel: str, alias: Alias, before: Alias | None) -> None:
        """A further name of a listing, found on orders only. Raises Conflict where it is a listing itself."""
        if before and before.is_listing:
            raise Conflict(f"the name {alias.name!r} is a listing of its own", sku=before.sku)
        self._write_alias([self._alias(channel, alias, before), self._known(alias.sku)], alias)

    def _write_alias(self, actions: Any, alias: Alias) -> None:
        try:
            self._client.transact_write_items(TransactItems=actions)
        except ClientError as error:
            if not is_cancelled(error):
                raise
            of_alias, of_sku, *_ = verdicts(error)
            if of_sku.refused and of_sku.image:
                raise Conflict("the SKU was changed meanwhile", sku=alias.sku) from error
            if of_sku.refused:
                raise MissingReference("sku", alias.sku) from error
            if of_alias.refused:
                raise Conflict(f"the name {alias.name!r} was changed meanwhile") from error
            raise Contention("the catalogue is being changed by others") from error

    def _item(self, sku: Sku, before: Sku | None) -> Any:
        untracked = None if sku.tracked else True
        content: dict[str, object] = {"recipe": dict(sku.recipe) or None, "low_stock": sku.low_stock}
        content |= {"untracked": untracked, "supply": sku.supply.value if sku.supply else None}
        kept = {name: rows.value(one) for name, one in content.items() if one is not None}
        sets = ", ".join(["#status = :status", *(f"{name} = :{name}" for name in kept)])
        removes = ", ".join(sorted(content.keys() - kept.keys()))
        update = {
            "TableName": self._stock,
            "Key": rows.sku_key(sku.sku),
            "UpdateExpression": f"SET {sets}" + (f" REMOVE {removes}" if removes else ""),
            "ExpressionAttributeNames": {"#status": "status"},
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        values = {":status": rows.value(sku.status.value)} | {f":{name}": one for name, one in kept.items()}
        # A SKU with stock, or inside another kit, cannot become a kit: its own units would be lost from sight.
        guards = ["attribute_not_exists(stocked)", "attribute_not_exists(component)"] if sku.is_kit else []
        if before is None:
            guards.append("attribute_not_exists(pk)")
        elif before.is_kit:
            guards.append("recipe = :before")
            values[":before"] = rows.value(dict(before.recipe))
        else:
            guards += ["attribute_exists(pk)", "attribute_not_exists(recipe)"]
        if before is not None:  # Its levels and listings would be lost from sight.
            guards.append("attribute_not_exists(untracked)" if sku.tracked else "attribute_exists(untracked)")
        update |= {"ConditionExpression": " AND ".join(guards), "ExpressionAttributeValues": values}
        return {"Update": update}

    def _component(self, sku: str) -> Any:
        return {
            "Update": {
                "TableName": self._stock,
                "Key": rows.sku_key(sku),
                "UpdateExpression": "SET component = :true",
                "ConditionExpression": (
                    "attribute_exists(pk) AND attribute_not_exists(recipe) AND attribute_not_exists(untracked)"
                ),
                "ExpressionAttributeValues": {":true": {"BOOL": True}},
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            }
        }

    def _contained(self, part: str, kit: Sku) -> Any:
        row = rows.key(f"SKU#{part}", f"IN#{kit.sku}") | {"quantity": rows.value(kit.recipe[part])}
        return {"Put": {"TableName": self._stock, "Item": row}}

    def _forget(self, part: str, kit: str) -> Any:
        return {"Delete": {"TableName": self._stock, "Key": rows.key(f"SKU#{part}", f"IN#{kit}")}}

    def _explain_sku(self, error: ClientError, sku: Sku, components: list[str]) -> None:
        of_sku, *rest = verdicts(error)
        if of_sku.refused and of_sku.image and sku.tracked is bool(of_sku.image.get("untracked")):
            raise Conflict("whether a SKU is tracked cannot change: name another SKU", sku=sku.sku) from error
        if of_sku.refused and of_sku.image and sku.is_kit and not of_sku.image.get("recipe"):
            raise Conflict("a SKU with stock, or inside a kit, cannot become a kit", sku=sku.sku) from error
        if of_sku.refused:
            raise Conflict("the SKU was changed meanwhile", sku=sku.sku) from error
        for part, answer in zip(components, rest, strict=False):
            if answer.refused and answer.image is None:
                raise InvalidInput(f"recipe.{part}", "is not a SKU", "create it first") from error
            if answer.refused and answer.image and answer.image.get("untracked"):
                raise InvalidInput(f"recipe.{part}", "needs no stock", "leave it out of the recipe") from error
            if answer.refused:
                raise InvalidInput(f"recipe.{part}", "is a kit itself", "list its components instead") from error
        raise Contention("the catalogue is being changed by others") from error

    def _alias(self, channel: str, alias: Alias, before: Alias | None) -> Any:
        row = rows.alias_key(channel, alias.name)
        put: Any = {
            "TableName": self._settings,
            "Item": row | rows.encode({"sku": alias.sku, "listing": alias.listing}),
        }
        if before is None:
            return {"Put": put | {"ConditionExpression": "attribute_not_exists(pk)"}}
        expected = {":sku": rows.value(before.sku)}
        return {"Put": put | {"ConditionExpression": "sku = :sku", "ExpressionAttributeValues": expected}}

    def _known(self, sku: str, *, tracked: bool | None = None) -> Any:
        """`tracked`: as the SKU must be; None: as it likes."""
        guards = {None: "", True: " AND attribute_not_exists(untracked)", False: " AND attribute_exists(untracked)"}
        check = {
            "ConditionExpression": "attribute_exists(pk)" + guards[tracked],
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        return {"ConditionCheck": {"TableName": self._stock, "Key": rows.sku_key(sku)} | check}

    def _listing(self, channel: str, listing: Alias, refs: Mapping[str, str], override: Mapping[str, int]) -> Any:
        return {
            "Update": {
                "TableName": self._stock,
                "Key": rows.listing_key(listing.sku, channel, listing.name),
                "UpdateExpression": "SET refs = :refs, #override = :override",  # Its exposure stays as it is.
                "ExpressionAttributeNames": {"#override": "override"},
                "ExpressionAttributeValues": {
                    ":refs": rows.value(dict(refs)),
                    ":override": rows.value(dict(override)),
                },
            }
        }

"""How things lie in the tables: one pair of functions per kind of row.

table     pk                               sk                    row
stock     SKU#<sku>                        ITEM                  Sku
                                           AT#<location>         Level
                                           ON#<channel>#<name>   Listing
                                           IN#<kit>              this SKU is a component of that kit
orders    ORDER#<channel>#<external id>    ORDER                 Order
          EXCEPTION#<exception id>         EXCEPTION             ExceptionRecord
ledger    SKU#<sku>#<location>             <seq, 12 digits>      what one write did to a level
          COMMIT#<commit id>               <order id>            what that write promised to an order
          OPERATION#<operation id>         OPERATION             an adjustment or transfer, done once
settings  CHANNEL#<channel>                SETTINGS              Channel
                                           ALIAS#<name>          Alias
          CHANNELS                         <channel>             names the channels there are
          LOCATIONS                        <location>            Location
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from lastunit.domain.catalogue import Alias, Location, Sku, Status
from lastunit.domain.channels import Channel
from lastunit.domain.exposure import LastError, Listing
from lastunit.domain.levels import Bin, BinKind, Level
from lastunit.domain.orders import WAITING, Allocation, Decision, Line, Order, Reason, State
from lastunit.domain.pushes import Failure
from lastunit.domain.routing import Policy

Item = dict[str, Any]
"""A row in DynamoDB's typed JSON."""

_serializer, _deserializer = TypeSerializer(), TypeDeserializer()


def encode(row: Mapping[str, Any]) -> Item:
    """Leaves out None, and what is empty, so that rows stay small."""
    return {
        name: _serializer.serialize(value) for name, value in row.items() if value not in (None, "", (), {}, [])
    }


def value(content: Any) -> Any:
    return _serializer.serialize(content)


def decode(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _plain(_deserializer.deserialize(typed)) for name, typed in item.items()}


def _plain(content: Any) -> Any:
    if isinstance(content, Decimal):
        return int(content)
    if isinstance(content, dict):
        return {name: _plain(inner) for name, inner in content.items()}
    return [_plain(inner) for inner in content] if isinstance(content, list) else content


def key(pk: str, sk: str) -> Item:
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def sku_key(sku: str) -> Item:
    return key(f"SKU#{sku}", "ITEM")


def level_key(sku: str, location: str) -> Item:
    return key(f"SKU#{sku}", f"AT#{location}")


def listing_key(sku: str, channel: str, name: str) -> Item:
    return key(f"SKU#{sku}", f"ON#{channel}#{name}")


def order_key(order_id: str) -> Item:
    channel, _, external_id = order_id.partition(":")
    return key(f"ORDER#{channel}#{external_id}", "ORDER")


def sku_from(row: Mapping[str, Any]) -> Sku:
    return Sku(row["pk"].removeprefix("SKU#"), Status(row["status"]), row.get("recipe", {}))


def sku_row(sku: Sku) -> Item:
    return sku_key(sku.sku) | encode({"status": sku.status.value, "recipe": dict(sku.recipe)})


def level_from(row: Mapping[str, Any]) -> Level:
    bins = {
        name: Bin(name, BinKind(kept["kind"]), kept.get("on_hand", 0)) for name, kept in row.get("bins", {}).items()
    }
    return Level(
        row["pk"].removeprefix("SKU#"),
        row["sk"].removeprefix("AT#"),
        row.get("on_hand", 0),
        row.get("reserved", 0),
        row.get("available", 0),
        row.get("unplaced", 0),
        bins,
        row.get("seq", 0),
        row.get("cause", ""),
    )


def listing_from(row: Mapping[str, Any]) -> Listing:
    _, channel, name = row["sk"].split("#", 2)
    error = row.get("last_error")
    return Listing(
        channel,
        name,
        row["pk"].removeprefix("SKU#"),
        row.get("refs", {}),
        row.get("sold", 0),
        row.get("acknowledged"),
        row.get("acknowledged_sold", 0),
        row.get("acknowledged_at"),
        row.get("channel_version"),
        row.get("in_flight"),
        row.get("in_flight_sold", 0),
        row.get("sequence", 0),
        LastError(Failure(error["failure"]), error["message"], error["at"]) if error else None,
    )


def channel_row(channel: Channel) -> Item:
    return key(f"CHANNEL#{channel.name}", "SETTINGS") | encode(
        {
            "kind": channel.kind,
            "policy": channel.policy.value,
            "locations": sorted(channel.locations),
            "takes_requests": channel.takes_requests,
            "share_percent": channel.share_percent,
            "buffer": channel.buffer,
            "cap": channel.cap,
            "minimum": channel.minimum,
            "connection": dict(channel.connection),
            "version": channel.version,
        }
    )


def channel_from(row: Mapping[str, Any]) -> Channel:
    return Channel(
        row["pk"].removeprefix("CHANNEL#"),
        row["kind"],
        Policy(row["policy"]),
        frozenset(row.get("locations", ())),
        row["takes_requests"],
        row["share_percent"],
        row["buffer"],
        row.get("cap"),
        row["minimum"],
        row.get("connection", {}),
        row["version"],
    )


def alias_key(channel: str, name: str) -> Item:
    return key(f"CHANNEL#{channel}", f"ALIAS#{name}")


def alias_from(row: Mapping[str, Any]) -> Alias:
    return Alias(row["sk"].removeprefix("ALIAS#"), row["sku"], row["listing"])


def location_row(location: Location) -> Item:
    return key("LOCATIONS", location.name) | encode({"rank": location.rank, "blacked_out": location.blacked_out})


def location_from(row: Mapping[str, Any]) -> Location:
    return Location(row["sk"], row["rank"], row["blacked_out"])


def order_row(order: Order, rev: int, commit: str, at: str) -> Item:
    waits = {"waiting": order.state.value, "waiting_since": at} if order.state in WAITING else {}
    return order_key(order.order_id) | encode(
        {
            "state": order.state.value,
            "revision": order.revision,
            "seen": list(order.fingerprints),
            "lines": [_line_row(line) for line in order.lines],
            "allocs": [_allocation_row(allocation) for allocation in order.allocations],
            "reason": order.reason.value if order.reason else None,
            "details": dict(order.details),
            "decision": _decision_row(order.decision) if order.decision else None,
            "restocked": order.restocked or None,
            "location": order.location,
            "placed_at": order.placed_at,
            "rev": rev,
            "commit": commit,
            "changed_at": at,
            **waits,
        }
    )


def order_from(row: Mapping[str, Any]) -> Order:
    _, channel, external_id = row["pk"].split("#", 2)
    decision = row.get("decision")
    return Order(
        channel,
        external_id,
        State(row["state"]),
        row.get("revision", ""),  # A cancel through the API has none, and what is empty is not stored.
        tuple(row.get("seen", ())),
        tuple(_line_from(line) for line in row.get("lines", ())),
        tuple(_allocation_from(allocation) for allocation in row.get("allocs", ())),
        Reason(row["reason"]) if "reason" in row else None,
        row.get("details", {}),
        _decision_from(decision) if decision else None,
        row.get("restocked", False),
        row.get("location"),
        row.get("placed_at"),
        row["rev"],
        row["commit"],
        row["changed_at"],
    )


def _line_row(line: Line) -> dict[str, Any]:
    own_stock = line.parts == {line.sku: 1}  # The usual line says no more than its SKU.
    row = {
        "id": line.line_id,
        "names": list(line.names),
        "qty": line.quantity,
        "listing": line.listing,
        "sku": line.sku,
        "parts": None if own_stock else dict(line.parts),
    }
    return {name: content for name, content in row.items() if content is not None}


def _line_from(row: Mapping[str, Any]) -> Line:
    sku = row.get("sku")
    parts = row.get("parts", {sku: 1} if sku else {})
    return Line(row["id"], tuple(row["names"]), row["qty"], row.get("listing"), sku, parts)


def _allocation_row(allocation: Allocation) -> dict[str, Any]:
    return {
        "line": allocation.line_id,
        "sku": allocation.sku,
        "at": allocation.location,
        "qty": allocation.quantity,
        "rule": allocation.rule,
    }


def _allocation_from(row: Mapping[str, Any]) -> Allocation:
    return Allocation(row["line"], row["sku"], row["at"], row["qty"], row.get("rule", ""))


def _decision_row(decision: Decision) -> dict[str, Any]:
    return {
        "policy": decision.policy,
        "candidates": list(decision.candidates),
        "saw": {sku: dict(levels) for sku, levels in decision.saw.items()},
        "shortage": dict(decision.shortage),
    }


def _decision_from(row: Mapping[str, Any]) -> Decision:
    return Decision(row["policy"], tuple(row["candidates"]), row["saw"], row["shortage"])

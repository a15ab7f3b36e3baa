"""How things lie in the tables: one pair of functions per kind of row.

table     pk                               sk                    row
stock     SKU#<sku>                        ITEM                  Sku
                                           AT#<location>         Level
                                           ON#<channel>#<name>   Listing
                                           IN#<kit>              this SKU is a component of that kit
                                           WANT#<since>#<order>  an order that waits for units of this SKU
          UNSETTLED#<channel>              <sku>#<name>          a listing whose exposure waits for a poll
          RISK#<0..9>                      SKU#<sku>             units shown more often than they exist
orders    ORDER#<channel>#<external id>    ORDER                 Order
          EXCEPTION#<exception id>         EXCEPTION             ExceptionRecord
          TASK#<sku>#<location>            TASK                  Task: units to carry to a picking bin
          TASK#<sku>                       LOW                   that the SKU is low was announced
ledger    SKU#<sku>#<location>             <seq, 12 digits>      what one write did to a level
          COMMIT#<commit id>               <order id>            what that write promised to an order
          OPERATION#<operation id>         OPERATION             an adjustment or transfer, done once
settings  CHANNEL#<channel>                SETTINGS              Channel
                                           VERSION#<6 digits>    Channel as it was from then on
                                           ALIAS#<name>          Alias
          CHANNELS                         <channel>             names the channels there are
          REVISION                         CHANNELS              counts the changes of all channels
          PACE#<channel>                   PACE, DELAY#<day>     its token bucket; how long pushes took
          POLL#<channel>                   POLL                  how far its orders were read
          COVERAGE#<channel>               RUN#…, SEGMENT#…      daily overwrites
          DRIFT#<channel>                  <sku>#<name>          a listing that shows something else
          LOCATIONS                        <location>            Location
          WEBHOOKS                         <name>                OutgoingWebhook
"""

from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from lastunit.domain.catalogue import Alias, Location, Sku, Status
from lastunit.domain.channels import Channel, Mode, Sync
from lastunit.domain.exposure import LastError, Listing, Rises, Seen
from lastunit.domain.groups import Want
from lastunit.domain.levels import Bin, BinKind, Level
from lastunit.domain.lifecycle import WAITING
from lastunit.domain.orders import Order
from lastunit.domain.pushes import Failure
from lastunit.domain.routing import Policy

Item = dict[str, Any]
"""A row in DynamoDB's typed JSON."""

UNITS = "units"
"""What an order waits for that waits for no person; otherwise its row names the state in which it does."""

OUTSIDE_ITS_ROW = {"channel", "external_id", "rev", "commit", "changed_at"}

LISTING_FIELDS = {one.name for one in fields(Listing)} - {"channel", "name", "sku", "rises"}
"""Those whose attribute has their name and needs no translation, but for `last_error`."""

# boto3's own translation goes through Decimal and a long chain of questions: three to five times as slow, for every
# row of every call. Lastunit keeps texts, whole numbers, truths, lists and maps, and refuses anything else.


def encode(row: Mapping[str, Any]) -> Item:
    """Leaves out None, and what is empty, so that rows stay small."""
    return {name: value(content) for name, content in row.items() if content not in (None, "", (), {}, [])}


def value(content: Any) -> Any:
    if isinstance(content, str):
        return {"S": content}
    if isinstance(content, bool):
        return {"BOOL": content}
    if isinstance(content, int):
        return {"N": str(content)}
    if isinstance(content, list | tuple):
        return {"L": [value(inner) for inner in content]}
    if isinstance(content, Mapping):
        return {"M": {name: value(inner) for name, inner in content.items()}}
    if content is None:
        return {"NULL": True}
    raise TypeError(f"{type(content).__name__} is kept in no row")


def decode(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _plain(typed) for name, typed in item.items()}


def _plain(typed: Mapping[str, Any]) -> Any:
    ((kind, content),) = typed.items()
    if kind == "S" or kind == "BOOL":
        return content
    if kind == "N":
        return int(content)
    if kind == "M":
        return {name: _plain(inner) for name, inner in content.items()}
    if kind == "L":
        return [_plain(inner) for inner in content]
    if kind == "NULL":
        return None
    raise TypeError(f"{kind} is kept in no row")


def key(pk: str, sk: str) -> Item:
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def sku_key(sku: str) -> Item:
    return key(f"SKU#{sku}", "ITEM")


def level_key(sku: str, location: str) -> Item:
    return key(f"SKU#{sku}", f"AT#{location}")


def listing_key(sku: str, channel: str, name: str) -> Item:
    return key(f"SKU#{sku}", f"ON#{channel}#{name}")


def unsettled_key(sku: str, channel: str, name: str) -> Item:
    return key(f"UNSETTLED#{channel}", f"{sku}#{name}")


def order_key(order_id: str) -> Item:
    channel, _, external_id = order_id.partition(":")
    return key(f"ORDER#{channel}#{external_id}", "ORDER")


def sku_from(row: Mapping[str, Any]) -> Sku:
    return Sku(row["pk"].removeprefix("SKU#"), Status(row["status"]), row.get("recipe", {}), row.get("low_stock"))


def level_from(row: Mapping[str, Any]) -> Level:
    bins = {
        name: Bin(name, BinKind(kept["kind"]), kept.get("on_hand", 0), kept.get("mark"))
        for name, kept in row.get("bins", {}).items()
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
    own = {field: row[field] for field in LISTING_FIELDS if field in row}
    error = row.get("last_error")
    if error:
        own["last_error"] = LastError(Failure(error["failure"]), error["message"], error["at"])
    return Listing(channel, name, row["pk"].removeprefix("SKU#"), rises=rises_from(row), **own)


def rises_from(row: Mapping[str, Any]) -> Rises:
    seen = {(sku, at): Seen(*row["seen"][sku][at]) for sku in row.get("seen", {}) for at in row["seen"][sku]}
    risen, restocked, regrown, sent = (row.get(name, 0) for name in ("risen", "restocked", "regrown", "sent"))
    return Rises(risen, restocked, regrown, sent, seen, row.get("seen_rev", 0))


def seen_levels(rises: Rises) -> dict[str, dict[str, list[int]]]:
    """SKU → location → sequence and units of the level that was seen."""
    seen: dict[str, dict[str, list[int]]] = {}
    for (sku, at), level in rises.seen.items():
        seen.setdefault(sku, {})[at] = [level.seq, level.available]
    return seen


def error_map(error: LastError | None) -> dict[str, str] | None:
    return {"failure": error.failure.value, "message": error.message, "at": error.at} if error else None


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
            "imports": channel.imports,
            "decision_minutes": channel.decision_minutes,
            "payment_minutes": channel.payment_minutes,
            "escalates": channel.escalates,
            "reevaluates": channel.reevaluates,
            "version": channel.version,
            "mode": channel.mode.value,
            "sync": channel.sync.value,
            "full_at": channel.full_at,
            "time_zone": channel.time_zone,
            "default_location": channel.default_location,
            "outbound": channel.outbound,
            "held": channel.held,
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
        row.get("imports", True),
        row.get("decision_minutes"),
        row.get("payment_minutes"),
        row.get("escalates", False),
        row.get("reevaluates", False),
        row["version"],
        Mode(row.get("mode", Mode.SHARED)),
        Sync(row.get("sync", Sync.LIVE)),
        row.get("full_at"),
        row.get("time_zone", "UTC"),
        row.get("default_location"),
        row.get("outbound", True),
        row.get("held", False),
    )


def alias_key(channel: str, name: str) -> Item:
    return key(f"CHANNEL#{channel}", f"ALIAS#{name}")


def alias_from(row: Mapping[str, Any]) -> Alias:
    return Alias(row["sk"].removeprefix("ALIAS#"), row["sku"], row["listing"])


def location_row(location: Location) -> Item:
    return key("LOCATIONS", location.name) | encode({"rank": location.rank, "blacked_out": location.blacked_out})


def location_from(row: Mapping[str, Any]) -> Location:
    return Location(row["sk"], row["rank"], row["blacked_out"])


def want_key(want: Want) -> Item:
    return key(f"SKU#{want.sku}", f"WANT#{want.queued_at}#{want.order_id}")


def want_from(row: Mapping[str, Any]) -> Want:
    _, queued_at, order_id = row["sk"].split("#", 2)
    return Want(row["pk"].removeprefix("SKU#"), queued_at, order_id, row["units"])


def order_row(order: Order, rev: int, commit: str, at: str) -> Item:
    """Defaults are left out: a usual order stays under 1 KB. The indexes hold only what waits or runs out."""
    row = _orders().dump_python(order, mode="json", exclude_defaults=True, exclude=OUTSIDE_ITS_ROW)
    clocks = {"decision": order.decide_by, "payment": order.pay_by}
    runs = next(({"clock": clock, "due_at": due} for clock, due in clocks.items() if due), {})
    written = {"rev": rev, "commit": commit, "changed_at": at}
    return order_key(order.order_id) | encode(row | _waits(order) | runs | written)


def _waits(order: Order) -> Item:
    """For whom or what, and since when, where the order does not say it itself."""
    if order.state in WAITING:
        return {"waiting": order.state.value}
    awaits_units = order.queued_at and order.waiting_since is None
    return {"waiting": UNITS, "waiting_since": order.queued_at} if awaits_units else {}


def order_from(row: Mapping[str, Any]) -> Order:
    _, channel, external_id = row["pk"].split("#", 2)
    identity = {"channel": channel, "external_id": external_id, "revision": row.get("revision", "")}
    person: Item = {"waiting_since": None} if row.get("waiting") == UNITS else {}
    order: Order = _orders().validate_python({**row, **identity, **person})
    return order


@cache
def _orders() -> TypeAdapter[Order]:
    return TypeAdapter(Order)

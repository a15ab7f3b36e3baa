"""How things lie in the tables: one pair of functions per kind of row.

table     pk                               sk                    row
stock     SKU#<sku>                        ITEM                  Sku
                                           AT#<location>         Level
                                           ON#<channel>#<name>   Listing (`listing_rows.py`)
                                           IN#<kit>              this SKU is a component of that kit
                                           QUEUE#<since>#<order>  an order that waits for units of this SKU
          AWAITING_POLL#<channel>              <sku>#<name>          a listing whose exposure waits for a poll
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
          RATE_LIMIT#<channel>                   RATE_LIMIT, DELAY#<day>     its token bucket; how long pushes took
          POLL#<channel>                   POLL                  how far its orders were read
          COVERAGE#<channel>               RUN#…, SEGMENT#…      daily overwrites
          DRIFT#<channel>                  <sku>#<name>          a listing that shows something else
          LOCATIONS                        <location>            Location
          WEBHOOKS                         <name>                OutgoingWebhook
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from lastunit.domain.channel import Channel, Mode, Sync
from lastunit.domain.keys import OrderKey
from lastunit.domain.orders.commit_groups import QueueEntry
from lastunit.domain.orders.order import Order
from lastunit.domain.orders.states import WAITING
from lastunit.domain.stock.catalogue import Alias, Location, Sku, Status, Supply
from lastunit.domain.stock.levels import Bin, BinKind, Level
from lastunit.domain.stock.routing import Policy

Item = dict[str, Any]
"""A row in DynamoDB's typed JSON."""

UNITS = "units"
"""`waiting` of an order that waits for units and for no person; else its row names the state in which it waits."""

OUTSIDE_ITS_ROW = {"channel", "external_id", "rev", "commit_id", "changed_at"}

# boto3's own translation goes through Decimal and a long chain of questions: three to five times as slow, for every
# row of every call. Lastunit keeps texts, whole numbers, truths, lists and maps, and refuses anything else.


def encode(row: Mapping[str, Any]) -> Item:
    """Leaves out None, and what is empty, so that rows stay small."""
    return {name: value(content) for name, content in row.items() if content not in (None, "", (), {}, [])}


def value(content: Any) -> Any:
    if isinstance(content, str):
        return {"S": str(content)}
    if isinstance(content, datetime):
        return {"S": instant_text(content)}
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


def instant_text(at: datetime) -> str:
    """UTC with microseconds, so that instants sort as text: in keys, in indexes and in conditions."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


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


def awaiting_poll_key(sku: str, channel: str, name: str) -> Item:
    return key(f"AWAITING_POLL#{channel}", f"{sku}#{name}")


def order_key(order_id: str) -> Item:
    channel, external_id = OrderKey.parse(order_id)
    return key(f"ORDER#{channel}#{external_id}", "ORDER")


def sku_from(row: Mapping[str, Any]) -> Sku:
    return Sku(
        sku=row["pk"].removeprefix("SKU#"),
        status=Status(row["status"]),
        recipe=row.get("recipe", {}),
        low_stock=row.get("low_stock"),
        tracked=not row.get("untracked", False),
        supply=Supply(row["supply"]) if "supply" in row else None,
    )


def level_from(row: Mapping[str, Any]) -> Level:
    bins = {
        name: Bin(name=name, kind=BinKind(kept["kind"]), on_hand=kept.get("on_hand", 0), mark=kept.get("mark"))
        for name, kept in row.get("bins", {}).items()
    }
    return Level(
        sku=row["pk"].removeprefix("SKU#"),
        location=row["sk"].removeprefix("AT#"),
        on_hand=row.get("on_hand", 0),
        reserved=row.get("reserved", 0),
        available=row.get("available", 0),
        unplaced=row.get("unplaced", 0),
        bins=bins,
        seq=row.get("seq", 0),
        cause=row.get("cause", ""),
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
            "import_orders": channel.import_orders,
            "decision_minutes": channel.decision_minutes,
            "payment_minutes": channel.payment_minutes,
            "escalate_undecided": channel.escalate_undecided,
            "retry_requests_on_restock": channel.retry_requests_on_restock,
            "version": channel.version,
            "mode": channel.mode.value,
            "sync": channel.sync.value,
            "full_at": channel.full_at,
            "time_zone": channel.time_zone,
            "default_location": channel.default_location,
            "outbound": channel.outbound,
            "paused": channel.paused,
            "no_stock_names": channel.no_stock_names,
            "supply": channel.supply.value,
            "holds_covered_lines": channel.holds_covered_lines,
        }
    )


def channel_from(row: Mapping[str, Any]) -> Channel:
    return Channel(
        name=row["pk"].removeprefix("CHANNEL#"),
        kind=row["kind"],
        policy=Policy(row["policy"]),
        locations=frozenset(row.get("locations", ())),
        takes_requests=row["takes_requests"],
        share_percent=row["share_percent"],
        buffer=row["buffer"],
        cap=row.get("cap"),
        minimum=row["minimum"],
        connection=row.get("connection", {}),
        import_orders=row.get("import_orders", True),
        decision_minutes=row.get("decision_minutes"),
        payment_minutes=row.get("payment_minutes"),
        escalate_undecided=row.get("escalate_undecided", False),
        retry_requests_on_restock=row.get("retry_requests_on_restock", False),
        version=row["version"],
        mode=Mode(row.get("mode", Mode.SHARED)),
        sync=Sync(row.get("sync", Sync.LIVE)),
        full_at=row.get("full_at"),
        time_zone=row.get("time_zone", "UTC"),
        default_location=row.get("default_location"),
        outbound=row.get("outbound", True),
        paused=row.get("paused", False),
        no_stock_names=tuple(row.get("no_stock_names", ())),
        supply=Supply(row.get("supply", Supply.BACKORDER)),
        holds_covered_lines=row.get("holds_covered_lines", False),
    )


def alias_key(channel: str, name: str) -> Item:
    return key(f"CHANNEL#{channel}", f"ALIAS#{name}")


def alias_from(row: Mapping[str, Any]) -> Alias:
    return Alias(row["sk"].removeprefix("ALIAS#"), row["sku"], row["listing"])


def location_row(location: Location) -> Item:
    return key("LOCATIONS", location.name) | encode({"rank": location.rank, "blacked_out": location.blacked_out})


def location_from(row: Mapping[str, Any]) -> Location:
    return Location(row["sk"], row["rank"], row["blacked_out"])


def queue_key(entry: QueueEntry) -> Item:
    return key(f"SKU#{entry.sku}", f"QUEUE#{instant_text(entry.queued_at)}#{entry.order_id}")


def queue_entry_from(row: Mapping[str, Any]) -> QueueEntry:
    _, queued_at, order_id = row["sk"].split("#", 2)
    return QueueEntry(
        sku=row["pk"].removeprefix("SKU#"),
        queued_at=datetime.fromisoformat(queued_at),
        order_id=order_id,
        units=row["units"],
    )


def order_row(order: Order, rev: int, commit_id: str, at: datetime) -> Item:
    """Defaults are left out: a usual order stays under 1 KB. The indexes hold only what waits or has a deadline."""
    row = _orders().dump_python(order, exclude_defaults=True, exclude=OUTSIDE_ITS_ROW)
    clocks = {"decision": order.decide_by, "payment": order.pay_by}
    runs = next(({"clock": clock, "due_at": due} for clock, due in clocks.items() if due), {})
    written = {"rev": rev, "commit_id": commit_id, "changed_at": at}
    return order_key(order.order_id) | encode(row | _waits(order) | runs | written)


def _waits(order: Order) -> Item:
    """What it waits for, a person or units, and since when."""
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

"""How a listing lies in its row (`SKU#<sku>`, `ON#<channel>#<name>`).

written by             attributes
the claim's holder     acknowledged {quantity sold restocked at version}, in_flight {quantity sold sent_at increment
                       {units added_to}}, may_apply_until, last_reading {quantity poll restocked}, granted, booked,
                       awaiting_poll, sales_rate {thousandths sold at}, daily_revisions {day count}, last_error
                       {failure message at}, frozen, sent
commits of orders      sold, sold_unallocated, deducted_restock, restocked_by_channel
who counts increases   counted_increase, counted_levels {SKU {location [seq available]}}, counted_rev
settings               refs, override
claims                 claim, claimed_until, again, sequence

What is left out has the value that a new `Listing` has. A map is written whole or not at all; what several writers
change by a number each lies beside the maps.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from lastunit.domain.keys import LevelKey
from lastunit.domain.listings.listing import Listing
from lastunit.domain.listings.listing_parts import (
    Acknowledged,
    CountedLevel,
    DailyRevisions,
    IncrementInFlight,
    Increments,
    InFlight,
    LastError,
    LastReading,
    SalesRate,
)
from lastunit.domain.listings.push_protocol import Failure

Row = Mapping[str, Any]
Content = dict[str, Any]


def listing_from(row: Row) -> Listing:
    _, channel, name = row["sk"].split("#", 2)
    return Listing(
        channel=channel,
        name=name,
        sku=row["pk"].removeprefix("SKU#"),
        refs=row.get("refs", {}),
        override=row.get("override", {}),
        sold=row.get("sold", 0),
        sold_unallocated=row.get("sold_unallocated", 0),
        acknowledged=_acknowledged(row["acknowledged"]) if "acknowledged" in row else None,
        in_flight=_in_flight(row["in_flight"]) if "in_flight" in row else None,
        may_apply_until=_instant(row.get("may_apply_until")),
        last_reading=LastReading(**row.get("last_reading", {})),
        granted=row.get("granted", 0),
        booked=row.get("booked", 0),
        awaiting_poll=row.get("awaiting_poll", False),
        increments=_increments(row),
        sales_rate=_sales_rate(row["sales_rate"]) if "sales_rate" in row else None,
        daily_revisions=_daily_revisions(row["daily_revisions"]) if "daily_revisions" in row else None,
        sequence=row.get("sequence", 0),
        claimed_until=_instant(row.get("claimed_until")),
        last_error=_last_error(row["last_error"]) if "last_error" in row else None,
        frozen=row.get("frozen", False),
    )


def holders_own(listing: Listing) -> Content:
    """Attribute → content, of all that only the claim's holder writes; None: the attribute is left out."""
    known, reading, error = listing.acknowledged, listing.last_reading, listing.last_error
    rate, revisions = listing.sales_rate, listing.daily_revisions
    return {
        "acknowledged": acknowledged_map(known) if known else None,
        "in_flight": _in_flight_map(listing.in_flight) if listing.in_flight else None,
        "may_apply_until": listing.may_apply_until,
        "last_reading": _reading_map(reading) if reading != LastReading() else None,
        "granted": listing.granted or None,
        "booked": listing.booked or None,
        "awaiting_poll": listing.awaiting_poll or None,
        "sales_rate": {"thousandths": rate.thousandths, "sold": rate.sold, "at": rate.at} if rate else None,
        "daily_revisions": {"day": revisions.day.isoformat(), "count": revisions.count} if revisions else None,
        "last_error": error_map(error) if error else None,
        "frozen": listing.frozen or None,
        "sent": listing.increments.sent or None,
    }


def acknowledged_map(known: Acknowledged) -> Content:
    return _present(
        quantity=known.quantity,
        sold=known.sold,
        restocked=known.restocked or None,
        at=known.at,
        version=known.version,
    )


def error_map(error: LastError) -> Content:
    return {"failure": error.failure.value, "message": error.message, "at": error.at}


def counted_levels(increments: Increments) -> dict[str, dict[str, list[int]]]:
    """SKU → location → sequence and units of the level as it was counted."""
    counted: dict[str, dict[str, list[int]]] = {}
    for (sku, at), level in increments.counted_levels.items():
        counted.setdefault(sku, {})[at] = [level.seq, level.available]
    return counted


def _acknowledged(content: Row) -> Acknowledged:
    return Acknowledged(
        quantity=content["quantity"],
        sold=content["sold"],
        restocked=content.get("restocked", 0),
        at=_instant(content.get("at")),
        version=content.get("version"),
    )


def _in_flight(content: Row) -> InFlight:
    increment = content.get("increment")
    return InFlight(
        quantity=content["quantity"],
        sold=content["sold"],
        sent_at=datetime.fromisoformat(content["sent_at"]),
        increment=IncrementInFlight(increment["units"], increment.get("added_to")) if increment else None,
    )


def _in_flight_map(request: InFlight) -> Content:
    increment = request.increment
    return _present(
        quantity=request.quantity,
        sold=request.sold,
        sent_at=request.sent_at,
        increment=_present(units=increment.units, added_to=increment.added_to) if increment else None,
    )


def _reading_map(reading: LastReading) -> Content:
    return _present(quantity=reading.quantity, poll=reading.poll or None, restocked=reading.restocked or None)


def _sales_rate(content: Row) -> SalesRate:
    at = datetime.fromisoformat(content["at"])
    return SalesRate(thousandths=content["thousandths"], sold=content["sold"], at=at)


def _daily_revisions(content: Row) -> DailyRevisions:
    return DailyRevisions(date.fromisoformat(content["day"]), content["count"])


def _last_error(content: Row) -> LastError:
    at = datetime.fromisoformat(content["at"])
    return LastError(Failure(content["failure"]), content["message"], at)


def _increments(row: Row) -> Increments:
    counted = {
        LevelKey(sku, at): CountedLevel(*level)
        for sku, levels in row.get("counted_levels", {}).items()
        for at, level in levels.items()
    }
    return Increments(
        counted_increase=row.get("counted_increase", 0),
        deducted_restock=row.get("deducted_restock", 0),
        restocked_by_channel=row.get("restocked_by_channel", 0),
        sent=row.get("sent", 0),
        counted_levels=counted,
        rev=row.get("counted_rev", 0),
    )


def _present(**content: Any) -> Content:
    return {name: value for name, value in content.items() if value is not None}


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None

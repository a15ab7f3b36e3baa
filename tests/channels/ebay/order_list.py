"""The simulated eBay's list of orders: which of them a request asks for, and in what pages."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from werkzeug.wrappers import Request

from tests.channels.ebay.wire import EbayRefusal

LIMIT_DEFAULT, LIMIT_MAX = 50, 200
FILTER = re.compile(r"(?P<name>[a-z]+):\[(?P<start>[^\[\]]*?)\.\.(?P<end>[^\[\]]*)\]")
DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def listed(
    request: Request, orders: Iterable[Mapping[str, Any]], present: datetime, known_until: datetime
) -> dict[str, Any]:
    """Newest order first, which eBay does not promise. Of the filters only `lastmodifieddate` is simulated."""
    limit = _number(request, "limit", LIMIT_DEFAULT, range(1, LIMIT_MAX + 1), 31100)
    offset = _number(request, "offset", 0, range(1_000_000), 31000)
    start, end = _period(request, present)
    known = (order for order in orders if datetime.fromisoformat(order["creationDate"]) <= known_until)
    found = [order for order in known if start <= order["lastModifiedDate"] <= (end or "9999")]
    found.sort(key=lambda order: order["creationDate"], reverse=True)
    shown = [_without_cancel_requests(order) for order in found[offset : offset + limit]]
    return {"href": request.url, "total": len(found), "limit": limit, "offset": offset, "orders": shown}


def _number(request: Request, name: str, default: int, allowed: range, error_id: int) -> int:
    value = request.args.get(name, str(default))
    if not value.isdecimal() or int(value) not in allowed:
        raise _refusal(error_id, f"Invalid {name}: {value}")
    return int(value)


def _period(request: Request, present: datetime) -> tuple[str, str]:
    """Dates of one form sort as text."""
    # Some characters must be percent-encoded.
    if set(request.query_string) & set(b"[]{}|"):
        raise _refusal(30800, "Invalid filter value")
    reported = FILTER.fullmatch(request.args.get("filter", ""))
    if reported is None or reported["name"] != "lastmodifieddate":
        raise _refusal(30700, "Invalid filter name")
    start, end = reported["start"], reported["end"]
    if not start:
        raise _refusal(30820, "Start date is missing")
    if not all(DATE.fullmatch(date) for date in (start, end) if date):
        raise _refusal(30810, "Invalid date format")
    if end and start >= end:
        raise _refusal(30840, "Start date should be before end date")
    if any(datetime.fromisoformat(date) > present for date in (start, end) if date):
        raise _refusal(30850, "Start and end dates can't be in the future")
    return start, end


def _without_cancel_requests(order: Mapping[str, Any]) -> dict[str, Any]:
    return {**order, "cancelStatus": {**order["cancelStatus"], "cancelRequests": []}}


def _refusal(error_id: int, message: str) -> EbayRefusal:
    return EbayRefusal(400, error_id, message, domain="API_FULFILLMENT")

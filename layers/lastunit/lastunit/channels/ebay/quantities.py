"""Quantities over eBay's Inventory API: absolute, 25 SKUs a call. `domain/listings/quantity.py` says which."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from pydantic import ValidationError

from lastunit.channels.ebay.client import REQUEST_LIMIT_REACHED, Client, Grant, Payload, Problem, problems
from lastunit.channels.ebay.settings import Refs
from lastunit.channels.shared.bisect import Outcome, deliver, halves
from lastunit.domain.errors import ChannelUnavailable, NotSent, OutcomeUnknown, Throttled
from lastunit.domain.listings.push_protocol import Failure, ListingResult, Push, Refused, Shown, Target
from lastunit.ports.system import HttpResponse

SKU_CHARACTERS_MAX = 50
WRITE_PATH = "/sell/inventory/v1/bulk_update_price_quantity"
READ_PATH = "/sell/inventory/v1/bulk_get_inventory_item"

# "SKU(s) not in the system", "SKU not available", "resource not found", "offer not available": the texts are in
# eBay's specification of the Inventory API, but which of them comes per SKU and with which status is not.
GONE_IDS = {25701, 25702, 25710, 25713}
# "System error", "concurrent access, try again later".
TRANSIENT_IDS = {25001, 25025}
# A listing revised too often today. eBay's specification of the Inventory API gives no id for it. Assumed to be the
# one under which a public client of the Trading API knows it; another id would be INVALID, visible and not retried.
REVISIONS_SPENT = 21919165
THROTTLED_IDS = {REQUEST_LIMIT_REACHED, REVISIONS_SPENT}

Request = Mapping[str, Any]  # One entry of the `requests` of a bulk call.


class _Availability(Payload):
    quantity: int | None = None


class _ShipTo(Payload):
    ship_to_location_availability: _Availability | None = None


class _InventoryItem(Payload):
    availability: _ShipTo | None = None


class _Row(Payload):
    sku: str = ""
    status_code: int
    errors: tuple[Problem, ...] | None = None
    inventory_item: _InventoryItem | None = None


class _BulkAnswer(Payload):
    responses: tuple[_Row, ...]


Rows = Mapping[str, Sequence[_Row]]  # by SKU; a SKU with an offer has a row for each
Judge = Callable[[Sequence[int], Rows], dict[int, ListingResult]]


class Stock:
    """Answers per listing, in the order asked: the number of a listing in the call is its key throughout."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def read(self, targets: Sequence[Target]) -> list[ListingResult]:
        requests = {index: {"sku": target.name} for index, target in enumerate(targets)}
        return self._exchange(READ_PATH, len(targets), {}, requests, partial(_quantities, targets))

    def write(self, pushes: Sequence[Push]) -> list[ListingResult]:
        requests: dict[int, Request] = {}
        answers: dict[int, ListingResult] = {}
        for index, push in enumerate(pushes):
            request = _request(push)
            if isinstance(request, Refused):
                answers[index] = request
            else:
                requests[index] = request
        return self._exchange(WRITE_PATH, len(pushes), answers, requests, partial(self._written, pushes))

    def _exchange(
        self,
        path: str,
        count: int,
        known: Mapping[int, ListingResult],
        requests: Mapping[int, Request],
        judge: Judge,
    ) -> list[ListingResult]:
        """One refused listing can fail its whole call: such a call is split until the refused one is alone."""

        def send(group: Sequence[int]) -> Outcome[Sequence[int]]:
            asked = {"requests": [requests[index] for index in group]}
            answer = self._client.call(Grant.SELLER, "POST", path, asked)
            if answer.status < 300:
                return Outcome(judge(group, _rows(answer)))
            if len(group) == 1:
                return Outcome({group[0]: _refused(answer.status, problems(answer))})
            return Outcome({}, _split(group, requests, problems(answer)))

        return deliver(count, known, _with_distinct_skus(requests), send)

    def _written(self, pushes: Sequence[Push], group: Sequence[int], rows: Rows) -> dict[int, ListingResult]:
        answers = {
            index: _verdict(rows[pushes[index].target.name], Shown(pushes[index].quantity))
            for index in group
            if pushes[index].target.name in rows
        }
        silent = [index for index in group if index not in answers]
        return answers | self._read_back(pushes, silent) if silent else answers

    def _read_back(self, pushes: Sequence[Push], silent: Sequence[int]) -> dict[int, ListingResult]:
        """A listing the answer does not mention may or may not have been changed, so it is looked up."""
        try:
            found = self.read([pushes[index].target for index in silent])
        except (Throttled, NotSent, ChannelUnavailable) as error:
            raise OutcomeUnknown("eBay's answer left a listing out") from error
        if any(isinstance(answer, Refused) and answer.failure.retryable for answer in found):
            raise OutcomeUnknown("eBay's answer left a listing out")
        return dict(zip(silent, found, strict=True))


def _request(push: Push) -> Request | Refused:
    if not 0 < len(push.target.name) <= SKU_CHARACTERS_MAX:
        return Refused(Failure.INVALID, f"an eBay SKU has 1 to {SKU_CHARACTERS_MAX} characters")
    try:
        refs = Refs.model_validate(push.target.refs)
    except ValidationError as error:
        return Refused(Failure.INVALID, f"refs of the listing: {error.errors()[0]['msg']}")
    return _body(push.target.name, push.quantity, refs)


def _body(sku: str, quantity: int, refs: Refs) -> Request:
    # eBay shows the smaller of the SKU's pool and the offer's number, so both are set.
    pool: dict[str, object] = {"quantity": quantity}
    if refs.merchant_location_key:
        place = {"merchantLocationKey": refs.merchant_location_key, "quantity": quantity}
        pool["availabilityDistributions"] = [place]
    request: dict[str, object] = {"sku": sku, "shipToLocationAvailability": pool}
    if refs.offer_id:
        request["offers"] = [{"offerId": refs.offer_id, "availableQuantity": quantity}]
    return request


def _with_distinct_skus(requests: Mapping[int, Request]) -> list[Sequence[int]]:
    """eBay refuses a call that names a SKU twice, as two listings of one SKU would."""
    groups: list[dict[str, int]] = []
    for index, request in requests.items():
        group = next((group for group in groups if request["sku"] not in group), None)
        if group is None:
            groups.append(group := {})
        group[request["sku"]] = index
    return [list(group.values()) for group in groups]


def _split(group: Sequence[int], requests: Mapping[int, Request], errors: Sequence[Problem]) -> list[Sequence[int]]:
    """By what the error names, else in halves. The named go alone: only their own refusal convicts them."""
    values = {parameter.value for problem in errors for parameter in problem.parameters or ()}
    named = [index for index in group if values & _names(requests[index])]
    rest = [index for index in group if index not in named]
    return [rest, named] if named and rest else halves(group)


def _names(request: Request) -> set[str]:
    return {request["sku"]} | {offer["offerId"] for offer in request.get("offers", ())}


def _rows(answer: HttpResponse) -> Rows:
    try:
        read = _BulkAnswer.model_validate_json(answer.body)
    except ValidationError as error:
        raise OutcomeUnknown("eBay's answer could not be read") from error
    rows: dict[str, list[_Row]] = {}
    for row in read.responses:
        rows.setdefault(row.sku, []).append(row)
    return rows


def _verdict(rows: Sequence[_Row], shown: Shown) -> ListingResult:
    """Pool and offer must both be set. With one of them refused eBay shows no more than before."""
    for row in rows:
        if not 200 <= row.status_code < 300:
            return _refused(row.status_code, row.errors or ())
    return shown


def _quantities(targets: Sequence[Target], group: Sequence[int], rows: Rows) -> dict[int, ListingResult]:
    found = {}
    for index in group:
        of_sku = rows.get(targets[index].name)
        found[index] = _quantity(of_sku[0]) if of_sku else Refused(Failure.TRANSIENT, "eBay's answer left it out")
    return found


def _quantity(row: _Row) -> ListingResult:
    if not 200 <= row.status_code < 300:
        return _refused(row.status_code, row.errors or ())
    availability = row.inventory_item.availability if row.inventory_item else None
    pool = availability.ship_to_location_availability if availability else None
    if pool is None or pool.quantity is None:
        return Refused(Failure.NOT_STOCKED, "the item has no ship-to-location quantity at eBay")
    return Shown(pool.quantity)


def _refused(status: int, errors: Sequence[Problem]) -> Refused:
    what = "; ".join(f"error {problem.error_id}: {(problem.message or '')[:200]}" for problem in errors[:3])
    return Refused(_failure(status, {problem.error_id for problem in errors}), f"eBay {status} {what}".strip())


def _failure(status: int, ids: set[int]) -> Failure:
    if status == 404 or ids & GONE_IDS:
        return Failure.GONE
    if status == 429 or ids & THROTTLED_IDS:
        return Failure.THROTTLED
    if status >= 500 or ids & TRANSIENT_IDS:
        return Failure.TRANSIENT
    return Failure.INVALID

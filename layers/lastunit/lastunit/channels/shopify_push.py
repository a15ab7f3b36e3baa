"""Shopify's Admin GraphQL API: telling a shop its numbers and reading them back."""

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lastunit.channels.fields import Strict
from lastunit.channels.retry_after import PAUSE_DEFAULT_SECONDS, bounded, pause_seconds
from lastunit.domain.errors import ChannelUnavailable, NotSent, OutcomeUnknown, Throttled
from lastunit.domain.pushes import Answer, Failure, Push, Refused, Shown, Target
from lastunit.ports import Clock, HttpClient, HttpResponse

BATCH_MAX = 250  # Shopify refuses any longer input array.
ATTEMPTS_MAX = 20  # Halving finds one unnamed culprit among 250 within 1 + 2 x 8 calls.
QUANTITY_MAX = 1_000_000_000  # Shopify's own bound; beyond 32 bits the whole call would fail, not one listing.
MESSAGE_MAX = 300
KEY_NAMESPACE = uuid.UUID("5e0d5b6c-6a0b-5c0f-8d4b-9a1c4c1f7e52")

SET_QUANTITIES = """
mutation Set($input: InventorySetQuantitiesInput!, $key: String!) {
  inventorySetQuantities(input: $input) @idempotent(key: $key) { userErrors { code field message } }
}"""

LEVELS_AT = """
  at%(n)d: nodes(ids: $ids%(n)d) {
    ... on InventoryItem {
      id inventoryLevel(locationId: $location%(n)d) { quantities(names: ["available"]) { name quantity } }
    }
  }"""

FAILURES = {
    "CHANGE_FROM_QUANTITY_STALE": Failure.STALE,
    "INVALID_INVENTORY_ITEM": Failure.GONE,
    "INVALID_LOCATION": Failure.NOT_STOCKED,
    "ITEM_NOT_STOCKED_AT_LOCATION": Failure.NOT_STOCKED,
    "SERVICE_UNAVAILABLE": Failure.TRANSIENT,
}
# These concern the call and not a listing, so sending its parts would fail in the same way.
WHOLE_CALL = {
    "IDEMPOTENCY_KEY_PARAMETER_MISMATCH",
    "INVALID_NAME",
    "INVALID_REASON",
    "INVALID_REFERENCE_DOCUMENT",
}
NOT_REACHED = Refused(Failure.TRANSIENT, "not sent this time: other listings of the call took all its attempts")


class Refs(Strict):
    """Malformed ids are caught here, because Shopify would refuse the whole call for one of them."""

    inventory_item_id: Annotated[str, Field(pattern=r"^gid://shopify/InventoryItem/[0-9]{1,19}$")]
    location_id: Annotated[str, Field(pattern=r"^gid://shopify/Location/[0-9]{1,19}$")]


class _Wire(BaseModel):
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)


class _ThrottleStatus(_Wire):
    currentlyAvailable: float = 0.0
    restoreRate: float = 0.0


class _Cost(_Wire):
    requestedQueryCost: float | None = None
    throttleStatus: _ThrottleStatus = _ThrottleStatus()


class _Extensions(_Wire):
    cost: _Cost = _Cost()


class _ErrorExtensions(_Wire):
    code: str = "no code"


class _Error(_Wire):
    extensions: _ErrorExtensions = _ErrorExtensions()


class _Envelope(_Wire):
    data: dict[str, Any] | None = None
    errors: list[_Error] = []
    extensions: _Extensions = _Extensions()


class _UserError(_Wire):
    code: str | None = None
    field: list[str] | None = None
    message: str = ""


class _SetPayload(_Wire):
    userErrors: list[_UserError]


class _SetData(_Wire):
    inventorySetQuantities: _SetPayload


class _Quantity(_Wire):
    name: str
    quantity: int


class _Level(_Wire):
    quantities: list[_Quantity]


class _Item(_Wire):
    id: str
    inventoryLevel: _Level | None = None


class _Levels(_Wire):
    at: dict[str, list[_Item | None]]


@dataclass(frozen=True, slots=True)
class Admin:
    """One shop's GraphQL endpoint."""

    url: str
    token: str = field(repr=False)
    http: HttpClient = field(repr=False)
    clock: Clock = field(repr=False)

    def call(self, query: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        """The `data` of an answer without errors; every other answer is raised."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        headers = {"X-Shopify-Access-Token": self.token, "Content-Type": "application/json"}
        response = self.http.request("POST", self.url, headers=headers, body=body)
        _check_status(response, self.clock.now())
        envelope = _understood(_Envelope, response.body)
        _check_errors(envelope)
        return envelope.data or {}


def _check_status(response: HttpResponse, now: datetime) -> None:
    if response.status == 429:
        raise Throttled(_retry_after(response.headers.get("retry-after"), now))
    if response.status in (401, 403):
        raise ChannelUnavailable("Shopify refused the access token; renew it in the channel's secret")
    if response.status != 200:
        raise ChannelUnavailable(f"Shopify answered HTTP {response.status}")


def _check_errors(envelope: _Envelope) -> None:
    codes = {error.extensions.code for error in envelope.errors}
    if "THROTTLED" in codes:
        raise Throttled(_restore_seconds(envelope.extensions.cost))
    if codes:
        raise ChannelUnavailable(f"Shopify refused the call: {', '.join(sorted(codes))[:MESSAGE_MAX]}")


def _understood[T: BaseModel](model: type[T], answer: bytes | Mapping[str, Any]) -> T:
    try:
        if isinstance(answer, bytes):
            return model.model_validate_json(answer)
        return model.model_validate(answer)
    except ValidationError as error:
        raise OutcomeUnknown("Shopify's answer cannot be understood") from error


def _retry_after(text: str | None, now: datetime) -> float:
    """Shopify writes fractions of seconds; whatever Python reads as a number is kept within bounds."""
    try:
        return bounded(float(text or ""))
    except ValueError:
        return pause_seconds(text, now)


def _restore_seconds(cost: _Cost) -> float:
    status = cost.throttleStatus
    if cost.requestedQueryCost is None or not status.restoreRate > 0:
        return PAUSE_DEFAULT_SECONDS
    return bounded((cost.requestedQueryCost - status.currentlyAvailable) / status.restoreRate)


def _refs(target: Target) -> Refs | Refused:
    try:
        return Refs.model_validate(dict(target.refs))
    except ValidationError as error:
        wrong = ", ".join(str(detail["loc"][0]) for detail in error.errors() if detail["loc"])
        return Refused(Failure.INVALID, f"the listing's refs are not Shopify ids: {wrong}")


def read(admin: Admin, targets: Sequence[Target]) -> list[Answer]:
    """One call whatever the locations: the items of each location are asked for under an alias of their own."""
    refs = [_refs(target) for target in targets]
    wanted = _items_by_location([each for each in refs if isinstance(each, Refs)])
    levels = _levels(admin, wanted) if wanted else {}
    return [each if isinstance(each, Refused) else levels[each] for each in refs]


def _items_by_location(refs: Sequence[Refs]) -> dict[str, list[str]]:
    wanted: dict[str, dict[str, None]] = {}
    for each in refs:
        wanted.setdefault(each.location_id, {})[each.inventory_item_id] = None
    return {location: list(items) for location, items in wanted.items()}


def _levels(admin: Admin, wanted: Mapping[str, Sequence[str]]) -> dict[Refs, Answer]:
    query, variables = _levels_query(wanted)
    levels = _understood(_Levels, {"at": admin.call(query, variables)}).at
    found: dict[Refs, Answer] = {}
    for n, (location, items) in enumerate(wanted.items()):
        known = {item.id: item for item in levels.get(f"at{n}", []) if item}
        for item in items:
            found[Refs(inventory_item_id=item, location_id=location)] = _shown(known.get(item))
    return found


def _levels_query(wanted: Mapping[str, Sequence[str]]) -> tuple[str, dict[str, Any]]:
    declared = ", ".join(f"$ids{n}: [ID!]!, $location{n}: ID!" for n in range(len(wanted)))
    fields = "".join(LEVELS_AT % {"n": n} for n in range(len(wanted)))
    variables: dict[str, Any] = {}
    for n, (location, items) in enumerate(wanted.items()):
        variables |= {f"ids{n}": items, f"location{n}": location}
    return f"query Read({declared}) {{{fields}\n}}", variables


def _shown(item: _Item | None) -> Answer:
    if item is None:
        return Refused(Failure.GONE, "Shopify knows no such inventory item")
    if item.inventoryLevel is None:
        return Refused(Failure.NOT_STOCKED, "the inventory item is not stocked at this location")
    for quantity in item.inventoryLevel.quantities:
        if quantity.name == "available":
            return Shown(quantity.quantity)
    return Refused(Failure.TRANSIENT, "Shopify did not tell the available quantity")


@dataclass(frozen=True, slots=True)
class _Entry:
    index: int
    push: Push
    quantity: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Group:
    """Pushes that travel in one mutation. `salt` makes its key a new one."""

    entries: Sequence[_Entry]
    salt: str = ""

    @property
    def key(self) -> str:
        """The same for the same content, so that a repeated call is applied once."""
        content = [[entry.push.key, entry.quantity] for entry in self.entries]
        return str(uuid.uuid5(KEY_NAMESPACE, json.dumps([content, self.salt], sort_keys=True)))


@dataclass(frozen=True, slots=True)
class _Outcome:
    answers: Mapping[int, Answer]
    again: Sequence[_Group] = ()


def write(admin: Admin, pushes: Sequence[Push]) -> list[Answer]:
    """A mutation applies as a whole or not at all, so what was refused is left out and the rest sent again."""
    answers, groups = _prepared(pushes)
    for _ in range(ATTEMPTS_MAX):
        if not groups:
            break
        group = groups.pop()
        try:
            errors = _send(admin, group)
        except (ChannelUnavailable, NotSent, Throttled):
            # What an earlier mutation of this call achieved must be told; the rest waits for the next call.
            if not any(isinstance(answer, Shown) for answer in answers.values()):
                raise
            break
        outcome = _settled(group, errors, admin.clock.now())
        answers |= outcome.answers
        groups.extend(outcome.again)
    return [answers.get(index, NOT_REACHED) for index in range(len(pushes))]


def _prepared(pushes: Sequence[Push]) -> tuple[dict[int, Answer], list[_Group]]:
    answers: dict[int, Answer] = {}
    entries: list[_Entry] = []
    for index, push in enumerate(pushes):
        quantity = _quantity_input(push)
        if isinstance(quantity, Refused):
            answers[index] = quantity
        else:
            entries.append(_Entry(index, push, quantity))
    return answers, [_Group(entries)] if entries else []


def _quantity_input(push: Push) -> Mapping[str, Any] | Refused:
    refs = _refs(push.target)
    if isinstance(refs, Refused):
        return refs
    if not 0 <= push.quantity <= QUANTITY_MAX:
        return Refused(Failure.INVALID, f"quantity must be 0 to {QUANTITY_MAX}, got {push.quantity}")
    return {
        "inventoryItemId": refs.inventory_item_id,
        "locationId": refs.location_id,
        "quantity": push.quantity,
        # Leaving the field out is an error; only an explicit null gives up the comparison.
        "changeFromQuantity": push.expected,
    }


def _send(admin: Admin, group: _Group) -> list[_UserError]:
    key = group.key
    variables = {
        "key": key,
        "input": {
            "name": "available",
            "reason": "correction",
            "referenceDocumentUri": f"gid://lastunit/Push/{key}",
            "quantities": [entry.quantity for entry in group.entries],
        },
    }
    return _understood(_SetData, admin.call(SET_QUANTITIES, variables)).inventorySetQuantities.userErrors


def _settled(group: _Group, errors: Sequence[_UserError], now: datetime) -> _Outcome:
    if not errors:
        return _Outcome({entry.index: Shown(entry.push.quantity) for entry in group.entries})
    codes = {error.code for error in errors}
    if "IDEMPOTENCY_CONCURRENT_REQUEST" in codes:
        raise OutcomeUnknown("Shopify is still working on an earlier attempt at the same push")
    if "IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED" in codes:
        # The earlier attempt changed nothing, and Shopify wants a key it has not seen before.
        return _Outcome({}, [_Group(group.entries, salt=now.isoformat())])
    named = _named(group.entries, errors)
    if named:
        rest = [entry for entry in group.entries if entry.index not in named]
        return _Outcome(named, [_Group(rest)] if rest else [])
    return _unnamed(group.entries, errors[0])


def _named(entries: Sequence[_Entry], errors: Sequence[_UserError]) -> dict[int, Answer]:
    """The refusals that tell their listing by a path such as input, quantities, 3, changeFromQuantity."""
    refusals: dict[int, Answer] = {}
    for error in errors:
        match error.field:
            case ["input", "quantities", position, *_] if position.isdecimal() and int(position) < len(entries):
                refusals.setdefault(entries[int(position)].index, _refusal(error))
    return refusals


def _unnamed(entries: Sequence[_Entry], error: _UserError) -> _Outcome:
    if len(entries) == 1 or error.code in WHOLE_CALL:
        return _Outcome({entry.index: _refusal(error) for entry in entries})
    middle = len(entries) // 2
    return _Outcome({}, [_Group(entries[:middle]), _Group(entries[middle:])])


def _refusal(error: _UserError) -> Refused:
    failure = FAILURES.get(error.code or "", Failure.INVALID)
    return Refused(failure, f"{error.code}: {error.message}"[:MESSAGE_MAX])

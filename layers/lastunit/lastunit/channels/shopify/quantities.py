"""Telling a Shopify shop its numbers, and reading them back."""

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from lastunit.channels.shared.bisect import MESSAGE_MAX, Outcome, deliver, halves
from lastunit.channels.shopify.client import Admin, Wire, understood
from lastunit.channels.shopify.settings import Refs
from lastunit.domain.errors import OutcomeUnknown
from lastunit.domain.listings.push_protocol import Failure, ListingResult, Push, Refused, Shown, Target

QUANTITY_MAX = 1_000_000_000  # Shopify's own bound; beyond 32 bits the whole call would fail, not one listing.
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
    "ADJUST_QUANTITIES_FAILED": Failure.TRANSIENT,  # "Try again", says its description.
    "THROTTLED": Failure.THROTTLED,
}
IN_PROGRESS = "IDEMPOTENCY_CONCURRENT_REQUEST"
FAILED_BEFORE = "IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED"  # It changed nothing, and Shopify wants another key.
STILL_WORKING = "Shopify is still working on an earlier attempt at the same change"
# These concern the call and not a listing, so sending its parts would fail in the same way.
WHOLE_CALL = {
    "IDEMPOTENCY_KEY_PARAMETER_MISMATCH",
    "INVALID_NAME",
    "INVALID_REASON",
    "INVALID_REFERENCE_DOCUMENT",
}


class UserError(Wire):
    code: str | None = None
    field: list[str] | None = None
    message: str = ""


class _SetPayload(Wire):
    userErrors: list[UserError]


class _SetData(Wire):
    inventorySetQuantities: _SetPayload


class _Quantity(Wire):
    name: str
    quantity: int


class _Level(Wire):
    quantities: list[_Quantity]


class _Item(Wire):
    id: str
    inventoryLevel: _Level | None = None


class _Levels(Wire):
    at: dict[str, list[_Item | None]]


def refs_of(target: Target) -> Refs | Refused:
    try:
        return Refs.model_validate(dict(target.refs))
    except ValidationError as error:
        wrong = ", ".join(str(detail["loc"][0]) for detail in error.errors() if detail["loc"])
        return Refused(Failure.INVALID, f"the listing's refs are not Shopify ids: {wrong}")


def read(admin: Admin, targets: Sequence[Target]) -> list[ListingResult]:
    """One call whatever the locations: the items of each location are asked for under an alias of their own."""
    refs = [refs_of(target) for target in targets]
    wanted = _items_by_location([each for each in refs if isinstance(each, Refs)])
    levels = _levels(admin, wanted) if wanted else {}
    return [each if isinstance(each, Refused) else levels[each] for each in refs]


def _items_by_location(refs: Sequence[Refs]) -> dict[str, list[str]]:
    wanted: dict[str, dict[str, None]] = {}
    for each in refs:
        wanted.setdefault(each.location_id, {})[each.inventory_item_id] = None
    return {location: list(items) for location, items in wanted.items()}


def _levels(admin: Admin, wanted: Mapping[str, Sequence[str]]) -> dict[Refs, ListingResult]:
    query, variables = _levels_query(wanted)
    levels = understood(_Levels, {"at": admin.call(query, variables)}).at
    found: dict[Refs, ListingResult] = {}
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


def _shown(item: _Item | None) -> ListingResult:
    if item is None:
        return Refused(Failure.GONE, "Shopify knows no such inventory item")
    if item.inventoryLevel is None:
        return Refused(Failure.NOT_STOCKED, "the inventory item is not stocked at this location")
    for quantity in item.inventoryLevel.quantities:
        if quantity.name == "available":
            return Shown(quantity.quantity)
    return Refused(Failure.TRANSIENT, "Shopify did not say the available quantity")


def key_of(content: object, attempt: int) -> str:
    """The same for the same content, so that a repeated mutation is applied once.

    An attempt that Shopify calls failed makes way for the next number and not for a random key: whoever repeats
    the call walks the same keys, and meets the one that was applied although its answer was lost.
    """
    return str(uuid.uuid5(KEY_NAMESPACE, json.dumps([content, attempt], sort_keys=True)))


@dataclass(frozen=True, slots=True)
class _Entry:
    index: int
    push: Push
    quantity: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Group:
    """Pushes that travel in one mutation."""

    entries: Sequence[_Entry]
    attempt: int = 0

    @property
    def key(self) -> str:
        return key_of([[entry.push.key, entry.quantity] for entry in self.entries], self.attempt)


def write(admin: Admin, pushes: Sequence[Push]) -> list[ListingResult]:
    """A mutation applies as a whole or not at all, so what was refused is left out and the rest sent again."""
    answers, groups = _prepared(pushes)
    return deliver(len(pushes), answers, groups, lambda group: _settled(group, _send(admin, group)))


def _prepared(pushes: Sequence[Push]) -> tuple[dict[int, ListingResult], list[_Group]]:
    answers: dict[int, ListingResult] = {}
    entries: list[_Entry] = []
    for index, push in enumerate(pushes):
        quantity = _quantity_input(push)
        if isinstance(quantity, Refused):
            answers[index] = quantity
        else:
            entries.append(_Entry(index, push, quantity))
    return answers, [_Group(entries)] if entries else []


def _quantity_input(push: Push) -> Mapping[str, Any] | Refused:
    refs = refs_of(push.target)
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


def _send(admin: Admin, group: _Group) -> list[UserError]:
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
    return understood(_SetData, admin.call(SET_QUANTITIES, variables)).inventorySetQuantities.userErrors


def _settled(group: _Group, errors: Sequence[UserError]) -> Outcome[_Group]:
    if not errors:
        return Outcome({entry.index: Shown(entry.push.quantity) for entry in group.entries})
    codes = {error.code for error in errors}
    if IN_PROGRESS in codes:
        raise OutcomeUnknown(STILL_WORKING)
    if FAILED_BEFORE in codes:
        return Outcome({}, [replace(group, attempt=group.attempt + 1)])
    named = _named(group.entries, errors)
    if named:
        rest = [entry for entry in group.entries if entry.index not in named]
        return Outcome(named, [_Group(rest)] if rest else [])
    return _unnamed(group.entries, errors[0])


def _named(entries: Sequence[_Entry], errors: Sequence[UserError]) -> dict[int, ListingResult]:
    """The refusals that tell their listing by a path such as input, quantities, 3, changeFromQuantity."""
    refusals: dict[int, ListingResult] = {}
    for error in errors:
        match error.field:
            case ["input", "quantities", position, *_] if position.isdecimal() and int(position) < len(entries):
                refusals.setdefault(entries[int(position)].index, refusal(error))
    return refusals


def _unnamed(entries: Sequence[_Entry], error: UserError) -> Outcome[_Group]:
    if len(entries) == 1 or error.code in WHOLE_CALL:
        return Outcome({entry.index: refusal(error) for entry in entries})
    return Outcome({}, [_Group(half) for half in halves(entries)])


def refusal(error: UserError) -> Refused:
    failure = FAILURES.get(error.code or "", Failure.INVALID)
    return Refused(failure, f"{error.code}: {error.message}"[:MESSAGE_MAX])

"""The mutations of a simulated Shopify that change quantities: each key once, all of a mutation or nothing."""

import json
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from graphql import GraphQLError, GraphQLResolveInfo, get_directive_values

ARRAY_MAX = 250
QUANTITY_MAX = 1_000_000_000
REASONS = frozenset(
    {
        "correction",
        "cycle_count_available",
        "damaged",
        "other",
        "promotion",
        "quality_control",
        "received",
        "restock",
        "safety_stock",
        "shrinkage",
    }
)

Problem = tuple[str, str, str]
"""Its code, its message, and the field it is about."""


@dataclass(frozen=True, slots=True)
class Variant:
    variant_id: int
    item_gid: str
    location_gid: str


@dataclass(frozen=True, slots=True)
class KeyedCall:
    """What an idempotency key was used for, and what came of it; `payload` is None when it failed."""

    content: str
    payload: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Form:
    """One of the mutations: where its items are, what its code for a bad name is, and what it makes of an item."""

    items: str
    bad_name: str
    number: str
    bounds: Callable[[int, int], Problem | None]
    result: Callable[[int, int], int]


class InventoryData(Protocol):
    """The shop's own counting."""

    def now(self) -> datetime: ...

    def seconds(self) -> float: ...

    @property
    def changed(self) -> threading.Condition: ...

    @property
    def variants(self) -> Mapping[str, Variant]: ...

    @property
    def names(self) -> Mapping[str, str]:
        """By the gid of the inventory item."""
        ...

    @property
    def location_gids(self) -> frozenset[str]: ...

    @property
    def orders(self) -> Mapping[str, Mapping[str, Any]]:
        """As webhooks tell them, by id."""
        ...

    def quantity(self, name: str, state: str) -> int | None:
        """None: there is no such state."""
        ...

    def add(self, name: str, delta: int) -> None: ...


@dataclass(slots=True)
class Inventory:
    """`keys_in_progress`: idempotency keys whose first request is still being worked on.

    `unnamed`: user errors come without the path that tells their item. `tells_numbers` False: changes come without
    the number that resulted, as in the examples of Shopify's own documentation. `out_of_service`: inventory items
    whose mutations are refused for now.
    """

    stock: InventoryData
    unnamed: bool = False
    tells_numbers: bool = False
    out_of_service: set[str] = field(default_factory=set)
    keys_in_progress: set[str] = field(default_factory=set)
    attempts: dict[str, KeyedCall] = field(default_factory=dict)

    def set_quantities(self, info: GraphQLResolveInfo, input: dict[str, Any]) -> Mapping[str, Any]:
        return self._mutate(info, input, SET)

    def adjust_quantities(self, info: GraphQLResolveInfo, input: dict[str, Any]) -> Mapping[str, Any]:
        return self._mutate(info, input, ADJUST)

    def quantity(self, name: str, state: str) -> int:
        quantity = self.stock.quantity(name, state)
        if quantity is None:
            raise refused(f"{state} is not a quantity name", "INVALID_FIELD_ARGUMENTS")
        return quantity

    def _mutate(self, info: GraphQLResolveInfo, input: dict[str, Any], form: Form) -> Mapping[str, Any]:
        key = _idempotency_key(info)
        refuse_long(input[form.items])
        if any("changeFromQuantity" not in item for item in input[form.items]):
            message = "The input must include the following argument: changeFromQuantity."
            raise refused(message, "INVALID_FIELD_ARGUMENTS")
        content = json.dumps([form.items, input], sort_keys=True)
        earlier = self._earlier(key, content)
        if earlier is not None:
            return earlier
        errors = self._problems(input, form)
        payload = self._apply(input, form) if not errors else None
        self.attempts[key] = KeyedCall(content, payload)
        return payload or _failed(errors)

    def _earlier(self, key: str, content: str) -> Mapping[str, Any] | None:
        if key in self.keys_in_progress:
            return _failed([_user_error("IDEMPOTENCY_CONCURRENT_REQUEST", "This request is in progress.")])
        attempt = self.attempts.get(key)
        if attempt is None:
            return None
        if attempt.content != content:
            return _failed([_user_error("IDEMPOTENCY_KEY_PARAMETER_MISMATCH", "Different parameters.")])
        if attempt.payload is None:
            return _failed([_user_error("IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED", "Retry with a new key.")])
        return attempt.payload

    def _problems(self, input: Mapping[str, Any], form: Form) -> list[dict[str, Any]]:
        problems = list(_call_problems(input, form))
        if problems:
            return problems
        seen: set[tuple[str, str]] = set()
        for index, item in enumerate(input[form.items]):
            pair = (item["inventoryItemId"], item["locationId"])
            problem = self._problem(item, input["name"], form, repeated=pair in seen)
            seen.add(pair)
            if problem:
                code, message, name = problem
                path = () if self.unnamed or not name else ("input", form.items, index, name)
                problems.append(_user_error(code, message, *path))
        return problems

    def _problem(self, item: Mapping[str, Any], state: str, form: Form, *, repeated: bool) -> Problem | None:
        name = self.stock.names.get(item["inventoryItemId"])
        if name is None:
            return "INVALID_INVENTORY_ITEM", "The specified inventory item could not be found.", "inventoryItemId"
        if name in self.out_of_service:
            return "SERVICE_UNAVAILABLE", "The service is temporarily unavailable.", ""
        if item["locationId"] not in self.stock.location_gids:
            return "INVALID_LOCATION", "The specified location could not be found.", "locationId"
        if item["locationId"] != self.stock.variants[name].location_gid:
            return "ITEM_NOT_STOCKED_AT_LOCATION", "The item is not stocked at the location.", "locationId"
        if repeated and form is SET:
            return "NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR", "The pair must be unique.", "inventoryItemId"
        present, expected = self.quantity(name, state), item["changeFromQuantity"]
        out_of_bounds = form.bounds(present, item[form.number])
        if out_of_bounds:
            return out_of_bounds
        if expected is not None and expected != present:
            return "CHANGE_FROM_QUANTITY_STALE", "changeFromQuantity does not match.", "changeFromQuantity"
        return None

    def _apply(self, input: Mapping[str, Any], form: Form) -> dict[str, Any]:
        changes = [self._change(item, input["name"], form) for item in input[form.items]]
        group = {
            "id": f"gid://shopify/InventoryAdjustmentGroup/{len(self.attempts) + 1}",
            "createdAt": self.stock.now().isoformat(timespec="seconds"),
            "reason": input["reason"],
            "referenceDocumentUri": input.get("referenceDocumentUri"),
            "changes": [change for change in changes if change["delta"]],
        }
        return {"inventoryAdjustmentGroup": group if group["changes"] else None, "userErrors": []}

    def _change(self, item: Mapping[str, Any], state: str, form: Form) -> dict[str, Any]:
        name = self.stock.names[item["inventoryItemId"]]
        present = self.quantity(name, state)
        after = form.result(present, item[form.number])
        self.stock.add(name, after - present)
        return {
            "name": state,
            "delta": after - present,
            "quantityAfterChange": after if self.tells_numbers else None,
        }


def _set_bounds(present: int, quantity: int) -> Problem | None:
    if quantity < 0:
        return "INVALID_QUANTITY_NEGATIVE", "The quantity can't be negative.", "quantity"
    if quantity > QUANTITY_MAX:
        return "INVALID_QUANTITY_TOO_HIGH", "The quantity can't be higher than 1,000,000,000.", "quantity"
    return None


def _adjust_bounds(present: int, delta: int) -> Problem | None:
    """A shop may come to show less than nothing: the bounds are the same on both sides."""
    if min(delta, present + delta) < -QUANTITY_MAX:
        return "INVALID_QUANTITY_TOO_LOW", "The quantity can't be lower than -1,000,000,000.", "delta"
    if max(delta, present + delta) > QUANTITY_MAX:
        return "INVALID_QUANTITY_TOO_HIGH", "The quantity can't be higher than 1,000,000,000.", "delta"
    return None


SET = Form("quantities", "INVALID_NAME", "quantity", _set_bounds, lambda present, quantity: quantity)
ADJUST = Form("changes", "INVALID_QUANTITY_NAME", "delta", _adjust_bounds, lambda present, delta: present + delta)


def _user_error(code: str, message: str, *path: str | int) -> dict[str, Any]:
    return {"code": code, "field": [str(part) for part in path] or None, "message": message}


def refused(message: str, code: str) -> GraphQLError:
    return GraphQLError(message, extensions={"code": code})


def _failed(errors: list[dict[str, Any]]) -> dict[str, Any]:
    return {"inventoryAdjustmentGroup": None, "userErrors": errors}


def refuse_long(items: list[Any]) -> None:
    if len(items) > ARRAY_MAX:
        message = f"The input array size of {len(items)} is greater than the maximum allowed of {ARRAY_MAX}."
        raise refused(message, "MAX_INPUT_SIZE_EXCEEDED")


def _idempotency_key(info: GraphQLResolveInfo) -> str:
    directive = info.schema.get_directive("idempotent")
    assert directive is not None
    given = get_directive_values(directive, info.field_nodes[0], info.variable_values)
    if not given or not given["key"]:
        message = "The @idempotent directive is required for this mutation but was not provided."
        raise refused(message, "BAD_REQUEST")
    return str(given["key"])


def _call_problems(input: Mapping[str, Any], form: Form) -> Iterable[dict[str, Any]]:
    if input["name"] not in ("available", "on_hand"):
        message = "The quantity name must be either 'available' or 'on_hand'."
        yield _user_error(form.bad_name, message, "input", "name")
    if input["reason"] not in REASONS:
        yield _user_error("INVALID_REASON", "The specified reason is invalid.", "input", "reason")
    if "://" not in (input.get("referenceDocumentUri") or "://"):
        message = "The specified reference document is invalid."
        yield _user_error("INVALID_REFERENCE_DOCUMENT", message, "input", "referenceDocumentUri")

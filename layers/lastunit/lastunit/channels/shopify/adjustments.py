"""Changing a Shopify shop's numbers by so many units, each change once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from lastunit.channels.shared.bisect import Outcome, deliver
from lastunit.channels.shopify.client import Admin, Envelope, Wire, understood
from lastunit.channels.shopify.quantities import (
    FAILED_BEFORE,
    FAILURES,
    IN_PROGRESS,
    QUANTITY_MAX,
    STILL_WORKING,
    UserError,
    key_of,
    read,
    refs_of,
    refusal,
)
from lastunit.domain.errors import ChannelUnavailable, NotSent, OutcomeUnknown, Throttled
from lastunit.domain.listings.push_protocol import Delta, Failure, ListingResult, Refused, Shown

# Each delta is a mutation of its own, under a key made of the delta's key alone: one that is sent again in other
# company, after an answer was lost, is still recognised. The key of a mutation of many would be that of their
# composition, and a +3 would be applied again with each new company.
MUTATIONS_MAX = 10  # They run one after the other, and the answer must be here within 5 s.
WORK_SECONDS = 5  # No request is begun after this long: the caller has more to do within its own time.
ASK_AGAIN_SECONDS = 1.0
NUMBER_UNKNOWN = Refused(Failure.TRANSIENT, "applied, but Shopify did not say which number resulted")

ADJUST = """
  a%(n)d: inventoryAdjustQuantities(input: $input%(n)d) @idempotent(key: $key%(n)d) {
    inventoryAdjustmentGroup { changes(quantityNames: ["available"]) { name quantityAfterChange } }
    userErrors { code field message }
  }"""


class _Change(Wire):
    name: str
    quantityAfterChange: int | None = None


class _Changes(Wire):
    changes: list[_Change]


class _Payload(Wire):
    inventoryAdjustmentGroup: _Changes | None = None
    userErrors: list[UserError]


class _Answers(Wire):
    of: dict[str, _Payload | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    index: int
    delta: Delta
    change: Mapping[str, Any]
    attempt: int = 0

    @property
    def key(self) -> str:
        # Without its units and refs: a key that comes with others is refused by Shopify, and not applied anew.
        return key_of(["delta", self.delta.key], self.attempt)


type _Group = Sequence[_Entry]


def adjust(admin: Admin, deltas: Sequence[Delta]) -> list[ListingResult]:
    """What is not sent in time is answered as throttled. Shopify remembers a key for 24 hours."""
    until = admin.clock.now() + timedelta(seconds=WORK_SECONDS)

    def send(group: _Group) -> Outcome[_Group]:
        if admin.clock.now() > until:
            raise Throttled(ASK_AGAIN_SECONDS)
        return _settled(group, _send(admin, group))

    refusals, entries = _prepared(deltas)
    groups: list[_Group] = [
        entries[start : start + MUTATIONS_MAX] for start in range(0, len(entries), MUTATIONS_MAX)
    ]
    return _with_numbers(admin, deltas, deliver(len(deltas), refusals, groups, send))


def _prepared(deltas: Sequence[Delta]) -> tuple[dict[int, ListingResult], list[_Entry]]:
    changes = {index: _change(delta) for index, delta in enumerate(deltas)}
    refusals: dict[int, ListingResult] = {index: one for index, one in changes.items() if isinstance(one, Refused)}
    entries = [
        _Entry(index=index, delta=deltas[index], change=one)
        for index, one in changes.items()
        if not isinstance(one, Refused)
    ]
    return refusals, entries


def _change(delta: Delta) -> Mapping[str, Any] | Refused:
    refs = refs_of(delta.target)
    if isinstance(refs, Refused):
        return refs
    if abs(delta.units) > QUANTITY_MAX:
        return Refused(Failure.INVALID, f"units must be within {QUANTITY_MAX} up or down, got {delta.units}")
    return {
        "inventoryItemId": refs.inventory_item_id,
        "locationId": refs.location_id,
        "delta": delta.units,
        # Whatever it shows by then: leaving the field out is an error.
        "changeFromQuantity": None,
    }


def _send(admin: Admin, group: _Group) -> Envelope:
    declared = ", ".join(f"$input{n}: InventoryAdjustQuantitiesInput!, $key{n}: String!" for n in range(len(group)))
    fields = "".join(ADJUST % {"n": n} for n in range(len(group)))
    variables: dict[str, Any] = {}
    for n, entry in enumerate(group):
        variables |= {f"input{n}": _input(entry), f"key{n}": entry.key}
    return admin.ask(f"mutation Adjust({declared}) {{{fields}\n}}", variables)


def _input(entry: _Entry) -> Mapping[str, Any]:
    return {
        "name": "available",
        "reason": "correction",
        "referenceDocumentUri": f"gid://lastunit/Delta/{entry.key}",
        "changes": [entry.change],
    }


def _settled(group: _Group, envelope: Envelope) -> Outcome[_Group]:
    payloads = _payloads(envelope)
    answers: dict[int, ListingResult] = {}
    again = list[_Entry]()
    for n, entry in enumerate(group):
        answer = _answer(payloads.get(f"a{n}"), envelope.code_at(f"a{n}"))
        if answer is None:
            again.append(replace(entry, attempt=entry.attempt + 1))
        else:
            answers[entry.index] = answer
    return Outcome(answers, [again] if again else [])


def _payloads(envelope: Envelope) -> Mapping[str, _Payload | None]:
    """Raises where none of the changes has an outcome."""
    data = envelope.data or {}
    if not any(data.values()):
        envelope.check()
        raise OutcomeUnknown("Shopify answered none of the changes")
    payloads = understood(_Answers, {"of": data}).of
    if all(payload and _in_progress(payload) for payload in payloads.values()):
        raise OutcomeUnknown(STILL_WORKING)
    return payloads


def _in_progress(payload: _Payload) -> bool:
    return any(error.code == IN_PROGRESS for error in payload.userErrors)


def _answer(payload: _Payload | None, code: str | None) -> ListingResult | None:
    """None: the earlier attempt changed nothing, so the next key is due. `code`: why there is no payload."""
    if payload is None:
        return Refused(FAILURES.get(code or "", Failure.TRANSIENT), f"Shopify did not answer this change: {code}")
    if _in_progress(payload):
        return Refused(Failure.TRANSIENT, STILL_WORKING)
    if any(error.code == FAILED_BEFORE for error in payload.userErrors):
        return None
    return refusal(payload.userErrors[0]) if payload.userErrors else _resulting(payload)


def _resulting(payload: _Payload) -> ListingResult:
    changes = payload.inventoryAdjustmentGroup.changes if payload.inventoryAdjustmentGroup else []
    numbers = [one.quantityAfterChange for one in changes if one.name == "available"]
    return NUMBER_UNKNOWN if not numbers or numbers[0] is None else Shown(numbers[0])


def _with_numbers(admin: Admin, deltas: Sequence[Delta], answers: list[ListingResult]) -> list[ListingResult]:
    """Shopify often leaves the resulting number out; it is read back then."""
    untold = [index for index, answer in enumerate(answers) if answer is NUMBER_UNKNOWN]
    if not untold:
        return answers
    try:
        found = read(admin, [deltas[index].target for index in untold])
    except (ChannelUnavailable, NotSent, OutcomeUnknown, Throttled):
        return answers  # The same deltas again change nothing more, and ask for the numbers once more.
    numbers = dict(zip(untold, found, strict=True))
    return [numbers.get(index, answer) for index, answer in enumerate(answers)]

"""TransactWriteItems: all actions or none, a reason per action, and a token against doing it twice."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from botocore.exceptions import ParamValidationError

from tests.simulate.store import parameters as known
from tests.simulate.store import writes
from tests.simulate.store.refusals import ConditionFailed, Inapplicable, RequestRefused, cancelled, invalid
from tests.simulate.store.table import Table
from tests.simulate.store.values import ITEM_BYTES_MAX, Item, measured
from tests.simulate.store.writes import Action, Decided

ACTIONS_MAX = 100
BYTES_MAX = 4 * 1024 * 1024
TOKEN_SECONDS = 600.0

BUILDERS: Mapping[str, Callable[[Table, Mapping[str, Any]], Action]] = {
    "Put": writes.put,
    "Update": writes.update,
    "Delete": writes.delete,
    "ConditionCheck": writes.check,
}
AGREED: Mapping[str, Any] = {"Code": "None"}


class Tokens:
    """Transactions of the last ten minutes by their token."""

    __slots__ = ("_done", "_now")

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._done = dict[str, tuple[float, Any]]()  # Oldest first.

    def knows(self, token: str, items: Any) -> bool:
        self._forget()
        if token not in self._done:
            return False
        if self._done[token][1] != items:
            raise RequestRefused("IdempotentParameterMismatchException", "The token was used with other parameters")
        return True

    def keep(self, token: str, items: Any) -> None:
        self._done[token] = self._now(), items

    def _forget(self) -> None:
        before = self._now() - TOKEN_SECONDS
        while self._done and next(iter(self._done.values()))[0] <= before:
            del self._done[next(iter(self._done))]


def prepared(tables: Callable[[str], Table], items: Sequence[Mapping[str, Any]]) -> list[Action]:
    """Refuses what is wrong whatever is stored."""
    if not items:
        raise ParamValidationError(report="Invalid length for parameter TransactItems, value: 0")
    if len(items) > ACTIONS_MAX:
        raise invalid(f"Member must have length less than or equal to {ACTIONS_MAX}")
    actions = [_action(tables, item) for item in items]
    if len({(action.table, action.key) for action in actions}) < len(actions):
        raise invalid("Transaction request cannot include multiple operations on one item")
    if len(items) * ITEM_BYTES_MAX > BYTES_MAX and sum(map(_bytes, items)) > BYTES_MAX:
        raise invalid("Transaction request exceeds the 4MB transaction size limit")
    return actions


def decided(actions: Sequence[Action]) -> list[Decided]:
    """What all of them do. If any cannot, none does, and each says why."""
    done, reasons, agreed = list[Decided](), list[Mapping[str, Any]](), True
    for action in actions:
        try:
            done.append(action.decide())
            reasons.append(AGREED)
        except (ConditionFailed, Inapplicable) as problem:
            reasons.append(_reason(problem))
            agreed = False
    if not agreed:
        raise cancelled(reasons)
    return done


def _action(tables: Callable[[str], Table], item: Mapping[str, Any]) -> Action:
    if len(item) != 1:
        raise invalid("TransactItems can only contain one of Check, Put, Update or Delete")
    for kind, content in item.items():
        known.check(kind, content)
        return BUILDERS[kind](tables(content["TableName"]), content)
    raise AssertionError("unreachable")


def _reason(problem: ConditionFailed | Inapplicable) -> Mapping[str, Any]:
    if isinstance(problem, Inapplicable):
        return {"Code": "ValidationError", "Message": str(problem)}
    failed = {"Code": "ConditionalCheckFailed", "Message": "The conditional request failed"}
    return failed if problem.told is None else {**failed, "Item": problem.told}


def _bytes(item: Mapping[str, Mapping[str, Item]]) -> int:
    """Of one action, as it is sent."""
    [content] = item.values()
    return sum(measured(content.get(part, {})) for part in ("Item", "Key", "ExpressionAttributeValues"))

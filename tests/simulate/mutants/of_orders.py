"""Bugs in what orders, people and the ledger do to stock."""

from tests.simulate.mutants.planted import Mutant
from tests.simulate.shape import Shape

LATE = (
    "webhook_days_late",
    "message_days_late",
    "webhook_delayed",
    "message_delayed",
    "message_doubled",
    "webhook_doubled",
)
"""Old news arrive after newer ones."""


def all_is_said_once(shape: Shape) -> bool:
    """No order list tells again what a message was lost of, now or some time later."""
    return any(not channel.lists for channel in shape.channels)


def packs_early(shape: Shape) -> bool:
    return shape.is_ample and all_is_said_once(shape)


def sells_on_ebay(shape: Shape) -> bool:
    return any(channel.kind == "ebay" for channel in shape.channels)


OF_ORDERS = (
    Mutant(
        "available-condition-dropped",
        "adapters/movement_update.py",
        'return name in ("available", "reserved") or',
        'return name == "reserved" or',
        ("1",),
    ),
    Mutant(
        "bin-guard-dropped",
        "adapters/movement_update.py",
        'f":bin{index}_floor": max(0, -units)}',
        'f":bin{index}_floor": -1_000_000}',
        ("1",),
    ),
    Mutant(
        "operation-id-dropped",
        "adapters/movements.py",
        '"ConditionExpression": "attribute_not_exists(pk)",',
        '"ConditionExpression": "attribute_not_exists(never)",',
        ("3",),
        faults=("killed_after",),
    ),
    Mutant(
        "new-order-condition-dropped",
        "adapters/stock_book.py",
        'return {"Put": put | {"ConditionExpression": "attribute_not_exists(pk)"}}',
        'return {"Put": put}',
        ("2",),
    ),
    Mutant(
        "revision-condition-dropped",
        "adapters/stock_book.py",
        '"ConditionExpression": "rev = :rev"',
        '"ConditionExpression": "rev <> :rev OR rev = :rev"',
        ("2",),
    ),
    Mutant(
        "seq-not-counted",
        "adapters/movement_update.py",
        '"seq = if_not_exists(seq, :zero) + :one"',
        '"seq = if_not_exists(seq, :one)"',
        ("8",),
    ),
    Mutant(
        "levels-of-a-group-not-summed",
        "domain/groups.py",
        "total(movement for change in changes for movement in change.levels().values()),",
        "{one.key: one for change in changes for one in change.levels().values()},",
        ("2",),
    ),
    Mutant(
        "demand-of-lines-not-summed",
        "domain/orders.py",
        "total_units[sku] += units * quantity",
        "total_units[sku] = units * quantity",
        ("4", "defect"),
    ),
    Mutant(
        "recipe-of-a-kit-ignored",
        "domain/orders.py",
        "total_units[sku] += units * quantity",
        "total_units[sku] += quantity",
        ("4", "defect"),
    ),
    Mutant(
        "acknowledged-before-commit",
        "process.py",
        "return not isinstance(answer, LastunitError)",
        "return True",
        ("3", "5"),
        where=all_is_said_once,
    ),
    Mutant(
        "group-failure-swallowed",
        "change_orders.py",
        "            except (CommitRefused, Unwritable) as refused:\n                return refused\n",
        "            except (CommitRefused, Unwritable):\n                return None\n",
        ("3", "5"),
    ),
    Mutant(
        "unread-keys-forgotten",
        "adapters/tables.py",
        'asked = answer.get("UnprocessedKeys")',
        "asked = None",
        ("3", "5", "6", "7"),
        faults=("unprocessed",),
    ),
    Mutant(
        "tombstone-of-a-cancel-ignored",
        "domain/placing.py",
        "replace(order, state=State.CANCELLED, reason=Reason.CANCELLED_BEFORE_ORDER)",
        'replace(order, revision="", state=State.CANCELLED, reason=Reason.NOTHING_TO_DELIVER)',
        ("3", "5"),
        faults=LATE,
        where=all_is_said_once,
    ),
    Mutant(
        "older-revision-accepted",
        "domain/placing.py",
        "        return _end_lines(order, snapshot, world, instant)\n",
        "        pass\n",
        ("3",),
        faults=LATE,
    ),
    Mutant(
        "cancelled-line-taken-for-put-back",
        "domain/orders.py",
        "+= line.quantity + line.cancelled",
        "+= line.quantity",
        ("6", "7"),
        where=sells_on_ebay,
    ),
    Mutant(
        "cancel-keeps-its-units",
        "domain/placing.py",
        "        withdraw(_seen(order, snapshot)),\n        state=State.SHIPPED if gone",
        "        _seen(order, snapshot),\n        state=State.SHIPPED if gone",
        ("3", "4"),
    ),
    Mutant(
        "shipment-id-ignored",
        "domain/shipping.py",
        "    if known or waits:\n        return Outcome.DUPLICATE, None\n",
        "",
        ("3", "4"),
    ),
    Mutant(
        "shipment-before-its-order-forgotten",
        "domain/shipping.py",
        "pending=() if shipment.voided else (shipment,),",
        "pending=(),",
        ("3", "5"),
        where=packs_early,
    ),
    Mutant(
        "void-ignored",
        "domain/shipping.py",
        "    if shipment.voided:\n",
        "    if shipment.voided:\n        return Outcome.DUPLICATE, None\n",
        ("3", "4"),
    ),
    Mutant(
        "void-forgets-the-promise",
        "domain/shipping.py",
        "allocations=(*base.allocations, *_promised_again(base, voided))",
        "allocations=base.allocations",
        ("4",),
    ),
    Mutant(
        "damaged-returns-sold-again",
        "domain/returning.py",
        "quantity = units * one.sellable",
        "quantity = units * one.units",
        ("3",),
    ),
    Mutant(
        "arriving-units-not-offered",
        "process.py",
        'return [_of_order(Arrival, key) for key in self._queue(content["arrived"])]',
        "return []",
        ("5",),
    ),
    Mutant(
        "ledger-skips-reservations",
        "domain/ledger.py",
        "if old.seq == after.seq:",
        "if old.on_hand == after.on_hand:",
        ("8",),
    ),
    Mutant(
        "signature-not-verified",
        "receive.py",
        "        api.verify(request)  # Before anything in the body is believed.\n",
        "",
        ("9",),
    ),
    Mutant(
        "undecided-requests-cancelled-early",
        "domain/requesting.py",
        "return deadline_at is not None and datetime.fromisoformat(deadline_at) <= now",
        "return deadline_at is not None",
        ("5",),
    ),
)

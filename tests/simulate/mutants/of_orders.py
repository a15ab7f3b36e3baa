"""Bugs in what orders, people and the ledger do to stock."""

from tests.simulate.mutants.planted import Mutant
from tests.simulate.scenario import Scenario

LATE = (
    "webhook_days_late",
    "message_days_late",
    "webhook_delayed",
    "message_delayed",
    "message_doubled",
    "webhook_doubled",
)
"""Old news arrive after newer ones."""


def without_repetition(scenario: Scenario) -> bool:
    """No order list tells again what a message was lost of, now or some time later."""
    return any(not channel.lists for channel in scenario.channels)


def packs_early(scenario: Scenario) -> bool:
    return scenario.is_ample and without_repetition(scenario)


def sells_on_ebay(scenario: Scenario) -> bool:
    return any(channel.kind == "ebay" for channel in scenario.channels)


OF_ORDERS = (
    Mutant(
        "undone-cancel-dropped",
        "domain/orders/cancel.py",
        "return undoes and order.reason in CANCELLED_THERE",
        "return False and undoes and order.reason in CANCELLED_THERE",
        ("3", "5"),
        draws=("cancel_undone",),
    ),
    Mutant(
        "parcel-of-two-systems-depleted-twice",
        "domain/orders/parcels.py",
        "    return most - own\n",
        "    return Counter()\n",
        ("3",),
        draws=("parcel_reported_twice",),
    ),
    Mutant(
        "void-by-one-system-leaves-the-others-report",
        "domain/orders/parcels.py",
        "if one.reporter != reporter and not one.voided and",
        "if False and",
        ("3",),
        draws=("label_voided",),
    ),
    Mutant(
        "unreadable-order-comes-again",
        "use_cases/orders/process_orders.py",
        "        except UnreadableOrder as error:\n            return self._record(",
        "        except ZeroDivisionError as error:\n            return self._record(",
        ("5",),
        draws=("odd_orders",),
    ),
    Mutant(
        "available-condition-dropped",
        "adapters/dynamodb/level_update.py",
        'return name in ("available", "reserved") or',
        'return name == "reserved" or',
        ("1",),
    ),
    Mutant(
        "bin-guard-dropped",
        "adapters/dynamodb/level_update.py",
        'f":bin{index}_floor": max(0, -units)}',
        'f":bin{index}_floor": -1_000_000}',
        ("1",),
    ),
    Mutant(
        "operation-id-dropped",
        "adapters/dynamodb/movements.py",
        '"ConditionExpression": "attribute_not_exists(pk)",',
        '"ConditionExpression": "attribute_not_exists(never)",',
        ("3",),
        faults=("killed_after",),
    ),
    Mutant(
        "new-order-condition-dropped",
        "adapters/dynamodb/order_store.py",
        'return {"Put": put | {"ConditionExpression": "attribute_not_exists(pk)"}}',
        'return {"Put": put}',
        ("2",),
    ),
    Mutant(
        "revision-condition-dropped",
        "adapters/dynamodb/order_store.py",
        '"ConditionExpression": "rev = :rev"',
        '"ConditionExpression": "rev <> :rev OR rev = :rev"',
        ("2",),
    ),
    Mutant(
        "seq-not-counted",
        "adapters/dynamodb/level_update.py",
        '"seq = if_not_exists(seq, :zero) + :one"',
        '"seq = if_not_exists(seq, :one)"',
        ("8",),
    ),
    Mutant(
        "levels-of-a-group-not-summed",
        "domain/orders/commit_groups.py",
        "sum_by_level(movement for change in changes for movement in change.levels().values()),",
        "{one.key: one for change in changes for one in change.levels().values()},",
        ("2",),
    ),
    Mutant(
        "demand-of-lines-not-summed",
        "domain/orders/units.py",
        "total_units[sku] += units * quantity",
        "total_units[sku] = units * quantity",
        ("4", "defect"),
    ),
    Mutant(
        "recipe-of-a-kit-ignored",
        "domain/orders/units.py",
        "total_units[sku] += units * quantity",
        "total_units[sku] += quantity",
        ("4", "defect"),
    ),
    Mutant(
        "acknowledged-before-commit",
        "use_cases/orders/process_orders.py",
        "return not isinstance(answer, LastunitError)",
        "return True",
        ("3", "5"),
        where=without_repetition,
    ),
    Mutant(
        "group-failure-swallowed",
        "use_cases/orders/change_orders.py",
        "            except (CommitRefused, Unwritable) as refused:\n                return refused\n",
        "            except (CommitRefused, Unwritable):\n                return None\n",
        ("3", "5"),
    ),
    Mutant(
        "unread-keys-forgotten",
        "adapters/dynamodb/reads.py",
        'asked = answer.get("UnprocessedKeys")',
        "asked = None",
        ("3", "5", "6", "7"),
        faults=("unprocessed",),
    ),
    Mutant(
        "tombstone-of-a-cancel-ignored",
        "domain/orders/cancel.py",
        "replace(order, state=State.CANCELLED, reason=OrderReason.CANCELLED_BEFORE_ORDER)",
        'replace(order, revision="", state=State.CANCELLED, reason=OrderReason.NOTHING_TO_DELIVER)',
        ("3", "5"),
        faults=LATE,
        where=without_repetition,
    ),
    Mutant(
        "older-revision-accepted",
        "domain/orders/place.py",
        "        return _apply_stale(order, snapshot, context, instant)\n",
        "        pass\n",
        ("3",),
        faults=LATE,
    ),
    Mutant(
        "cancelled-line-taken-for-put-back",
        "domain/orders/channel_counts.py",
        "+= line.quantity + line.cancelled",
        "+= line.quantity",
        ("6", "7"),
        where=sells_on_ebay,
    ),
    Mutant(
        "cancel-keeps-its-units",
        "domain/orders/cancel.py",
        "        release_all(with_revision(order, snapshot)),\n        state=State.SHIPPED if has_left",
        "        with_revision(order, snapshot),\n        state=State.SHIPPED if has_left",
        ("3", "4"),
    ),
    Mutant(
        "shipment-id-ignored",
        "domain/orders/shipments.py",
        "    if known or is_pending:\n        return Decided(Outcome.DUPLICATE)\n",
        "",
        ("3", "4"),
    ),
    Mutant(
        "shipment-before-its-order-forgotten",
        "domain/orders/shipments.py",
        "pending_shipments=() if shipment.voided else (shipment,),",
        "pending_shipments=(),",
        ("3", "5"),
        where=packs_early,
    ),
    Mutant(
        "void-ignored",
        "domain/orders/shipments.py",
        "    if shipment.voided:\n",
        "    if shipment.voided:\n        return Decided(Outcome.DUPLICATE)\n",
        ("3", "4"),
    ),
    Mutant(
        "void-forgets-the-promise",
        "domain/orders/shipments.py",
        "allocations=(*base.allocations, *_allocate_again(base, one))",
        "allocations=base.allocations",
        ("4",),
    ),
    Mutant(
        "damaged-returns-sold-again",
        "domain/orders/inspections.py",
        "else each * found.sellable",
        "else each * (found.sellable + found.damaged)",
        ("3",),
    ),
    Mutant(
        "arriving-units-not-offered",
        "use_cases/orders/process_orders.py",
        "return [StockArrived(key.channel, key.external_id) for key in keys]",
        "return []",
        ("5",),
    ),
    Mutant(
        "ledger-skips-reservations",
        "domain/events/ledger.py",
        "if old.seq == after.seq:",
        "if old.on_hand == after.on_hand:",
        ("8",),
    ),
    Mutant(
        "signature-not-verified",
        "use_cases/orders/receive_webhook.py",
        "        api.verify(request)  # Before anything in the body is believed.\n",
        "",
        ("9",),
    ),
    Mutant(
        "undecided-requests-cancelled-early",
        "domain/orders/deadlines.py",
        "return deadline_at is not None and deadline_at <= now",
        "return deadline_at is not None",
        ("5",),
    ),
    Mutant(
        "line-without-stock-awaits-a-name",
        "domain/orders/exceptions.py",
        "and line.sku is None and not line.no_stock]",
        "and line.sku is None]",
        ("5",),
        draws=("buy_with_lines_without_stock",),
    ),
    Mutant(
        "line-without-stock-awaited-in-a-parcel",
        "domain/orders/depletion.py",
        "if not takes_no_part(order, one.line_id, one.names, context))",
        ")",
        ("3", "5"),
        draws=("buy_with_lines_without_stock",),
    ),
    Mutant(
        "listed-names-not-tried-again",
        "use_cases/settings/configure_catalogue.py",
        "[order for order in waiting if is_listed(names_of(order), patterns)]",
        "[]",
        ("5",),
        draws=("buy_with_lines_without_stock",),
        where=sells_on_ebay,
    ),
)

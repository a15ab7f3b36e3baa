"""The one way a level is written: a relative update whose condition is the promise."""

from typing import Any

from lastunit.adapters.dynamodb import rows
from lastunit.domain.stock.levels import Movement


def level_update(table: str, movement: Movement, cause: str, *, placed: bool) -> dict[str, Any]:
    """An action of a transaction. `placed`: units that lie in a bin may not be taken without naming it.

    The whole promise of this system is in this condition: a unit that is not there cannot be promised, one that
    is not promised cannot be given back, and what a bin does not hold cannot be taken from it.
    """
    numbers = {"on_hand": movement.on_hand, "available": movement.available, "reserved": movement.reserved}
    numbers |= {"unplaced": movement.unplaced}
    moved = {name: units for name, units in numbers.items() if units}
    guarded = [name for name, units in moved.items() if units < 0 and _is_guarded(name, placed)]
    guards = [f"{name} >= :{name}_floor" for name in guarded]
    sets = [f"{name} = if_not_exists({name}, :zero) + :{name}" for name in moved]
    values: dict[str, Any] = {f":{name}": units for name, units in moved.items()}
    values |= {f":{name}_floor": -moved[name] for name in guarded} | {":zero": 0, ":one": 1, ":cause": cause}
    for index, units in enumerate(movement.bins.values()):
        sets.append(f"bins.#bin{index}.on_hand = bins.#bin{index}.on_hand + :bin{index}")
        guards.append(f"bins.#bin{index}.on_hand >= :bin{index}_floor")
        values |= {f":bin{index}": units, f":bin{index}_floor": max(0, -units)}
    update: dict[str, Any] = {
        "TableName": table,
        "Key": rows.level_key(*movement.key),
        "UpdateExpression": "SET " + ", ".join([*sets, "seq = if_not_exists(seq, :zero) + :one", "cause = :cause"]),
        "ExpressionAttributeValues": rows.encode(values),
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    if guards:
        update["ConditionExpression"] = " AND ".join(guards)
    if movement.bins:
        update["ExpressionAttributeNames"] = {f"#bin{index}": name for index, name in enumerate(movement.bins)}
    return {"Update": update}


def _is_guarded(name: str, placed: bool) -> bool:
    """What lies in a storehouse is fixed by its bins; what a shipment took may have lain anywhere."""
    return name in ("available", "reserved") or (name == "unplaced" and placed)

"""What a push is asked for, and what comes of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lastunit.domain.groups import ListingKey


@dataclass(frozen=True, slots=True)
class Task:
    """Tell one listing its number. `overwrite`: whatever it is believed to show, and also where only increases are
    told or a person must ask. `not_since`: unless it was told after that instant (ISO), for its number is newer.
    `since`: when what it is to be told of happened.
    """

    key: ListingKey
    overwrite: bool = False
    not_since: str | None = None
    since: str | None = None


@dataclass(frozen=True, slots=True)
class Retry:
    """The task must come again. `seconds`: the channel's wish, None: as the queue sees fit."""

    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """`acknowledged` tells a push from a task that needed none; `skipped`: told after the task's `not_since`;
    `refused`: the channel will not take it, and trying again is of no use.
    """

    acknowledged: bool = False
    skipped: bool = False
    refused: bool = False


Result = Done | Retry


def push_message(task: Task) -> dict[str, object]:
    """Keys, never quantities: the number is computed when it is sent (promise 6)."""
    sku, channel, listing = task.key
    message: dict[str, object] = {"sku": sku, "channel": channel, "listing": listing}
    if task.overwrite:
        message["overwrite"] = True
    instants = {"not_since": task.not_since, "since": task.since}
    return message | {name: instant for name, instant in instants.items() if instant}


def task_of(message: Mapping[str, Any]) -> Task:
    key = message["sku"], message["channel"], message["listing"]
    return Task(key, message.get("overwrite", False), message.get("not_since"), message.get("since"))

"""Words that the glossary has retired, and where they are still used."""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence

from tests.figures.source import Source

WORDS: Mapping[str, str] = {
    "announcing": "business_events",
    "believed": "expected_shown",
    "desk": "ClaimedListings",
    "doubt": "may_apply_until",
    "doubted": "unconfirmed",
    "doubtful": "possibly_restocked",
    "edition": "settings_version",
    "escalates": "escalate_undecided",
    "grown": "skus_losing_room",
    "homeless": "unknown_channel",
    "knowledge": "BatchState",
    "outgoing": "webhook_subscriptions",
    "owed": "sold_unallocated",
    "pace": "sales_rate, RateLimit",
    "paced": "with_sales_rate",
    "pacing": "rate_limit",
    "questionable": "uncertain_units",
    "reevaluates": "retry_requests_on_restock",
    "regrown": "restocked_by_channel",
    "remedies": "review",
    "rise": "increment",
    "risen": "counted_increase",
    "rises": "increments",
    "rising": "increment_in_flight",
    "settling": "awaiting_poll",
    "silences": "consecutive_failures",
    "starves": "is_below_half",
    "supposed": "SettingsOverlay",
    "supposing": "with_settings",
    "tell": "push",
    "telling": "push",
    "told": "pushed",
    "tombstone": "cancel_before_order",
    "took": "picked",
    "unbooked": "rebook_shipments",
    "unsettled": "awaiting_poll",
    "unwanted": "queue_removed",
    "urgent": "high_priority",
    "world": "DecisionContext",
}
"""Retired for good → its successor: no part of an identifier, no word of a text in the code."""

NAMES: Mapping[str, str] = {
    "Announcement": "BusinessEvent",
    "Arrival": "StockArrived",
    "Changed": "ChangeResult",
    "Draft": "PlannedChange",
    "Due": "PendingPush",
    "Fact": "OrderInput",
    "Kept": "ListingUpdate",
    "ManyUpdates": "BatchUpdates",
    "Parcel": "Shipment",
    "Round": "AbsolutePush",
    "Seen": "CountedLevel",
    "Snapshot": "OrderSnapshot",
    "Stake": "EscrowShare",
    "Step": "Decided",
    "StockBook": "OrderStore",
    "Take": "RoutedUnits",
    "Taken": "PickedUnits",
    "Tally": "CoverageCounts",
    "Tick": "DeadlineCheck",
    "Want": "QueueEntry",
    "along": "companion_actions",
    "await_turn": "await_slot",
    "facts": "inbound",
    "held": "paused",
    "imports": "import_orders",
    "is_loose": "may_sell_more_than_shown",
    "is_trusted": "is_expected_reliable",
    "looked_at": "last_reading",
    "reachable": "store_errors_translated",
    "side_by_side": "run_parallel",
    "withdraw": "release_all",
}
"""Retired as a whole name only, because the word has other uses → its successor."""

PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
WORD = re.compile(r"[A-Za-z_]+")


def retired_words(files: Sequence[Source]) -> list[str]:
    """Identifiers and texts, docstrings and comments left out; a name counts each time it is used."""
    return [f"{file.place(line)} {text[:60]}" for file in files for text, line in _used(file)]


def _used(file: Source) -> Iterator[tuple[str, int]]:
    for name, line in identifiers(file):
        if is_retired(name):
            yield name, line
    for text, line in file.strings():
        # A text of one word names a field or an attribute; a sentence may well hold "Take" or "held".
        names = is_retired(text) if WORD.fullmatch(text) else any(map(_has_retired_part, WORD.findall(text)))
        if names:
            yield repr(text), line


def is_retired(name: str) -> bool:
    return name.strip("_") in NAMES or _has_retired_part(name)


def _has_retired_part(name: str) -> bool:
    return any(part.lower() in WORDS for part in PART.findall(name))


def identifiers(file: Source) -> Iterator[tuple[str, int]]:
    """Every name with the line it is used on; line 1 for the words of the file's own name."""
    yield from ((part, 1) for part in file.module.split("."))
    for node in ast.walk(file.tree):
        line = getattr(node, "lineno", 1)
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name) | ast.keyword(arg=str(name)):
                yield name, line
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.TypeAlias(name=ast.Name(id=name)):
                yield name, line
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                yield from ((alias.asname or alias.name.rpartition(".")[2], line) for alias in names)

"""Announcements on an EventBridge bus."""

import json
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from lastunit.domain.errors import OutcomeUnknown
from lastunit.domain.events.business_events import BusinessEvent

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef

SOURCE = "lastunit"
ENTRIES_MAX = 10  # Of one PutEvents.
BYTES_MAX = 256 * 1024  # Of all entries of one PutEvents together.
ROUNDS_MAX = 4  # Then the stream brings the whole batch again.


class EventBridgeBus:
    def __init__(self, client: "EventBridgeClient", name: str, pause: Callable[[int], None]) -> None:
        self._client, self._name, self._pause = client, name, pause

    def publish(self, announcements: Sequence[BusinessEvent]) -> None:
        """At least once each. Raises OutcomeUnknown when some are refused again and again."""
        for batch in _batches([self._entry(one) for one in announcements]):
            self._put(batch)

    def _put(self, entries: "list[PutEventsRequestEntryTypeDef]") -> None:
        for attempt in range(ROUNDS_MAX):
            if attempt:
                self._pause(attempt)
            answer = self._client.put_events(Entries=entries)
            # The call succeeds although single entries fail; the answers come in the order of the entries.
            results = zip(entries, answer["Entries"], strict=True)
            entries = [entry for entry, result in results if "EventId" not in result]
            if not entries:
                return
        raise OutcomeUnknown(f"{len(entries)} announcements were not taken by the event bus")

    def _entry(self, one: BusinessEvent) -> "PutEventsRequestEntryTypeDef":
        return {
            "EventBusName": self._name,
            "Source": SOURCE,
            "DetailType": one.type,
            "Detail": json.dumps(one.message(), separators=(",", ":")),
        }


def _batches(
    entries: "list[PutEventsRequestEntryTypeDef]",
) -> "Iterator[list[PutEventsRequestEntryTypeDef]]":
    batch: list[PutEventsRequestEntryTypeDef] = []
    total = 0
    for entry in entries:
        size = entry_bytes(entry)
        if batch and (len(batch) == ENTRIES_MAX or total + size > BYTES_MAX):
            yield batch
            batch, total = [], 0
        batch.append(entry)
        total += size
    if batch:
        yield batch


def entry_bytes(entry: "PutEventsRequestEntryTypeDef") -> int:
    """As AWS counts an entry without time and resources."""
    return sum(len(text.encode()) for text in (entry["Source"], entry["DetailType"], entry["Detail"]))

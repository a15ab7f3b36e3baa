"""The ledger, the event bus and the merchant's own webhooks, as the use cases need them."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from lastunit.domain.events.business_events import BusinessEvent
from lastunit.domain.events.ledger import LevelEntry, OrderEntry
from lastunit.domain.events.subscriptions import WebhookSubscription


class Ledger(Protocol):
    def write(self, entry: LevelEntry | OrderEntry) -> None:
        """Once: an entry that is there already stays as it is."""
        ...


class EventBus(Protocol):
    def publish(self, announcements: Sequence[BusinessEvent]) -> None:
        """All of them are on the bus when this returns, each at least once."""
        ...


class WebhookSubscriptions(Protocol):
    """The addresses that announcements are sent to."""

    def all(self) -> tuple[WebhookSubscription, ...]: ...

    def find(self, name: str) -> WebhookSubscription | None: ...

    def put(self, webhook: WebhookSubscription) -> None: ...

    def delete(self, name: str) -> bool:
        """False: there was none."""
        ...

    def disable(self, webhook: WebhookSubscription) -> None:
        """Unless it was changed or deleted meanwhile."""
        ...


class Sign(Protocol):
    def __call__(self, webhook: str, message_id: str, body: bytes) -> Mapping[str, str]:
        """The headers that prove to the receiver who sent this. Raises ChannelUnavailable without a good secret."""
        ...

"""Use case: the merchant says which addresses are told what."""

from dataclasses import dataclass

from lastunit.domain.errors import Conflict, InvalidInput, NotFound
from lastunit.domain.events.subscriptions import WEBHOOKS_MAX, WebhookSubscription
from lastunit.ports.events import WebhookSubscriptions


@dataclass(frozen=True, slots=True)
class ConfigureWebhooks:
    """`local`: this is a stack on a developer's machine, whose receivers run there too."""

    subscriptions: WebhookSubscriptions
    local: bool = False

    def put(self, webhook: WebhookSubscription) -> None:
        """Create or replace it. One that was disabled because its address was gone works again once enabled."""
        if webhook.is_loopback and not self.local:
            # In AWS, loopback is where Lambda keeps its own interfaces.
            raise InvalidInput("url", "must name a host on the internet")
        others = [one for one in self.subscriptions.all() if one.name != webhook.name]
        if len(others) >= WEBHOOKS_MAX:
            raise Conflict(f"there are at most {WEBHOOKS_MAX} webhook subscriptions")
        self.subscriptions.put(webhook)

    def all(self) -> tuple[WebhookSubscription, ...]:
        return self.subscriptions.all()

    def get(self, name: str) -> WebhookSubscription:
        found = self.subscriptions.find(name)
        if found is None:
            raise NotFound("webhook", name)
        return found

    def delete(self, name: str) -> None:
        if not self.subscriptions.delete(name):
            raise NotFound("webhook", name)

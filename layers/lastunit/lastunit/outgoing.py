"""Use case: the merchant says which addresses are told what."""

from dataclasses import dataclass

from lastunit.domain.errors import Conflict, InvalidInput, NotFound
from lastunit.domain.outgoing import WEBHOOKS_MAX, OutgoingWebhook
from lastunit.ports import OutgoingWebhooks


@dataclass(frozen=True, slots=True)
class ConfigureWebhooks:
    """`local`: this is a stack on a developer's machine, whose receivers run there too."""

    webhooks: OutgoingWebhooks
    local: bool = False

    def put(self, webhook: OutgoingWebhook) -> None:
        """Create or replace it. One that was disabled because its address was gone works again once enabled."""
        if webhook.is_loopback and not self.local:
            # In AWS, loopback is where Lambda keeps its own interfaces.
            raise InvalidInput("url", "must name a host on the internet")
        others = [one for one in self.webhooks.all() if one.name != webhook.name]
        if len(others) >= WEBHOOKS_MAX:
            raise Conflict(f"there are at most {WEBHOOKS_MAX} outgoing webhooks")
        self.webhooks.put(webhook)

    def all(self) -> tuple[OutgoingWebhook, ...]:
        return self.webhooks.all()

    def get(self, name: str) -> OutgoingWebhook:
        found = self.webhooks.find(name)
        if found is None:
            raise NotFound("webhook", name)
        return found

    def delete(self, name: str) -> None:
        if not self.webhooks.delete(name):
            raise NotFound("webhook", name)

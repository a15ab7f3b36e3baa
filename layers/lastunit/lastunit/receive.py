"""Use case: a webhook is verified, cut down to what is needed and put on the orders queue in one write."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

from lastunit.channel_ports import ChannelApi, WebhookRequest
from lastunit.domain.channels import Channel
from lastunit.domain.errors import BodyTooLarge, NotFound
from lastunit.ports import Clock, Queue, Settings

BODY_MAX_BYTES = 1024 * 1024
CHANNEL_NAME_MAX = 32  # As the API creates them. A stranger's longer one would be refused by the table as a key.


@dataclass(frozen=True, slots=True)
class ReceiveWebhook:
    settings: Settings
    api: Callable[[Channel], ChannelApi]
    queue: Queue
    clock: Clock

    def notify(self, channel_name: str, request: WebhookRequest) -> bool:
        """True: accepted onto the queue. False: verified, and nothing to do.

        Raises NotFound, BodyTooLarge, BadSignature or InvalidInput; nothing was written then.
        """
        channel = self._channel(channel_name)
        if len(request.body) > BODY_MAX_BYTES:
            raise BodyTooLarge(f"at most {BODY_MAX_BYTES} bytes")
        api = self.api(channel)
        api.verify(request)  # Before anything in the body is believed.
        notification = api.parse(request)
        if notification is None:
            return False
        self.queue.send([asdict(notification) | {"received_at": self.clock.now().isoformat()}])
        return True

    def challenge(self, channel_name: str, request: WebhookRequest) -> Mapping[str, str]:
        """The answer to a marketplace's ownership check."""
        answer = self.api(self._channel(channel_name)).challenge(request)
        if answer is None:
            raise NotFound("challenge", channel_name)
        return answer

    def _channel(self, name: str) -> Channel:
        channel = self.settings.channel(name) if 0 < len(name) <= CHANNEL_NAME_MAX else None
        if channel is None:
            raise NotFound("channel", name)
        return channel

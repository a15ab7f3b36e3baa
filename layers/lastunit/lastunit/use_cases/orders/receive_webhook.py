"""Use case: a webhook is verified, cut down to what is needed and put on the orders queue in one write."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from lastunit.domain.channel import Channel
from lastunit.domain.errors import BodyTooLarge, MissingCapability, NotFound
from lastunit.ports.channel import WebhookRequest, WebhookSource
from lastunit.ports.settings import Settings
from lastunit.ports.system import Clock, Queue
from lastunit.use_cases.lookup import found_channel
from lastunit.use_cases.messages import NotificationMessage

BODY_MAX_BYTES = 1024 * 1024
CHANNEL_NAME_MAX = 32  # As the API creates them. A stranger's longer one would be refused by the table as a key.


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiveWebhook:
    settings: Settings
    api: Callable[[Channel], WebhookSource]
    queue: Queue
    clock: Clock

    def notify(self, channel_name: str, request: WebhookRequest) -> bool:
        """True: accepted onto the queue. False: verified, and nothing to do.

        Raises NotFound, BodyTooLarge, BadSignature or InvalidInput; nothing was written then.
        """
        channel = self._channel(channel_name)
        if len(request.body) > BODY_MAX_BYTES:
            raise BodyTooLarge(f"at most {BODY_MAX_BYTES} bytes")
        api = self._source(channel)
        api.verify(request)  # Before anything in the body is believed.
        notification = api.parse(request)
        if notification is None:
            return False
        self.queue.send([NotificationMessage.of(notification, self.clock.now().isoformat())])
        return True

    def challenge(self, channel_name: str, request: WebhookRequest) -> Mapping[str, str]:
        """The answer to a marketplace's ownership check."""
        answer = self._source(self._channel(channel_name)).challenge(request)
        if answer is None:
            raise NotFound("challenge", channel_name)
        return answer

    def _source(self, channel: Channel) -> WebhookSource:
        try:
            return self.api(channel)
        except MissingCapability as error:
            # Who has signed nothing is not told of which kind the channel is.
            raise NotFound("channel", channel.name) from error

    def _channel(self, name: str) -> Channel:
        return found_channel(name, self.settings.channel(name) if 0 < len(name) <= CHANNEL_NAME_MAX else None)

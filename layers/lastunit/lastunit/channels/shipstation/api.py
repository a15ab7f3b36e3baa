"""ShipStation tells what was shipped. It neither sells nor takes quantities from us."""

import hashlib
import json
from collections.abc import Mapping, MutableMapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from lastunit.channels.shared.json_body import json_object
from lastunit.channels.shipstation import v1, v2
from lastunit.channels.shipstation.client import RESOURCE_URL_CHARACTERS_MAX, Client, basic
from lastunit.channels.shipstation.settings import Connection, SecretV1, SecretV2, Version
from lastunit.domain.channel import Channel
from lastunit.domain.errors import ChannelUnavailable, InvalidInput, UnreadableOrder
from lastunit.domain.orders.inbound import ChannelEvent, PartlyUnreadable
from lastunit.domain.orders.snapshot import Notification
from lastunit.ports.channel import OrdersPage, WebhookRequest
from lastunit.ports.system import Clock, HttpClient

if TYPE_CHECKING:
    from lastunit.channels.shipstation.signature import Keys

KEYS_URL = "https://api.shipengine.com/jwks"
TOPICS = {Version.V1: v1.TOPICS, Version.V2: v2.TOPICS}
REMEDY = "let the webhook's address be called by ShipStation only"


class Api:
    def __init__(
        self,
        channel: Channel,
        secret: Mapping[str, Any],
        http: HttpClient,
        clock: Clock,
        memory: MutableMapping[str, Any],
    ) -> None:
        self._name = channel.name
        self._connection = Connection.model_validate(channel.connection)
        self._secret = _secret(self._connection.api_version, secret)
        self._http, self._clock, self._memory = http, clock, memory
        self._client = Client(self._connection, _login(self._secret), http, clock)
        module = v1 if self._connection.api_version is Version.V1 else v2
        self._reader: v1.Reader | v2.Reader = module.Reader(self._client, self._connection, self._name)
        self.limits = module.LIMITS

    def challenge(self, request: WebhookRequest) -> Mapping[str, str] | None:
        """ShipStation asks for no proof of ownership."""
        return None

    def verify(self, request: WebhookRequest) -> None:
        """Raises ChannelUnavailable where V2's keys could not be fetched: ShipStation then delivers again."""
        if isinstance(self._secret, SecretV1):
            v1.check_token(request.query.get("token"), self._secret.webhook_tokens)
            return
        # Imported here: V1 and the functions that verify nothing need neither.
        from lastunit.channels.shared.public_keys import PublicKeys
        from lastunit.channels.shipstation import signature

        stamp = signature.read_stamp(request.headers, self._clock.now())
        keys = PublicKeys(
            "ShipStation", self._fetch_keys, signature.STORM, self._clock, self._memory, tells_all=True
        )
        signature.check(stamp, request.body, keys.key(stamp.kid))

    def parse(self, request: WebhookRequest) -> Notification | None:
        content = json_object(request.body, REMEDY)
        topic = content.get("resource_type")
        if not isinstance(topic, str) or not topic:
            raise InvalidInput("resource_type", "is missing", REMEDY)
        if topic.upper() not in TOPICS[self._connection.api_version]:
            return None
        payload = {"resource_url": _resource(content), "resource_type": topic}
        # ShipStation numbers no deliveries; a resource may hold many orders, so that it names none.
        return Notification(
            channel=self._name,
            event_id=hashlib.sha256(request.body).hexdigest(),
            order_id="",
            topic=topic.upper(),
            payload=payload,
        )

    def orders(self, notification: Notification) -> Sequence[ChannelEvent]:
        """What the resource shows now. Raises ForbiddenAddress, without asking, where it is not ShipStation's.

        Raises PartlyUnreadable, which carries the other events, where only some records cannot be understood.
        """
        found = list(self._reader.read(notification.topic, notification.payload.get("resource_url")))
        problems = [one for one in found if isinstance(one, UnreadableOrder)]
        events = [one for one in found if not isinstance(one, UnreadableOrder)]
        if problems:
            raise PartlyUnreadable(problems, events) if len(found) > 1 else problems[0]
        return events

    def orders_since(self, since: datetime, page: str | None) -> OrdersPage:
        """Shipments and voids only: the orders are those of other channels. One page takes several calls."""
        from lastunit.channels.shipstation import order_list  # For the cold start of those who never poll.

        try:
            return order_list.orders_page(self._client, self._reader, since, page)
        except UnreadableOrder as error:
            raise ChannelUnavailable(f"ShipStation's lists cannot be read: {error}") from error

    def _fetch_keys(self, _: str) -> "Keys":
        """The keys are public, so that no credentials go along."""
        from lastunit.channels.shipstation.signature import usable_keys

        url = f"{self._connection.base}/jwks" if self._connection.is_loopback else KEYS_URL
        return usable_keys(self._http.request("GET", url, headers={"Accept": "application/json"}))


def _secret(version: Version, secret: Mapping[str, Any]) -> SecretV1 | SecretV2:
    return (SecretV1 if version is Version.V1 else SecretV2).model_validate(secret)


def _login(secret: SecretV1 | SecretV2) -> dict[str, str]:
    return basic(secret.api_key, secret.api_secret) if isinstance(secret, SecretV1) else {"API-Key": secret.api_key}


def _resource(content: Mapping[str, Any]) -> object:
    """Whatever is there: an odd address is an exception for a person to see, not a refused webhook."""
    found = content.get("resource_url")
    if found in (None, ""):
        raise InvalidInput("resource_url", "is missing", REMEDY)
    if len(json.dumps(found)) > RESOURCE_URL_CHARACTERS_MAX:
        raise InvalidInput("resource_url", f"has more than {RESOURCE_URL_CHARACTERS_MAX} characters", REMEDY)
    return found

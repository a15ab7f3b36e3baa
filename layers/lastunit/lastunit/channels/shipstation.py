"""ShipStation tells what was shipped. It neither sells nor takes quantities from us."""

import hashlib
import json
from collections.abc import Mapping, MutableMapping, Sequence
from datetime import datetime
from typing import Any

from lastunit.channel_ports import HttpClient, HttpResponse, OrdersPage, WebhookRequest
from lastunit.channels import shipstation_poll, shipstation_v1, shipstation_v2
from lastunit.channels.fields import Strict
from lastunit.channels.shipstation_client import RESOURCE_URL_CHARACTERS_MAX, Client, basic
from lastunit.channels.shipstation_settings import Connection, Secret, SecretV1, SecretV2, Version
from lastunit.channels.shipstation_signature import KeySet, check, read_stamp
from lastunit.domain.channels import Channel
from lastunit.domain.errors import ChannelUnavailable, InvalidInput, PartlyUnreadable, UnreadableOrder
from lastunit.domain.facts import Told
from lastunit.domain.pushes import Answer, Delta, Failure, Form, Push, Refused, Target
from lastunit.domain.snapshots import Notification
from lastunit.ports import Clock

__all__ = ["Api", "Connection", "Refs", "Secret"]

KEYS_URL = "https://api.shipengine.com/jwks"
TOPICS = {Version.V1: shipstation_v1.TOPICS, Version.V2: shipstation_v2.TOPICS}
REMEDY = "let the webhook's address be called by ShipStation only"
TAKES_NOTHING = Refused(Failure.INVALID, "ShipStation takes no quantities from us")


class Refs(Strict):
    """None: nothing is listed there."""


class Api:
    form = Form.SET
    adjusts = False
    batch_max = 1

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
        self._http, self._clock = http, clock
        self._keys = KeySet(self._fetch_keys, clock, memory)
        self._client = Client(self._connection, _login(self._secret), http, clock)
        module = shipstation_v1 if self._connection.api_version is Version.V1 else shipstation_v2
        self._reader: shipstation_v1.Reader | shipstation_v2.Reader = module.Reader(self._client, self._connection)
        self.limits = module.LIMITS

    def challenge(self, request: WebhookRequest) -> Mapping[str, str] | None:
        return None

    def verify(self, request: WebhookRequest) -> None:
        """Raises ChannelUnavailable where V2's keys could not be fetched: ShipStation then delivers again."""
        if isinstance(self._secret, SecretV1):
            shipstation_v1.check_token(request.query.get("token"), self._secret.webhook_tokens)
            return
        stamp = read_stamp(request.headers, self._clock.now())
        check(stamp, request.body, self._keys.key(stamp.kid))

    def parse(self, request: WebhookRequest) -> Notification | None:
        content = _json(request.body)
        topic = content.get("resource_type")
        if not isinstance(topic, str) or not topic:
            raise InvalidInput("resource_type", "is missing", REMEDY)
        if topic.upper() not in TOPICS[self._connection.api_version]:
            return None
        payload = {"resource_url": _resource(content), "resource_type": topic}
        # ShipStation numbers no deliveries; a resource may hold many orders, so that it names none.
        return Notification(self._name, hashlib.sha256(request.body).hexdigest(), "", topic.upper(), payload)

    def facts(self, notification: Notification) -> Sequence[Told]:
        """What the resource shows now. Raises ForbiddenAddress, without asking, where it is not ShipStation's.

        Raises PartlyUnreadable, which carries the other facts, where only some records cannot be understood.
        """
        found = list(self._reader.read(notification.topic, notification.payload.get("resource_url")))
        problems = [one for one in found if isinstance(one, UnreadableOrder)]
        facts = [one for one in found if not isinstance(one, UnreadableOrder)]
        if problems:
            raise PartlyUnreadable(problems, facts) if len(found) > 1 else problems[0]
        return facts

    def read(self, targets: Sequence[Target]) -> list[Answer]:
        return [TAKES_NOTHING for _ in targets]

    def write(self, pushes: Sequence[Push]) -> list[Answer]:
        return [TAKES_NOTHING for _ in pushes]

    def adjust(self, deltas: Sequence[Delta]) -> list[Answer]:
        raise NotImplementedError("ShipStation takes no quantities from us")

    def orders_since(self, since: datetime, page: str | None) -> OrdersPage:
        """Shipments and voids only: the orders are those of other channels. One page takes several calls."""
        try:
            return shipstation_poll.orders_page(self._client, self._reader, since, page)
        except UnreadableOrder as error:
            raise ChannelUnavailable(f"ShipStation's lists cannot be read: {error}") from error

    def _fetch_keys(self) -> HttpResponse:
        """The keys are public, so that no credentials go along."""
        url = f"{self._connection.base}/jwks" if self._connection.is_loopback else KEYS_URL
        return self._http.request("GET", url, headers={"Accept": "application/json"})


def _secret(version: Version, secret: Mapping[str, Any]) -> SecretV1 | SecretV2:
    return (SecretV1 if version is Version.V1 else SecretV2).model_validate(secret)


def _login(secret: SecretV1 | SecretV2) -> dict[str, str]:
    return basic(secret.api_key, secret.api_secret) if isinstance(secret, SecretV1) else {"API-Key": secret.api_key}


def _json(body: bytes) -> Mapping[str, Any]:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InvalidInput("body", "is not JSON", REMEDY) from error
    if not isinstance(content, dict):
        raise InvalidInput("body", "is not a JSON object", REMEDY)
    return content


def _resource(content: Mapping[str, Any]) -> object:
    """Whatever is there: an odd address is an exception for a person to see, not a refused webhook."""
    found = content.get("resource_url")
    if found in (None, ""):
        raise InvalidInput("resource_url", "is missing", REMEDY)
    if len(json.dumps(found)) > RESOURCE_URL_CHARACTERS_MAX:
        raise InvalidInput("resource_url", f"has more than {RESOURCE_URL_CHARACTERS_MAX} characters", REMEDY)
    return found

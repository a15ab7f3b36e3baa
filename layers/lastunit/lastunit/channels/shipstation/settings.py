"""ShipStation's settings and secrets, and the addresses that credentials may go to."""

import re
from enum import StrEnum
from typing import Annotated, Self
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, ConfigDict, Field, RootModel, model_validator

from lastunit.channels.shared.settings_fields import LOOPBACK, BaseUrl, Strict
from lastunit.domain.errors import UnreadableOrder


class Version(StrEnum):
    V1 = "v1"
    V2 = "v2"


HOSTS = {
    Version.V1: re.compile(r"ssapi[0-9]{0,3}\.shipstation\.com"),
    Version.V2: re.compile(r"api\.(shipstation|shipengine)\.com"),
}
API_URLS = {Version.V1: "https://ssapi.shipstation.com", Version.V2: "https://api.shipstation.com"}
# The first is the default. What holds the channel's own order id, and what its own line id.
ORDER_REFERENCES = {Version.V1: ("orderKey", "orderNumber"), Version.V2: ("external_order_id", "shipment_number")}
LINE_REFERENCES = {Version.V1: ("lineItemKey", "sku"), Version.V2: ("external_order_item_id", "sku")}


def _pairs(text: str) -> dict[str, str]:
    """'12345=shopify,678=ebay' as a mapping."""
    split = [entry.split("=") for entry in text.split(",")] if text.strip() else []
    if any(len(entry) != 2 or not entry[0].strip() or not entry[1].strip() for entry in split):
        raise ValueError("must be written as id=name,id=name")
    found = {left.strip(): right.strip() for left, right in split}
    if len(found) < len(split):
        raise ValueError("names one id twice")
    return found


def _checked_pairs(text: str) -> str:
    _pairs(text)
    return text


def _checked_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError("must be a time zone such as America/Los_Angeles") from error
    return name


Pairs = Annotated[str, Field(max_length=4000), AfterValidator(_checked_pairs)]


class Connection(Strict):
    """`stores`: ShipStation store id=channel of the hub, `*` for all others; `warehouses`: id=location.

    `line_reference` "sku" is for channels whose own line ids ShipStation does not keep. `time_zone` is that of
    V1's times, which carry none.
    """

    api_version: Version
    api_url: BaseUrl | None = None
    stores: Annotated[Pairs, Field(min_length=1)]
    warehouses: Pairs = ""
    order_reference: str | None = None
    line_reference: str | None = None
    time_zone: Annotated[str, Field(max_length=64), AfterValidator(_checked_zone)] = "America/Los_Angeles"

    @model_validator(mode="after")
    def _suits_its_version(self) -> Self:
        own = urlsplit(self.base)
        # Credentials are sent there unasked, so that it is held to the allow-list of the webhooks.
        if own.path or not is_allowed(own, self):
            raise ValueError("api_url must be ShipStation's own, without a path")
        for name, known in (("order_reference", ORDER_REFERENCES), ("line_reference", LINE_REFERENCES)):
            if getattr(self, name) not in (None, *known[self.api_version]):
                raise ValueError(f"{name} must be one of {', '.join(known[self.api_version])}")
        return self

    @property
    def base(self) -> str:
        return self.api_url or API_URLS[self.api_version]

    @property
    def is_loopback(self) -> bool:
        return urlsplit(self.base).hostname in LOOPBACK

    @property
    def order_field(self) -> str:
        return self.order_reference or ORDER_REFERENCES[self.api_version][0]

    @property
    def knows_lines(self) -> bool:
        return self.line_reference != "sku"

    def channel(self, store_id: str | None, field: str) -> str:
        stores = _pairs(self.stores)
        found = stores.get(store_id or "", stores.get("*"))
        if found is None:
            problem = f"store {store_id} stands for no channel" if store_id else "no store is named"
            raise UnreadableOrder(
                field, problem, "add it to stores in the channel's settings, such as 123=own-store"
            )
        return found

    def location(self, warehouse_id: str | None) -> str | None:
        return _pairs(self.warehouses).get(warehouse_id or "")


def is_allowed(parts: SplitResult, connection: Connection) -> bool:
    """May credentials go there? Compared as a whole, so that a user, a port or a dot more is another host."""
    host = parts.netloc.lower()
    if parts.scheme == "https" and HOSTS[connection.api_version].fullmatch(host.removesuffix(":443")):
        return True
    own = urlsplit(connection.base)
    return connection.is_loopback and (parts.scheme, host) == (own.scheme, own.netloc.lower())


Credential = Annotated[str, Field(pattern=r"^[!-9;-~]{1,200}$", repr=False)]  # No colon: it parts the two in Basic.
WebhookToken = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{32,200}$")]


class SecretV1(Strict):
    """`webhook_tokens`: what `?token=` of the webhook's address may be, two while it changes."""

    model_config = ConfigDict(hide_input_in_errors=True)

    api_key: Credential
    api_secret: Credential
    webhook_tokens: Annotated[tuple[WebhookToken, ...], Field(min_length=1, max_length=2, repr=False)]


class SecretV2(Strict):
    """ShipStation signs with keys of its own, so there is no webhook secret to rotate."""

    model_config = ConfigDict(hide_input_in_errors=True)

    api_key: Credential


class Secret(RootModel[SecretV1 | SecretV2]):
    """The one that the connection's `api_version` asks for."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

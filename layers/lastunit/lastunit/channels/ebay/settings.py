"""What the hub must know to talk to eBay: its settings, its secret, the ids of a listing, its limits."""

from typing import Annotated

from pydantic import ConfigDict, Field

from lastunit.channels.shared.settings_fields import BaseUrl, ShortText, Strict
from lastunit.domain.listings.push_protocol import Limits

BATCH_MAX = 25
# 2,000,000 inventory calls a day are 23 a second, for the whole application and its reads as well. Ten of 25 SKUs
# each tell 250 listings a second and leave more than half of the day's calls. A listing revised 250 times on one
# calendar day is blocked until the next.
LIMITS = Limits(calls_per_second=10, burst=20, daily_revisions=250)

Credential = Annotated[str, Field(min_length=1, max_length=4096, repr=False)]


class Connection(Strict):
    """`webhook_url` is hashed into the challenge, so it is kept byte for byte as it was registered."""

    api_url: BaseUrl = "https://api.ebay.com"
    webhook_url: Annotated[str, Field(pattern=r"^https?://\S+$", max_length=200)]
    seller_id: ShortText | None = None
    marketplace_id: Annotated[str, Field(pattern=r"^EBAY_[A-Z_]{2,30}$")] = "EBAY_US"


class Secret(Strict):
    """eBay signs with keys of its own, so there is no webhook secret to rotate; the token serves the challenge."""

    model_config = ConfigDict(hide_input_in_errors=True)

    verification_token: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{32,80}$", repr=False)]
    client_id: Credential
    client_secret: Credential
    refresh_token: Credential


class Refs(Strict):
    """`offer_id`: the published offer, which caps the listing. `merchant_location_key`: the seller's place."""

    offer_id: Annotated[str, Field(pattern=r"^[0-9]{1,20}$")] | None = None
    merchant_location_key: ShortText | None = None

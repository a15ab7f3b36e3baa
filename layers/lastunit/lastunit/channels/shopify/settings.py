"""What the hub must know to talk to a Shopify shop: its settings, its secret, the ids of a listing, its limits."""

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

from lastunit.channels.shared.settings_fields import BaseUrl, Strict
from lastunit.domain.listings.push_protocol import Limits

# Standard plan: 100 points a second into a bucket of 2,000, and some 12 points a mutation: 8 calls a second, 160 at
# once. Half of that, because reading 250 numbers back costs up to 750 points, and polls draw on the same bucket.
# What a call really cost is told by its answer, and a call too many by Throttled.
LIMITS = Limits(calls_per_second=4.0, burst=80)
BATCH_MAX = 250  # Shopify refuses any longer input array.

OLDEST_API_VERSION = "2026-01"  # The first with changeFromQuantity and @idempotent.
LOCATION_FORM = "[0-9]{1,19}=[a-z0-9][a-z0-9-]{0,31}"


def _recent(version: str) -> str:
    if version < OLDEST_API_VERSION:
        raise ValueError(f"must be {OLDEST_API_VERSION} or later")
    return version


def _our_locations(text: Any) -> Any:
    """Shopify's location id → our name of the location."""
    if not isinstance(text, str):
        return text
    entries = [entry.strip() for entry in text.split(",")] if text.strip() else []
    if not all(re.fullmatch(LOCATION_FORM, entry) for entry in entries):
        raise ValueError("must be written as 905684977=montreal,124656943=laval")
    found = dict(entry.split("=") for entry in entries)
    if len(found) < len(entries):
        raise ValueError("names one of Shopify's locations twice")
    return found


class Connection(Strict):
    """`locations`: Shopify's location id=ours, such as `905684977=montreal,124656943=laval`."""

    shop_url: BaseUrl
    shop_domain: Annotated[str, Field(pattern=r"^[A-Za-z0-9.-]{1,200}$"), AfterValidator(str.lower)]
    api_version: Annotated[str, Field(pattern=r"^[0-9]{4}-(01|04|07|10)$"), AfterValidator(_recent)] = "2026-10"
    locations: Annotated[Mapping[str, str], BeforeValidator(_our_locations)] = {}


SecretText = Annotated[SecretStr, Field(min_length=1, max_length=500)]


class Secret(Strict):
    """Two webhook secrets are active while the app's client secret is being rotated."""

    webhook_secrets: Annotated[list[SecretText], Field(min_length=1, max_length=2)]
    access_token: SecretText


class Refs(Strict):
    """Malformed ids are caught here, because Shopify would refuse the whole call for one of them."""

    inventory_item_id: Annotated[str, Field(pattern=r"^gid://shopify/InventoryItem/[0-9]{1,19}$")]
    location_id: Annotated[str, Field(pattern=r"^gid://shopify/Location/[0-9]{1,19}$")]

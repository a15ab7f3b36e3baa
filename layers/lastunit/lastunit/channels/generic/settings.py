"""What the hub must know to talk to a store: its settings, its secret, and the ids of a listing."""

from typing import Annotated

from pydantic import ConfigDict, Field

from lastunit.channels.shared.settings_fields import BaseUrl, ShortText, Strict
from lastunit.standard_webhooks import SigningSecret


class Connection(Strict):
    """`location` is the store's own name of the place whose quantity the hub sets."""

    base_url: BaseUrl
    location: ShortText = "main"
    calls_per_second: Annotated[float, Field(ge=0.1, le=1000)] = 10


class Secret(Strict):
    """`webhook_secrets`: what the store signs with, two while it changes from one to the other."""

    model_config = ConfigDict(hide_input_in_errors=True)

    webhook_secrets: list[SigningSecret] = Field(min_length=1, max_length=2, repr=False)
    push_secret: SigningSecret = Field(repr=False)


class Refs(Strict):
    """A listing needs none; `location` overrides the one of the connection."""

    location: ShortText | None = None

"""What was asked for and is done soon: overwrites of a channel, a listing or a SKU, and reading a channel back."""

from functions.api.schemas.common import Answer


class ChannelAcceptedOut(Answer):
    """Every listing of the channel is overwritten, or read back, soon."""

    channel: str


class ListingAcceptedOut(Answer):
    """The listing is overwritten soon."""

    channel: str
    listing: str


class SkuAcceptedOut(Answer):
    """The SKU is overwritten soon on all channels but those in `not_pushed`, which may not be pushed."""

    sku: str
    not_pushed: list[str]

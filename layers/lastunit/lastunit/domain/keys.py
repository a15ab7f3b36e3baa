"""What things are named by: keys as named tuples that print and parse themselves."""

from typing import NamedTuple


class OrderKey(NamedTuple):
    """An order as its channel names it. As text `channel:external id`: channel names hold no colon."""

    channel: str
    external_id: str

    def __str__(self) -> str:
        return f"{self.channel}:{self.external_id}"

    @classmethod
    def parse(cls, text: str) -> "OrderKey":
        """The first colon divides; without one the external id is empty, and no order has that."""
        channel, _, external_id = text.partition(":")
        return cls(channel, external_id)


class LevelKey(NamedTuple):
    """The stock of one SKU at one location."""

    sku: str
    location: str


class ListingKey(NamedTuple):
    """A SKU as one channel lists it; `name` is the channel's own name of the listing."""

    sku: str
    channel: str
    name: str


class AllocationKey(NamedTuple):
    """Units of one line that are allocated at one location."""

    line_id: str
    sku: str
    location: str

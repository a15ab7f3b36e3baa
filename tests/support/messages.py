"""Queue messages as tests write and read them."""

import json
from typing import Any

from lastunit.ports.system import Message
from lastunit.use_cases.messages import PushListingMessage


def content(message: Message) -> dict[str, Any]:
    """What a queue holds of it."""
    found: dict[str, Any] = json.loads(message.to_json())
    return found


def push(listing: str, channel: str = "web", sku: str | None = None, **more: Any) -> PushListingMessage:
    """A push of one listing, whose SKU has the same name unless another is given."""
    return PushListingMessage(sku=sku or listing, channel=channel, listing=listing, **more)

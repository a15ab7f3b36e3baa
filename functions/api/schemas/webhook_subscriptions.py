"""Webhook subscriptions: the merchant's own addresses that business events are sent to."""

from typing import Annotated, Literal

from pydantic import Field, StrictBool

from functions.api.schemas.common import Answer, Body
from lastunit.domain.events.subscriptions import URL_MAX_CHARS, WebhookSubscription


class WebhookSubscriptionIn(Body):
    """`types`: the types of business events to send there, or their beginnings (`order.`); empty means all."""

    url: Annotated[str, Field(min_length=1, max_length=URL_MAX_CHARS)]
    types: Annotated[list[Annotated[str, Field(min_length=1, max_length=50)]], Field(max_length=50)] = Field(
        default_factory=list
    )
    enabled: StrictBool = True

    def subscription(self, name: str) -> WebhookSubscription:
        return WebhookSubscription(name=name, url=self.url, types=tuple(self.types), enabled=self.enabled)


class WebhookSubscriptionOut(Answer):
    """An address and the types of business events that are sent there; none named: all."""

    name: str
    url: str
    types: list[str]
    enabled: bool

    @classmethod
    def of(cls, subscription: WebhookSubscription) -> "WebhookSubscriptionOut":
        return cls(
            name=subscription.name,
            url=subscription.url,
            types=list(subscription.types),
            enabled=subscription.enabled,
        )


class WebhookSubscriptionDeletedOut(Answer):
    """What is on its way there is dropped."""

    name: str
    deleted: Literal[True]

"""Routes of webhook subscriptions: the merchant's own addresses that business events are sent to."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Path
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from functions.api.schemas.common import Name
from functions.api.schemas.webhook_subscriptions import (
    WebhookSubscriptionDeletedOut,
    WebhookSubscriptionIn,
    WebhookSubscriptionOut,
)
from lastunit.bootstrap import hub

router = APIGatewayHttpRouter()

SubscriptionName = Annotated[Name, Path()]


@router.get("/webhook-subscriptions")
def get_all() -> list[WebhookSubscriptionOut]:
    return [WebhookSubscriptionOut.of(subscription) for subscription in hub().configure_webhooks.all()]


@router.get("/webhook-subscriptions/<subscription>")
def get_one(subscription: SubscriptionName) -> WebhookSubscriptionOut:
    return WebhookSubscriptionOut.of(hub().configure_webhooks.get(subscription))


@router.put("/webhook-subscriptions/<subscription>")
def put(subscription: SubscriptionName, body: WebhookSubscriptionIn) -> WebhookSubscriptionOut:
    """Its signing secret is the operator's to store, before or after: until then deliveries are tried again."""
    saved = body.subscription(subscription)
    hub().configure_webhooks.put(saved)
    return WebhookSubscriptionOut.of(saved)


@router.delete("/webhook-subscriptions/<subscription>")
def delete(subscription: SubscriptionName) -> WebhookSubscriptionDeletedOut:
    """What is on its way there is dropped."""
    hub().configure_webhooks.delete(subscription)
    return WebhookSubscriptionDeletedOut(name=subscription, deleted=True)

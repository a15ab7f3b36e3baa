"""Routes of outgoing webhooks: the merchant's own addresses that announcements are sent to."""

from dataclasses import asdict
from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Path
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from functions.api.models import Name, OutgoingWebhookIn
from lastunit.bootstrap import hub
from lastunit.domain.outgoing import OutgoingWebhook

router = APIGatewayHttpRouter()


@router.get("/outgoing-webhooks")
def get_all() -> list[dict[str, Any]]:
    return [asdict(webhook) for webhook in hub().configure_webhooks.all()]


@router.get("/outgoing-webhooks/<webhook>")
def get_one(webhook: Annotated[Name, Path()]) -> dict[str, Any]:
    return asdict(hub().configure_webhooks.get(webhook))


@router.put("/outgoing-webhooks/<webhook>")
def put(webhook: Annotated[Name, Path()], body: OutgoingWebhookIn) -> dict[str, Any]:
    """Its signing secret is the operator's to store, before or after: until then deliveries are tried again."""
    made = OutgoingWebhook(webhook, body.url, tuple(body.types), body.enabled)
    hub().configure_webhooks.put(made)
    return asdict(made)


@router.delete("/outgoing-webhooks/<webhook>")
def delete(webhook: Annotated[Name, Path()]) -> dict[str, Any]:
    """What is on its way to it is dropped."""
    hub().configure_webhooks.delete(webhook)
    return {"name": webhook, "deleted": True}

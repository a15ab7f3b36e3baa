"""Routes of what waits for a person: one list, with what can be done about each, and the way to resolve it."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from pydantic import Field

from functions.api.models import ResolutionIn
from lastunit.bootstrap import hub
from lastunit.domain.remedies import remedy

router = APIGatewayHttpRouter()


@router.get("/waiting/<kind>")
def get_waiting(
    kind: Annotated[str, Path(pattern="^(recorded|requested|exception|replenish|low_stock)$")],
    limit: Annotated[int, Query(), Field(ge=1, le=100)] = 50,
) -> list[dict[str, Any]]:
    """Orders, exceptions and tasks that wait for a person, oldest first, each with its remedy."""
    return [row | {"remedy": remedy(row)} for row in hub().exceptions.waiting(kind, limit)]


@router.post("/exceptions/<exception_id>/resolution")
def resolve(exception_id: Annotated[str, Path(pattern="^[0-9a-f]{24}$")], body: ResolutionIn) -> dict[str, Any]:
    """With `retry` the notification is processed once more; if it fails again, the exception waits again."""
    hub().resolve_exception(exception_id, body.by, retry=body.retry)
    return {"exception_id": exception_id, "resolved_by": body.by, "retried": body.retry}

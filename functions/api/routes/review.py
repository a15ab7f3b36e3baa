"""Routes of review: what waits for a person, with what can be done about each, and the way to resolve it."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from pydantic import Field

from functions.api.schemas.review import ResolutionIn, ResolutionOut, ReviewItemOut, review_item
from lastunit.bootstrap import hub
from lastunit.domain.review import ReviewKind

router = APIGatewayHttpRouter()

ExceptionId = Annotated[str, Path(pattern="^[0-9a-f]{24}$")]
Limit = Annotated[int, Query(), Field(ge=1, le=100)]


@router.get("/review/<kind>")
def get_review(kind: Annotated[ReviewKind, Path()], limit: Limit = 50) -> list[ReviewItemOut]:
    """Oldest first."""
    return [review_item(item) for item in hub().exceptions.review(kind, limit)]


@router.post("/exceptions/<exception_id>/resolution")
def resolve(exception_id: ExceptionId, body: ResolutionIn) -> ResolutionOut:
    """With `retry` the notification is processed once more; if it fails again, the exception waits again."""
    hub().resolve_exception.resolve(exception_id, body.by, retry=body.retry)
    return ResolutionOut(exception_id=exception_id, resolved_by=body.by, retried=body.retry)

"""The log entry of an error that nobody expected."""

import traceback
import uuid
from typing import Any

from aws_lambda_powertools import Logger

REFERENCE_CHARACTERS = 12


def report_error(error: Exception) -> str:
    """Its own message is left out, since it may quote an order; so are the values of the lines that were run."""
    reference = uuid.uuid4().hex[:REFERENCE_CHARACTERS]
    fields: dict[str, Any] = {"reference": reference, "type": type(error).__name__, "places": _places(error)}
    Logger().error("unexpected error", **fields)
    return reference


def _places(error: BaseException) -> list[str]:
    """Outermost first, then those of the error it came from."""
    frames = traceback.extract_tb(error.__traceback__)
    places = [f"{frame.filename.rpartition('lastunit/')[2]}:{frame.lineno} {frame.name}" for frame in frames]
    cause = error.__cause__ or error.__context__
    return [*places, f"from {type(cause).__name__}", *_places(cause)] if cause else places

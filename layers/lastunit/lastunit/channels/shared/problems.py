"""What pydantic found wrong, as the hub tells it: one field, named as `lines[0].sku`, and the problem."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from pydantic import ValidationError

from lastunit.domain.errors import UnreadableOrder

if TYPE_CHECKING:
    from pydantic import BaseModel

type Path = tuple[str | int, ...]


def field_path(path: Iterable[str | int]) -> str:
    """Names of fields with dots between them, places in a list in brackets."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return "".join(parts).removeprefix(".")


def first_problem(error: ValidationError, place: Path = ()) -> tuple[str, str]:
    """The field below `place`, and the problem. What was sent is never repeated: it may be personal data."""
    first = error.errors(include_input=False, include_context=False, include_url=False)[0]
    return field_path((*place, *first["loc"])), first["msg"].removeprefix("Value error, ")


def readable[Model: "BaseModel"](
    model: type[Model], content: object, place: Path = (), whole: str = "order", remedy: str = ""
) -> Model:
    """`content` as the model: bytes as JSON. Raises UnreadableOrder; `whole` names it where no field is wrong."""
    try:
        if isinstance(content, bytes):
            return model.model_validate_json(content)
        return model.model_validate(content)
    except ValidationError as error:
        field, problem = first_problem(error, place)
        raise UnreadableOrder(field or whole, problem, remedy) from error

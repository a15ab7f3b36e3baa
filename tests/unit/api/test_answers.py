"""What the JSON API publishes: each route has a model of its answer, and docs/api.md documents exactly its keys."""

import dataclasses
import types
from collections.abc import Iterator, Mapping
from datetime import datetime
from enum import Enum
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import pytest
from aws_lambda_powertools.event_handler import Response

from functions.api.handler import app
from functions.api.schemas.channels import SettingsVersionOut
from functions.api.schemas.common import Answer
from tests.support import documented_api
from tests.support.documented_api import Documented, Key

PRIVATE = {
    *("pk", "sk", "rev", "seq", "sequence", "saved", "act", "waiting", "payload"),
    *("commit", "commit_id", "fingerprints", "revision", "reminded", "on_request"),
    *("claimed_until", "granted", "booked", "doubt_until", "may_apply_until", "observed", "last_reading"),
    *("observed_poll", "settling", "awaiting_poll", "pace", "sales_rate", "rising", "increments"),
    *("acknowledged_sold", "acknowledged_regrown", "in_flight_sold", "channel_version", "revised_on", "revisions"),
    "daily_revisions",
}
"""Names of table keys, row attributes and private states, of today and of earlier days."""

PLAIN = {str, int, float, bool, datetime, type(None)}


def annotations() -> Mapping[tuple[str, str], Any]:
    """(method, path) → what the route's function says it answers, the status left out."""
    found = dict[tuple[str, str], Any]()
    for route in [*app._static_routes, *app._dynamic_routes]:
        hint = get_type_hints(route.func, include_extras=True).get("return")
        path = route.path.replace("<", "{").replace(">", "}")
        found[route.method if isinstance(route.method, str) else route.method[0], path] = (
            get_args(hint)[0] if get_origin(hint) is Response else hint
        )
    return found


def bare(hint: Any) -> Any:
    while get_origin(hint) is Annotated:
        hint = get_args(hint)[0]
    return hint


def is_union(hint: Any) -> bool:
    return get_origin(hint) in (types.UnionType, Union)


def is_model(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, Answer)


def leaves(hint: Any) -> Iterator[Any]:
    """The types an annotation is made of, inside lists, objects and unions."""
    hint = bare(hint)
    if get_origin(hint) is Literal or not get_args(hint):
        yield hint
    else:
        yield from (leaf for part in get_args(hint) for leaf in leaves(part))


def models() -> Mapping[str, type[Answer]]:
    """Shape → model, of all answers and their parts."""
    found, open_ = dict[str, type[Answer]](), list(annotations().values())
    while open_:
        for leaf in leaves(open_.pop()):
            if is_model(leaf) and shape(leaf) not in found:
                found[shape(leaf)] = leaf
                open_ += [field.annotation for field in leaf.model_fields.values()]
    return found


def shape(model: type[Answer]) -> str:
    return model.__name__.removesuffix("Out")


def documented(hint: Any) -> Documented:
    hint = bare(hint)
    is_list = get_origin(hint) is list
    return Documented(tuple(shape(leaf) for leaf in leaves(hint)), is_list)


def key(hint: Any) -> Key:
    found = [shape(leaf) for leaf in leaves(hint) if is_model(leaf)]
    may_be_null = is_union(bare(hint)) and type(None) in get_args(bare(hint))
    return Key(may_be_null, next(iter(found), None), bool(found) and get_origin(bare(hint)) in (list, dict))


def test_every_route_has_a_model_of_its_answer() -> None:
    without = [route for route, hint in annotations().items() if not all(is_model(leaf) for leaf in leaves(hint))]

    assert annotations()
    assert [] == without


def test_the_routes_and_their_shapes_are_those_of_the_documentation() -> None:
    assert documented_api.routes() == {route: documented(hint) for route, hint in annotations().items()}


def test_the_shapes_and_their_keys_are_those_of_the_documentation() -> None:
    fields = {
        name: {field: key(content.annotation) for field, content in model.model_fields.items()}
        for name, model in models().items()
    }

    assert set(documented_api.shapes()) == set(fields)
    for name, keys in documented_api.shapes().items():
        assert (name, keys) == (name, fields[name])


@pytest.mark.parametrize("name", sorted(models()))
def test_no_answer_has_a_table_key_a_row_attribute_or_a_private_state(name: str) -> None:
    assert set() == PRIVATE & set(models()[name].model_fields)


@pytest.mark.parametrize("name", sorted(models()))
def test_an_answer_is_made_of_models_and_plain_values_and_of_nothing_of_the_domain(name: str) -> None:
    """Else a field added in the domain would be published by itself."""
    model = models()[name]
    # Settings of a channel before and after an edit: numbers, words and lists, by the names that Channel has.
    open_fields = {"before", "after"} if model is SettingsVersionOut else set[str]()
    parts = {
        leaf
        for field, content in model.model_fields.items()
        if field not in open_fields
        for leaf in leaves(content.annotation)
    }

    assert [] == [part for part in parts if not is_model(part) and not is_plain(part)]
    assert not [part for part in parts if dataclasses.is_dataclass(part)]


def is_plain(part: Any) -> bool:
    return part in PLAIN or get_origin(part) is Literal or (isinstance(part, type) and issubclass(part, Enum))


@pytest.mark.parametrize("name", sorted(models()))
def test_an_answer_takes_no_field_that_its_model_does_not_name(name: str) -> None:
    assert "forbid" == models()[name].model_config.get("extra")

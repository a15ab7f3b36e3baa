"""Calls to the API's handler, as API Gateway makes them, in a small shop."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

import pytest

from functions.api.handler import handler
from tests.support import documented_api
from tests.support.aws.deployment import Deployment, context, deployed, http_event

STORE = {"kind": "generic", "connection": {"base_url": "https://store.example/api"}}


class ApiClient:
    """Calls the handler as API Gateway does; what succeeds must have the keys that docs/api.md says.

    `met`: method and path of each call that succeeded.
    """

    def __init__(self, deployment: Deployment) -> None:
        self.deployment, self.met = deployment, set[tuple[str, str]]()

    def call(self, method: str, path: str, content: object = None, query: dict[str, str] | None = None) -> Any:
        body = content if isinstance(content, str) else json.dumps(content)
        event = http_event(method, path, None if content is None else body, query=query)
        answer = handler(event, context())
        status, found = answer["statusCode"], json.loads(answer["body"] or "null")
        if status < HTTPStatus.BAD_REQUEST:
            self.met.add((method, path))
            problems = documented_api.problems(method, path, found)
            assert not problems, problems
        return status, found

    def get(self, path: str, **query: str) -> Any:
        return self.call("GET", path, query=query)

    def put(self, path: str, content: object) -> Any:
        return self.call("PUT", path, content)

    def post(self, path: str, content: object = None) -> Any:
        return self.call("POST", path, content)

    def adjust(self, **fields: object) -> Any:
        base = {"operation": "op-1", "reason": "receive", "sku": "shirt", "location": "montreal"}
        return self.post("/adjustments", base | fields)

    def order(self, quantity: int = 1, order_id: str = "1", sku: str = "shirt", **fields: object) -> Any:
        lines = [{"line_id": "1", "sku": sku, "quantity": quantity}]
        base = {"channel": "web", "order_id": order_id, "version": 1, "lines": lines}
        return self.post("/orders", base | fields)

    def turn_on(self, channel: str) -> None:
        """See the rehearsal to its end, then let the channel be told its numbers."""
        page = self.get(f"/channels/{channel}/rehearsal")[1]
        while page["next"]:
            page = self.get(f"/channels/{channel}/rehearsal", after=page["next"])[1]
        assert (
            self.put(f"/channels/{channel}/outbound", {"on": True, "rehearsed_version": page["rehearsed_version"]})[
                0
            ]
            == 200
        )

    def level(self) -> dict[str, Any]:
        _, view = self.get("/skus/shirt")
        found: dict[str, Any] = next(level for level in view["levels"] if level["location"] == "montreal")
        return found


def refused(answer: tuple[int, dict[str, Any]]) -> tuple[int, object]:
    """The status and the field at fault."""
    return answer[0], answer[1].get("field")


@contextmanager
def opened(monkeypatch: pytest.MonkeyPatch) -> Iterator[ApiClient]:
    """A shirt, five of them in montreal, sold by the merchant's own store, which is told so, under its own name."""
    with deployed(monkeypatch) as deployment:
        client = ApiClient(deployment)
        for path, content in (
            ("/locations/montreal", {"rank": 1}),
            ("/skus/shirt", {}),
            ("/channels/web", STORE),
            ("/channels/web/listings/shirt", {"sku": "shirt"}),
        ):
            assert client.put(path, content)[0] == 200, path
        assert client.adjust(operation="opening", quantity=5)[0] == 200
        assert client.put("/channels/web/outbound", {"on": True, "rehearsed_version": "v1"})[0] == 200
        yield client

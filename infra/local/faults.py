"""A fault proxy (microburst) between the functions and the stack: throttling, lost answers, broken connections."""

import json
import urllib.request
from contextlib import closing
from typing import Any, Self
from urllib.parse import urlsplit

from infra.local.process import Server
from infra.local.tools import LOOPBACK, reserve_port

Rule = dict[str, Any]


def lost_answer(operation: str, *, times: int = 1, service: str = "dynamodb") -> Rule:
    """The call takes effect, and the connection breaks before its caller learns so."""
    return {"service": service, "operation": operation, "times": times, "response": {"abort_bytes": 1}}


def refused(operation: str, code: str, *, times: int = 1, service: str = "dynamodb") -> Rule:
    """The call takes no effect and is answered with this AWS error."""
    return {"service": service, "operation": operation, "times": times, "error": {"code": code}}


class FaultProxy:
    """Passes everything on to `upstream` until it is given rules; see microburst's README for their form."""

    def __init__(self, upstream: str) -> None:
        with closing(reserve_port()) as reservation:
            port = reservation.getsockname()[1]
            self.endpoint = f"http://{LOOPBACK}:{port}"
            arguments = ["--host", LOOPBACK, "--port", str(port), "--upstream", upstream, "--no-resign"]
            self._server = Server(f"faults-{urlsplit(upstream).port}", ["infra.local.fault_server", *arguments], {})
            try:
                self._server.wait_ready(f"{self.endpoint}/_microburst/health")
            except BaseException:
                self._server.stop()
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop()

    def inject(self, *rules: Rule) -> None:
        """Added to the rules that are already there."""
        self._control("PATCH", "rules", list(rules))

    def clear(self) -> None:
        """No rules, and nothing remembered of what they did."""
        self._control("POST", "rules", [])
        self._control("DELETE", "fired")

    def fired(self) -> list[dict[str, Any]]:
        """Every fault that struck: service, operation and action."""
        events: list[dict[str, Any]] = self._control("GET", "fired?limit=10000")
        return events

    def _control(self, method: str, path: str, payload: object = None) -> Any:
        body = None if payload is None else json.dumps(payload).encode()
        url = f"{self.endpoint}/_microburst/{path}"
        request = urllib.request.Request(url, body, {"content-type": "application/json"}, method=method)  # noqa: S310 - http on loopback
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - as above
            return json.loads(answer.read())

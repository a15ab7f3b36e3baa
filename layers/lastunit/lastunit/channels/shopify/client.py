"""Shopify's Admin GraphQL API: one call, and what its answers mean as a whole."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from lastunit.channels.shared.bisect import MESSAGE_MAX
from lastunit.channels.shared.http_status import check_success
from lastunit.channels.shared.retry_after import PAUSE_DEFAULT_SECONDS, bounded
from lastunit.domain.errors import ChannelUnavailable, OutcomeUnknown, Throttled
from lastunit.ports.system import Clock, HttpClient

THROTTLED = "THROTTLED"


class Wire(BaseModel):
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)


class _ThrottleStatus(Wire):
    currentlyAvailable: float = 0.0
    restoreRate: float = 0.0


class _Cost(Wire):
    requestedQueryCost: float | None = None
    throttleStatus: _ThrottleStatus = _ThrottleStatus()


class _Extensions(Wire):
    cost: _Cost = _Cost()


class _ErrorExtensions(Wire):
    code: str = "no code"


class _Error(Wire):
    path: list[str | int] | None = None
    extensions: _ErrorExtensions = _ErrorExtensions()


class Envelope(Wire):
    data: dict[str, Any] | None = None
    errors: list[_Error] = []
    extensions: _Extensions = _Extensions()

    def check(self) -> None:
        codes = {error.extensions.code for error in self.errors}
        if THROTTLED in codes:
            raise Throttled(_restore_seconds(self.extensions.cost))
        if codes:
            raise ChannelUnavailable(f"Shopify refused the call: {', '.join(sorted(codes))[:MESSAGE_MAX]}")

    def code_at(self, field: str) -> str | None:
        """Why this field of the answer is missing, where Shopify says so."""
        return next((error.extensions.code for error in self.errors if (error.path or [""])[0] == field), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Admin:
    """One shop's GraphQL endpoint."""

    url: str
    token: str = field(repr=False)
    http: HttpClient = field(repr=False)
    clock: Clock = field(repr=False)

    def call(self, query: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        """The `data` of an answer without errors; every other answer is raised."""
        envelope = self.ask(query, variables)
        envelope.check()
        return envelope.data or {}

    def ask(self, query: str, variables: Mapping[str, Any]) -> Envelope:
        """For mutations of which some may have taken effect although others failed."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        headers = {"X-Shopify-Access-Token": self.token, "Content-Type": "application/json"}
        response = self.http.request("POST", self.url, headers=headers, body=body)
        check_success(response, self.clock.now(), "Shopify", "renew the access token in the channel's secret")
        return understood(Envelope, response.body)


def understood[T: BaseModel](model: type[T], answer: bytes | Mapping[str, Any]) -> T:
    try:
        if isinstance(answer, bytes):
            return model.model_validate_json(answer)
        return model.model_validate(answer)
    except ValidationError as error:
        raise OutcomeUnknown("Shopify's answer cannot be understood") from error


def _restore_seconds(cost: _Cost) -> float:
    status = cost.throttleStatus
    if cost.requestedQueryCost is None or not status.restoreRate > 0:
        return PAUSE_DEFAULT_SECONDS
    return bounded((cost.requestedQueryCost - status.currentlyAvailable) / status.restoreRate)

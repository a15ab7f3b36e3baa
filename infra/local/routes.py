"""Create the HTTP API's routes: ministack does not read the OpenAPI body that SAM's events become."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from infra.local.tools import ACCOUNT, REGION, StackError

ANY_METHOD = "x-amazon-apigateway-any-method"
INTEGRATION = "x-amazon-apigateway-integration"
FUNCTION = re.compile(r"\$\{(\w+)\.Arn}")


@dataclass(frozen=True, slots=True)
class Route:
    key: str  # as API Gateway writes it: "POST /webhooks/{channel}"
    function: str  # logical id
    authorization: str  # NONE or AWS_IAM


def create_routes(gateway: Any, api_id: str, template: Mapping[str, Any], functions: Mapping[str, str]) -> None:
    routes = list(routes_of(template))
    targets = {
        name: _integration(gateway, api_id, functions[name]) for name in {route.function for route in routes}
    }
    for route in routes:
        gateway.create_route(
            ApiId=api_id,
            RouteKey=route.key,
            Target=f"integrations/{targets[route.function]}",
            AuthorizationType=route.authorization,
        )


def routes_of(template: Mapping[str, Any]) -> Iterator[Route]:
    """From a template after SAM's transform."""
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::ApiGatewayV2::Api":
            yield from _api_routes(resource["Properties"]["Body"])


def _api_routes(body: Mapping[str, Any]) -> Iterator[Route]:
    schemes = body.get("components", {}).get("securitySchemes", {})
    for path, methods in body["paths"].items():
        for method, operation in methods.items():
            verb = "ANY" if method == ANY_METHOD else method.upper()
            yield Route(f"{verb} {path}", _function(operation), _authorization(operation, schemes))


def _function(operation: Mapping[str, Any]) -> str:
    uri = json.dumps(operation[INTEGRATION]["uri"])
    match = FUNCTION.search(uri)
    if match is None:
        raise StackError(
            f"A route does not lead to a function but to {uri}: infra/local/routes.py must learn that."
        )
    return match[1]


def _authorization(operation: Mapping[str, Any], schemes: Mapping[str, Any]) -> str:
    wanted = {name for entry in operation.get("security", []) for name in entry} - {"NONE"}
    if not wanted:
        return "NONE"
    if any(schemes[name].get("x-amazon-apigateway-authtype") != "awsSigv4" for name in wanted):
        raise StackError(f"Routes with the authorizer {wanted} are not created yet: see infra/local/routes.py.")
    return "AWS_IAM"


def _integration(gateway: Any, api_id: str, function: str) -> str:
    created: dict[str, str] = gateway.create_integration(
        ApiId=api_id,
        IntegrationType="AWS_PROXY",
        IntegrationUri=f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{function}",
        PayloadFormatVersion="2.0",
    )
    return created["IntegrationId"]

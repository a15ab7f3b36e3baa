"""The whole application on this machine: the real template, deployed to an emulator of AWS."""

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cached_property
from typing import Any, Self

import boto3
from botocore.config import Config

from infra.local.api import Answer, call
from infra.local.build import build
from infra.local.deploy import deploy
from infra.local.faults import FaultProxy
from infra.local.process import Server
from infra.local.routes import create_routes
from infra.local.sam_local import write_sam_local
from infra.local.tools import (
    LOOPBACK,
    REGION,
    StackError,
    aws_environment,
    check_tools,
    host_architecture,
    reserve_port,
    wanted_port,
)

Say = Callable[[str], None]

STACK_NAME = "lastunit"
EMULATOR_SETTINGS = {
    # Its listeners for MQTT and SFTP have fixed ports, on which two stacks would meet.
    "IOT_MTLS_ENABLED": "0",
    "SFTP_ENABLED": "0",
    # It removes containers that it takes for its own, so it must not see a Docker daemon.
    "DOCKER_HOST": "unix:///nonexistent",
    "MINISTACK_HOST": LOOPBACK,
    "MINISTACK_REGION": REGION,
    "PYTHONUNBUFFERED": "1",
}


def silent(_: str) -> None:
    """Say nothing."""


class LocalStack:
    """Running from `with LocalStack() as stack:` to the end of the block, or of this process if that comes first.

    With `enforce_iam` the functions may do only what their policies in the template allow.
    """

    def __init__(
        self,
        *,
        port: int | None = None,
        functions_endpoint: str | None = None,
        enforce_iam: bool = True,
        say: Say = silent,
    ) -> None:
        self._port = port or wanted_port()
        self._functions_endpoint = functions_endpoint
        self._enforce_iam = enforce_iam
        self._say = say
        self._server: Server | None = None
        self._proxies = ExitStack()
        self.endpoint = ""
        self.url = ""
        self.outputs: dict[str, str] = {}
        self.functions: dict[str, str] = {}  # logical id -> name

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        began = time.monotonic()
        check_tools()
        with reserve_port(self._port) as reservation:
            port = reservation.getsockname()[1]
            self.endpoint = f"http://{LOOPBACK}:{port}"
            server = self._server = self._start_emulator(port)
            self._say("Building the functions and the layer …")
            built = build(host_architecture())
            server.wait_ready(f"{self.endpoint}/_ministack/health")
        self._say(f"Deploying template.yaml to {self.endpoint} …")
        self.outputs = deploy(built, STACK_NAME, self.client, self.endpoint)
        self._connect_api()
        write_sam_local(built, self._function_variables() | {"AWS_ENDPOINT_URL": self.endpoint})
        self._say(f"The stack is up after {time.monotonic() - began:.1f} s: {self.url}")

    def stop(self) -> None:
        """Idempotent; nothing that was started remains."""
        self._proxies.close()
        if self._server is not None:
            self._server.stop()

    @property
    def log(self) -> str:
        return str(self._running.log)

    @property
    def process_group(self) -> int:
        return self._running.pid

    def client(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = self._session.client(
                service,  # type: ignore[call-overload]  # The stubs want a literal.
                endpoint_url=self.endpoint,
                config=Config(
                    connect_timeout=2, read_timeout=60, max_pool_connections=50, s3={"addressing_style": "path"}
                ),
            )
        return self._clients[service]

    def call(self, method: str, path: str, payload: object = None) -> Answer:
        """An operator's signed call to the API."""
        return call(self.url + path, method, payload)

    def put_secret(self, name: str, value: Mapping[str, Any]) -> None:
        """Created, or replaced, under the prefix that the functions look under."""
        secrets = self.client("secretsmanager")
        name = f"{STACK_NAME}/{name}"
        try:
            secrets.create_secret(Name=name, SecretString=json.dumps(value))
        except secrets.exceptions.ResourceExistsException:
            secrets.put_secret_value(SecretId=name, SecretString=json.dumps(value))

    def function_logs(self, function: str) -> list[str]:
        """What the function with this logical id has written, oldest first."""
        logs = self.client("logs")
        group = f"/aws/lambda/{self.functions[function]}"
        try:
            events = logs.filter_log_events(logGroupName=group)["events"]
        except logs.exceptions.ResourceNotFoundException:
            return []
        return [event["message"] for event in events]

    @contextmanager
    def faults(self) -> Iterator[FaultProxy]:
        """The functions reach the stack through a fault proxy until the end of the block.

        What began in the block ends through the proxy, so that stays up, without faults, until the stack ends.
        """
        proxy = self._proxies.enter_context(FaultProxy(self.endpoint))
        self._point_functions_at(proxy.endpoint)
        try:
            yield proxy
        finally:
            self._point_functions_at(self._functions_endpoint)
            proxy.clear()

    @property
    def _running(self) -> Server:
        if self._server is None:
            raise StackError("The stack was not started.")
        return self._server

    @cached_property
    def _clients(self) -> dict[str, Any]:
        return {}

    @cached_property
    def _session(self) -> boto3.session.Session:
        return boto3.session.Session("test", "test", region_name=REGION)

    def _start_emulator(self, port: int) -> Server:
        environment = EMULATOR_SETTINGS | aws_environment() | {"GATEWAY_PORT": str(port)}
        environment["BIND_HOST"] = os.environ.get("LASTUNIT_BIND", LOOPBACK)
        environment["AUTH"] = str(self._enforce_iam).lower()
        if self._functions_endpoint:
            environment["AWS_ENDPOINT_URL"] = self._functions_endpoint
        return Server("ministack", ["infra.local.emulator"], environment)

    def _connect_api(self) -> None:
        cloudformation = self.client("cloudformation")
        template = cloudformation.get_template(StackName=STACK_NAME, TemplateStage="Processed")["TemplateBody"]
        resources = cloudformation.describe_stack_resources(StackName=STACK_NAME)["StackResources"]
        self.functions = {
            resource["LogicalResourceId"]: resource["PhysicalResourceId"]
            for resource in resources
            if resource["ResourceType"] == "AWS::Lambda::Function"
        }
        api_id = self.outputs["ApiId"]
        create_routes(self.client("apigatewayv2"), api_id, template, self.functions)
        self.url = f"{self.endpoint}/_aws/execute-api/{api_id}/$default"

    def _function_variables(self) -> dict[str, str]:
        functions = self.client("lambda")
        variables: dict[str, str] = {}
        for name in self.functions.values():
            configuration = functions.get_function_configuration(FunctionName=name)
            variables |= configuration["Environment"]["Variables"]
        return variables

    def _point_functions_at(self, endpoint: str | None) -> None:
        functions = self.client("lambda")
        for name in self.functions.values():
            variables = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
            variables.pop("AWS_ENDPOINT_URL", None)
            if endpoint:
                variables["AWS_ENDPOINT_URL"] = endpoint
            functions.update_function_configuration(FunctionName=name, Environment={"Variables": variables})

"""The local stack itself: what the other end-to-end tests and the demo rely on."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, HTTPClientError

from infra.local.api import send
from infra.local.faults import FaultProxy, lost_answer, refused
from infra.local.stack import LocalStack
from infra.local.tools import ROOT, StackError, reserve_port

PATIENCE_SECONDS = 10
ITEM = {"pk": {"S": "TEST#local-stack"}, "sk": {"S": "ITEM"}}
FORGED = (
    "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20261121/eu-west-1/execute-api/aws4_request, "
    "SignedHeaders=host, Signature=0000000000000000000000000000000000000000000000000000000000000000"
)
# Says which process group it started, lets a function's process start too, and waits to be ended.
CHILD = """
import sys
from infra.local.api import send
from infra.local.stack import LocalStack
with LocalStack() as stack:
    send(f"{stack.url}/webhooks/nobody", "POST", b"{}", {"content-type": "application/json"})
    print(stack.process_group, flush=True)
    sys.stdin.readline()
"""


def starts(stack: LocalStack, function: str) -> int:
    return sum(line.startswith("START ") for line in stack.function_logs(function))


def members(process_group: int) -> list[int]:
    """The running processes of the group; those that ended and wait for their parent do not count."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, group = stat.read_text().rpartition(")")[2].split()[:3]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(group) == process_group and state != "Z":
            found.append(int(stat.parent.name))
    return found


def eventually(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


@pytest.fixture
def child() -> Iterator[subprocess.Popen[str]]:
    """Another process with a stack of its own."""
    command = [sys.executable, "-c", CHILD]
    with subprocess.Popen(  # noqa: S603 - a constant
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ
    ) as process:
        yield process
        process.kill()


def process_group(child: subprocess.Popen[str]) -> int:
    assert child.stdout is not None
    return int(child.stdout.readline())


def role_client(stack: LocalStack, function: str, service: str) -> Any:
    """A client with the rights of a function."""
    configuration = stack.client("lambda").get_function_configuration(FunctionName=stack.functions[function])
    assumed = stack.client("sts").assume_role(RoleArn=configuration["Role"], RoleSessionName="test")["Credentials"]
    keys = assumed["AccessKeyId"], assumed["SecretAccessKey"], assumed["SessionToken"]
    return boto3.session.Session(*keys, region_name="eu-west-1").client(
        service,  # type: ignore[call-overload]  # The stubs want a literal.
        endpoint_url=stack.endpoint,
    )


def impatient(endpoint: str) -> Any:
    """A client that tries once."""
    return boto3.session.Session("test", "test", region_name="eu-west-1").client(
        "dynamodb", endpoint_url=endpoint, config=Config(retries={"total_max_attempts": 1})
    )


def test_a_webhook_reaches_its_function_unsigned(stack: LocalStack) -> None:
    before = starts(stack, "ReceiveWebhookFunction")

    send(f"{stack.url}/webhooks/nobody", "POST", b"{}", {"content-type": "application/json"})
    send(f"{stack.url}/webhooks/nobody?challenge_code=x", "GET", b"", {})

    assert before + 2 == starts(stack, "ReceiveWebhookFunction")


@pytest.mark.parametrize("headers", [{}, {"authorization": FORGED}], ids=["unsigned", "forged"])
def test_other_routes_refuse_who_is_not_signed_in(headers: dict[str, str], stack: LocalStack) -> None:
    before = starts(stack, "ApiFunction")

    answer = send(f"{stack.url}/orders/1", "GET", b"", headers)

    assert 403 == answer.status
    assert before == starts(stack, "ApiFunction")


def test_other_routes_answer_who_is_signed_in(stack: LocalStack) -> None:
    before = starts(stack, "ApiFunction")

    stack.call("GET", "/orders/nobody:1")

    assert before + 1 == starts(stack, "ApiFunction")


def test_a_function_may_do_only_what_the_template_allows_it(stack: LocalStack) -> None:
    table = role_client(stack, "WriteLedgerFunction", "dynamodb")

    table.put_item(TableName=stack.outputs["LedgerTableName"], Item=ITEM)
    with pytest.raises(ClientError) as denied:
        table.put_item(TableName=stack.outputs["StockTableName"], Item=ITEM)

    assert "AccessDeniedException" == denied.value.response["Error"]["Code"]


def test_a_secret_can_be_put_twice(stack: LocalStack) -> None:
    stack.put_secret("test-local-stack", {"key": "old"})
    stack.put_secret("test-local-stack", {"key": "new"})

    found = stack.client("secretsmanager").get_secret_value(SecretId="lastunit/test-local-stack")

    assert {"key": "new"} == json.loads(found["SecretString"])


def test_an_answer_can_be_lost_after_its_write_took_effect(stack: LocalStack) -> None:
    table = stack.outputs["LedgerTableName"]
    item = ITEM | {"sk": {"S": "lost answer"}}
    with FaultProxy(stack.endpoint) as faults:
        faults.inject(lost_answer("PutItem"))

        with pytest.raises(HTTPClientError):
            impatient(faults.endpoint).put_item(TableName=table, Item=item)

        assert ["PutItem"] == [fault["operation"] for fault in faults.fired()]
    assert item == stack.client("dynamodb").get_item(TableName=table, Key=item)["Item"]


def test_a_write_can_be_throttled(stack: LocalStack) -> None:
    with FaultProxy(stack.endpoint) as faults:
        faults.inject(refused("PutItem", "ThrottlingException"))
        client = impatient(faults.endpoint)

        with pytest.raises(ClientError) as throttled:
            client.put_item(TableName=stack.outputs["LedgerTableName"], Item=ITEM)
        client.put_item(TableName=stack.outputs["LedgerTableName"], Item=ITEM)

    assert "ThrottlingException" == throttled.value.response["Error"]["Code"]


def test_a_function_that_calls_through_the_fault_proxy_is_still_known(stack: LocalStack) -> None:
    """Its calls are signed for the proxy's address, and the stack checks the signature."""
    with stack.faults() as faults:
        faults.inject({"service": "*", "latency": 1})

        send(f"{stack.url}/webhooks/nobody", "POST", b"{}", {"content-type": "application/json"})

        assert "GetItem" in {fault["operation"] for fault in faults.fired()}
    log = "\n".join(stack.function_logs("ReceiveWebhookFunction"))
    assert "InvalidSignatureException" not in log


def test_sam_local_knows_where_the_stack_is(stack: LocalStack) -> None:
    """The stack that was started last; later files of this folder start others."""
    settings = json.loads((ROOT / ".local" / "env.json").read_text())["Parameters"]
    template = json.loads((ROOT / ".local" / "template.json").read_text())
    declared = template["Globals"]["Function"]["Environment"]["Variables"]
    layer = template["Resources"]["LastunitLayer"]["Properties"]["ContentUri"]

    assert stack.endpoint.replace("127.0.0.1", "host.docker.internal") == settings["AWS_ENDPOINT_URL"]
    assert stack.outputs["StockTableName"] == settings["STOCK_TABLE"]
    assert set(settings) == set(declared)
    assert (ROOT / ".local" / layer / "python" / "lastunit").is_dir()


def test_nothing_is_left_when_the_starting_process_is_killed(child: subprocess.Popen[str]) -> None:
    group = process_group(child)
    assert len(members(group)) > 1  # The emulator and at least one function.

    child.send_signal(signal.SIGKILL)
    child.wait()

    assert eventually(lambda: members(group) == [])


def test_nothing_is_left_after_a_normal_end(child: subprocess.Popen[str]) -> None:
    group = process_group(child)

    child.communicate("\n", timeout=PATIENCE_SECONDS)

    assert 0 == child.returncode
    assert [] == members(group)


def test_a_taken_port_is_named() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        with pytest.raises(StackError, match=f"Port {port} .*LASTUNIT_PORT"):
            reserve_port(port)

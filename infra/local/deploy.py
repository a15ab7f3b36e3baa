"""Upload a build and create its stack through CloudFormation: what `sam deploy` does, without its 13 seconds."""

import hashlib
import json
import time
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from samtranslator.yaml_helper import yaml_parse

from infra.local.tools import REGION, StackError, host_architecture

Client = Callable[[str], Any]

BUCKET = "lastunit-artifacts"
DEPLOY_SECONDS = 60
POLL_SECONDS = 0.05
# The properties in which `sam build` leaves local paths, as `sam package` knows them.
LOCAL_PATHS = {
    "AWS::Serverless::Function": "CodeUri",
    "AWS::Serverless::LayerVersion": "ContentUri",
    "AWS::Serverless::Application": "Location",
}
# Zip's earliest date: the same files give the same archive.
EPOCH = (1980, 1, 1, 0, 0, 0)


def deploy(build: Path, stack_name: str, client: Client, endpoint: str) -> dict[str, str]:
    """The outputs of the created stack."""
    store = client("s3")
    store.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    key = _upload_template(build / "template.yaml", store, endpoint)
    cloudformation = client("cloudformation")
    cloudformation.create_stack(
        StackName=stack_name,
        TemplateURL=f"{endpoint}/{BUCKET}/{key}",
        Parameters=[{"ParameterKey": "Architecture", "ParameterValue": host_architecture()}],
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    )
    stack = _wait(cloudformation, stack_name)
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}


def read_template(path: Path) -> dict[str, Any]:
    template: dict[str, Any] = yaml_parse(path.read_text())
    return template


def local_paths(template: Mapping[str, Any]) -> dict[str, tuple[dict[str, Any], str]]:
    """By logical id: the properties that name a local path, and which one does."""
    return {
        name: (resource["Properties"], LOCAL_PATHS[resource["Type"]])
        for name, resource in template["Resources"].items()
        if resource["Type"] in LOCAL_PATHS
    }


def _upload_template(path: Path, store: Any, endpoint: str) -> str:
    template = read_template(path)
    for properties, name in local_paths(template).values():
        source = path.parent / properties[name]
        if name == "Location":
            properties[name] = f"{endpoint}/{BUCKET}/{_upload_template(source, store, endpoint)}"
        else:
            properties[name] = f"s3://{BUCKET}/{_upload(_zipped(source).read_bytes(), store)}"
    return _upload(json.dumps(template).encode(), store)


def _upload(content: bytes, store: Any) -> str:
    key = hashlib.sha256(content).hexdigest()
    store.put_object(Bucket=BUCKET, Key=key, Body=content)
    return key


def _zipped(folder: Path) -> Path:
    """Kept beside the build; stored, not compressed, because every cold start unpacks it again."""
    archive = folder.with_name(f"{folder.name}.zip")
    if not archive.is_file():
        unfinished = archive.with_suffix(f".{time.monotonic_ns()}")
        with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_STORED) as target:
            for path in sorted(path for path in folder.rglob("*") if path.is_file()):
                target.writestr(zipfile.ZipInfo(str(path.relative_to(folder)), EPOCH), path.read_bytes())
        unfinished.rename(archive)
    return archive


def _wait(cloudformation: Any, stack_name: str) -> dict[str, Any]:
    deadline = time.monotonic() + DEPLOY_SECONDS
    while True:
        stack: dict[str, Any] = cloudformation.describe_stacks(StackName=stack_name)["Stacks"][0]
        if stack["StackStatus"] == "CREATE_COMPLETE":
            return stack
        if not stack["StackStatus"].endswith("_IN_PROGRESS") or time.monotonic() > deadline:
            raise StackError(
                f"The stack was not created: {stack['StackStatus']}.\n{_reasons(cloudformation, stack_name)}"
            )
        time.sleep(POLL_SECONDS)


def _reasons(cloudformation: Any, stack_name: str) -> str:
    events = cloudformation.describe_stack_events(StackName=stack_name)["StackEvents"]
    return "\n".join(
        f"  {event['LogicalResourceId']}: {event['ResourceStatusReason']}"
        for event in events
        if "FAILED" in event["ResourceStatus"] and event.get("ResourceStatusReason")
    )

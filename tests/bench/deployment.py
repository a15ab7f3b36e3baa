"""The tables, queues and variables that the templates of a checkout declare, made in the emulator."""

import json
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from infra.local.deploy import read_template

NOT_NEEDED = {"PointInTimeRecoverySpecification", "StreamSpecification", "DeletionProtectionEnabled"}
FUNCTIONS = ("receive_webhook", "process_orders", "api")
MESSAGES_MAX = 10  # Of one ReceiveMessage.
TABLE, QUEUE = "AWS::DynamoDB::Table", "AWS::SQS::Queue"


class BenchDeployment:
    """What the checkout at `root` declares, under names that begin with `name`. Variables are read, never guessed:
    whatever nested template a queue or a table is declared in, and whatever variable names it, is followed there.
    """

    def __init__(self, root: Path, name: str, client: Callable[[str], Any]) -> None:
        self._root, self._name, self._client = root, name, client
        self._made: dict[tuple[str, str], str] = {}

    @cached_property
    def variables(self) -> dict[str, str]:
        """The variables of the functions that are measured. One that only others have is left out."""
        template = self._template("template.yaml")
        declared = dict(template["Globals"]["Function"]["Environment"]["Variables"])
        for resource in template["Resources"].values():
            properties = resource.get("Properties", {})
            if str(properties.get("CodeUri", "")).rpartition("/")[2] in FUNCTIONS:
                declared |= properties.get("Environment", {}).get("Variables", {})
        return {name: self._value("template.yaml", value) for name, value in declared.items()}

    def put_secret(self, channel: str, content: Mapping[str, object]) -> None:
        name = f"{self.variables['SECRETS_PREFIX']}{channel}"
        self._client("secretsmanager").create_secret(Name=name, SecretString=json.dumps(content))

    def take_orders(self) -> list[str]:
        """The bodies of all messages of the orders queue, which is empty then."""
        sqs, url = self._client("sqs"), self.variables["ORDERS_QUEUE_URL"]
        bodies: list[str] = []
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=MESSAGES_MAX).get("Messages"):
            bodies += [message["Body"] for message in messages]
            entries = [{"Id": str(n), "ReceiptHandle": one["ReceiptHandle"]} for n, one in enumerate(messages)]
            sqs.delete_message_batch(QueueUrl=url, Entries=entries)
        return bodies

    def _template(self, path: str) -> dict[str, Any]:
        return read_template(self._root / path)

    def _value(self, path: str, value: Any) -> str:
        """What a value of the template at `path` is once it is deployed."""
        if not isinstance(value, dict):
            return str(value)
        ((function, argument),) = value.items()
        match function:
            case "Ref":
                return self._resource(path, argument)
            case "Fn::GetAtt":
                parts = argument.split(".") if isinstance(argument, str) else ".".join(argument).split(".")
                return self._attribute(path, parts)
            case "Fn::Sub" if isinstance(argument, str):
                return argument.replace("${AWS::StackName}", self._name)
        raise SystemExit(f"{path}: this benchmark cannot read {value}")

    def _attribute(self, path: str, parts: list[str]) -> str:
        if parts[1] != "Outputs":
            return self._resource(path, parts[0])
        nested = self._template(path)["Resources"][parts[0]]["Properties"]["Location"]
        return self._value(nested, self._template(nested)["Outputs"][parts[2]]["Value"])

    def _resource(self, path: str, logical_id: str) -> str:
        template = self._template(path)
        if logical_id in template.get("Parameters", {}):
            return str(template["Parameters"][logical_id].get("Default", ""))
        key = path, logical_id
        if key not in self._made:
            self._made[key] = self._make(template["Resources"][logical_id], logical_id)
        return self._made[key]

    def _make(self, resource: Mapping[str, Any], logical_id: str) -> str:
        name = f"{self._name}-{logical_id}"
        if resource["Type"] == TABLE:
            declared = {key: value for key, value in resource["Properties"].items() if key not in NOT_NEEDED}
            self._client("dynamodb").create_table(TableName=name, **declared)
        elif resource["Type"] == QUEUE:
            return str(self._client("sqs").create_queue(QueueName=name)["QueueUrl"])
        return name  # Of what these functions never call.

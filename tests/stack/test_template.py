"""What no linter checks: template, source tree and layer agree, and nothing may do more than it must."""

import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cfnlint.api
import pytest
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

from infra.local.routes import routes_of
from tests.stack.rights import RIGHTS, ROWS, Rights

ROOT = Path(__file__).parents[2]
TEMPLATE: dict[str, Any] = yaml_parse((ROOT / "template.yaml").read_text())
NESTED = {path.stem: yaml_parse(path.read_text()) for path in (ROOT / "infra").glob("*.yaml")}
RESOURCES: dict[str, Any] = TEMPLATE["Resources"]
PARAMETERS = {
    name: value
    for it in RESOURCES.values()
    if it["Type"] == "AWS::Serverless::Application"
    for name, value in it["Properties"].get("Parameters", {}).items()
}
"""What the root hands to its nested stacks."""
FUNCTIONS = {name: it for name, it in RESOURCES.items() if it["Type"] == "AWS::Serverless::Function"}
UPLOADED = {
    "AWS::Serverless::Function": ("CodeUri", "s3://bucket/key"),
    "AWS::Serverless::LayerVersion": ("ContentUri", "s3://bucket/key"),
    "AWS::Serverless::Application": ("Location", "https://bucket.s3.amazonaws.com/key"),
}

# SAM attaches these itself. They hold for every resource, but only to write logs or to read an event source.
MANAGED = {
    "ReceiveWebhookFunction": {"AWSLambdaBasicExecutionRole"},
    "ApiFunction": {"AWSLambdaBasicExecutionRole"},
    "ProcessOrdersFunction": {"AWSLambdaBasicExecutionRole", "AWSLambdaSQSQueueExecutionRole"},
    "TrackStockFunction": {"AWSLambdaBasicExecutionRole", "AWSLambdaDynamoDBExecutionRole"},
    "PushQuantitiesFunction": {"AWSLambdaBasicExecutionRole", "AWSLambdaSQSQueueExecutionRole"},
    "WriteLedgerFunction": {"AWSLambdaBasicExecutionRole", "AWSLambdaDynamoDBExecutionRole"},
    "DeliverWebhooksFunction": {"AWSLambdaBasicExecutionRole", "AWSLambdaSQSQueueExecutionRole"},
    "PollChannelsFunction": {"AWSLambdaBasicExecutionRole"},
    "ReconcileListingsFunction": {"AWSLambdaBasicExecutionRole", "AWSLambdaSQSQueueExecutionRole"},
    "ExpireOrdersFunction": {"AWSLambdaBasicExecutionRole"},
    "RunFullCoverageFunction": {"AWSLambdaBasicExecutionRole"},
    "CoverListingsFunction": {"AWSLambdaBasicExecutionRole", "AWSLambdaSQSQueueExecutionRole"},
}
# Resources that a wildcard names, and why it must.
WILDCARDS = {
    "secrets": "a channel's secret is created after the stack, and AWS ends its name with six random characters",
    "webhook secrets": "as those of channels",
}
SECRETS = "arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:${AWS::StackName}/*"
WEBHOOK_SECRETS = SECRETS.replace("/*", "/webhooks/*")

# Properties that would fix a name, so that a second stack could not be created beside the first.
NAMES = re.compile(r"^(\w*Name|Name)$")
NAMES_OF_OTHERS = {
    "FunctionName",
    "StageName",
    "TableName",
    "AttributeName",
    "EventBusName",
}  # when they refer to another resource


@pytest.fixture(scope="module")
def root() -> dict[str, Any]:
    """The root stack that CloudFormation will be asked for, after SAM's transform."""
    template = copy.deepcopy(TEMPLATE)
    for resource in template["Resources"].values():
        if resource["Type"] in UPLOADED:
            name, value = UPLOADED[resource["Type"]]
            resource["Properties"][name] = value
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
        translated: dict[str, Any] = Translator({}, Parser()).translate(template, {})
    return translated


@pytest.fixture(scope="module")
def stack(root: dict[str, Any]) -> dict[str, Any]:
    """The root with all its nested stacks, as one template: references across a boundary lead to the resource."""
    return with_nested(root)


def with_nested(template: dict[str, Any]) -> dict[str, Any]:
    resources = {**template["Resources"]}
    for nested in NESTED.values():
        resources |= nested["Resources"]
    return {"Resources": _across(resources)}


def _across(value: Any) -> Any:
    match value:
        case {"Fn::GetAtt": [str(nested), str(output)]} if output.startswith("Outputs."):
            return NESTED[nested.lower()]["Outputs"][output.removeprefix("Outputs.")]["Value"]
        case {"Ref": str(name)} if name in PARAMETERS:
            return _across(PARAMETERS[name])
        case dict():
            return {key: _across(inner) for key, inner in value.items()}
        case list():
            return [_across(inner) for inner in value]
    return value


def of_type(template: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    return {name: it.get("Properties", {}) for name, it in template["Resources"].items() if it["Type"] == kind}


def logical_id(reference: Any) -> str:
    """The resource that `!GetAtt X.Arn` or `!Ref X` means, or its text."""
    match reference:
        case {"Ref": str(name)} | {"Fn::GetAtt": [str(name), "Arn"]}:
            return name
        case {"Fn::Sub": [str(text), {"Table": table}]}:
            return text.replace("${Table}", logical_id(table))
        case {"Fn::Sub": text} if text == SECRETS:
            return "secrets"
        case {"Fn::Sub": text} if text == WEBHOOK_SECRETS:
            return "webhook secrets"
    return json.dumps(reference)


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def statements(stack: dict[str, Any], function: str) -> Iterator[dict[str, Any]]:
    """Its own, and those of the policies it shares with others."""
    role = stack["Resources"][f"{function}Role"]["Properties"]
    shared = [stack["Resources"][arn["Ref"]]["Properties"] for arn in role["ManagedPolicyArns"] if is_ours(arn)]
    for policy in (*role.get("Policies", []), *shared):
        yield from policy["PolicyDocument"]["Statement"]


def is_ours(managed_policy: Any) -> bool:
    """A reference into this template; those of AWS are named by their ARN."""
    return isinstance(managed_policy, dict) and "Ref" in managed_policy


def rights(stack: dict[str, Any], function: str) -> Rights:
    found: Rights = {}
    for statement in statements(stack, function):
        for resource in listed(statement["Resource"]):
            found.setdefault(logical_id(resource), set()).update(listed(statement["Action"]))
    return found


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_has_the_same_name_as_folder_as_handler_and_in_the_template(name: str) -> None:
    build = FUNCTIONS[name]["Metadata"]["BuildProperties"]
    properties = FUNCTIONS[name]["Properties"]
    folder = re.sub(r"(?<!^)(?=[A-Z])", "_", name.removesuffix("Function")).lower()

    assert f"functions/{folder}" == properties["CodeUri"]
    assert {"ParentPackageMode": "explicit", "ParentPackages": f"functions.{folder}"} == build
    assert f"functions.{folder}.handler.handler" == properties["Handler"]
    assert (ROOT / properties["CodeUri"] / "handler.py").is_file()


def test_every_function_folder_is_deployed() -> None:
    folders = {path.parent.name for path in (ROOT / "functions").glob("*/handler.py")}

    assert folders == {Path(it["Properties"]["CodeUri"]).name for it in FUNCTIONS.values()}


def test_the_layer_is_built_for_the_functions_it_serves() -> None:
    """SAM takes the wheels' architecture from the layer's metadata and its Makefile alone, and never compares."""
    function = TEMPLATE["Globals"]["Function"]
    layer = RESOURCES["LastunitLayer"]
    default = TEMPLATE["Parameters"]["Architecture"]["Default"]
    makefile = (ROOT / "layers" / "lastunit" / "Makefile").read_text()

    assert [{"Ref": "Architecture"}] == function["Architectures"]
    assert [{"Ref": "Architecture"}] == layer["Properties"]["CompatibleArchitectures"]
    assert default == layer["Metadata"]["BuildArchitecture"]
    assert f"LASTUNIT_ARCHITECTURE ?= {default}\n" in makefile
    assert [{"Ref": "LastunitLayer"}] == function["Layers"]


def test_one_python_version_everywhere() -> None:
    version = (ROOT / ".python-version").read_text().strip()

    assert f"python{version}" == TEMPLATE["Globals"]["Function"]["Runtime"]
    assert [f"python{version}"] == RESOURCES["LastunitLayer"]["Properties"]["CompatibleRuntimes"]
    assert f"--python-version {version} " in (ROOT / "layers" / "lastunit" / "Makefile").read_text()


def test_no_function_departs_from_the_shared_runtime_architecture_and_layer() -> None:
    settings = {
        name: set(it["Properties"]) & {"Runtime", "Architectures", "Layers"} for name, it in FUNCTIONS.items()
    }

    assert {name: set() for name in FUNCTIONS} == settings


def test_every_reference_resolves_after_the_transform(root: dict[str, Any]) -> None:
    """`sam validate --lint` does not look inside events, globals or policies."""
    problems = cfnlint.api.lint(json.dumps(root))

    assert [] == [str(problem) for problem in problems if problem.rule.id.startswith("E")]


@pytest.mark.parametrize("nested", NESTED)
def test_nested_outputs_exist_and_are_used(nested: str) -> None:
    """Nothing else looks across the boundary of a nested stack."""
    text = (ROOT / "template.yaml").read_text()
    asked = set(re.findall(rf"\b{nested.title()}\.Outputs\.(\w+)", text))

    assert asked == set(NESTED[nested]["Outputs"])


def test_no_two_stacks_use_one_logical_id() -> None:
    """These tests look at all stacks as one."""
    names = [name for template in (TEMPLATE, *NESTED.values()) for name in template["Resources"]]

    assert sorted(set(names)) == sorted(names)


def test_every_nested_stack_is_deployed_with_the_parameters_it_asks_for() -> None:
    applications = {
        name: it["Properties"] for name, it in RESOURCES.items() if it["Type"] == "AWS::Serverless::Application"
    }

    assert {f"infra/{nested}.yaml" for nested in NESTED} == {it["Location"] for it in applications.values()}
    assert {nested.title(): set(it.get("Parameters", {})) for nested, it in NESTED.items()} == {
        name: set(it.get("Parameters", {})) for name, it in applications.items()
    }


def test_every_function_has_exactly_the_rights_listed_here(stack: dict[str, Any]) -> None:
    assert set(FUNCTIONS) == set(RIGHTS)
    assert {name: rights(stack, name) for name in FUNCTIONS} == RIGHTS


def test_a_right_meant_for_some_rows_reaches_no_others(stack: dict[str, Any]) -> None:
    """Without the condition `write_ledger` could change orders, and `deliver_webhooks` any setting."""
    found = {
        (function, action, logical_id(statement["Resource"])): [
            key for test in statement["Condition"].values() for key in listed(test["dynamodb:LeadingKeys"])
        ]
        for function in FUNCTIONS
        for statement in statements(stack, function)
        if "Condition" in statement
        for action in listed(statement["Action"])
    }

    assert ROWS == found


def test_sam_adds_no_managed_policy_but_those_for_logs_and_event_sources(stack: dict[str, Any]) -> None:
    roles = {name: stack["Resources"][f"{name}Role"]["Properties"]["ManagedPolicyArns"] for name in FUNCTIONS}

    added = {name: {arn.rpartition("/")[2] for arn in arns if not is_ours(arn)} for name, arns in roles.items()}
    assert MANAGED == added


def test_rights_that_are_shared_are_written_once(stack: dict[str, Any]) -> None:
    policies = of_type(stack, "AWS::IAM::ManagedPolicy")
    sharing = {
        name: [
            function
            for function in FUNCTIONS
            if {"Ref": name} in stack["Resources"][f"{function}Role"]["Properties"]["ManagedPolicyArns"]
        ]
        for name in policies
    }

    assert {"ImportOrdersPolicy", "ReadChannelSecretsPolicy"} == set(policies)
    assert all(len(functions) > 1 for functions in sharing.values()), sharing


@pytest.mark.parametrize("name", FUNCTIONS)
def test_no_right_is_a_wildcard_without_a_reason(name: str, stack: dict[str, Any]) -> None:
    for statement in statements(stack, name):
        named = {logical_id(resource): json.dumps(resource) for resource in listed(statement["Resource"])}

        assert "Allow" == statement["Effect"]
        assert not {"NotAction", "NotResource"} & set(statement)
        assert not [action for action in listed(statement["Action"]) if "*" in action]
        assert {resource for resource, text in named.items() if "*" in text} <= set(WILDCARDS)


def test_every_queue_that_a_function_reads_has_a_dead_letter_queue(stack: dict[str, Any]) -> None:
    queues = of_type(stack, "AWS::SQS::Queue")
    read = {logical_id(it["EventSourceArn"]) for it in of_type(stack, "AWS::Lambda::EventSourceMapping").values()}
    dead = {name: queues[name].get("RedrivePolicy", {}).get("deadLetterTargetArn") for name in read & set(queues)}

    assert dead
    assert {name: f"{name.removesuffix('Queue')}DeadLetterQueue" for name in dead} == {
        name: logical_id(target) for name, target in dead.items()
    }
    assert not {logical_id(target) for target in dead.values()} & read


def test_every_stream_gives_up_after_some_attempts_and_says_what_it_gave_up(stack: dict[str, Any]) -> None:
    mappings = of_type(stack, "AWS::Lambda::EventSourceMapping")
    streams = {name: it for name, it in mappings.items() if "StartingPosition" in it}

    assert streams
    for name, mapping in streams.items():
        assert "StreamFailuresQueue" == logical_id(mapping["DestinationConfig"]["OnFailure"]["Destination"]), name
        assert 0 < mapping["MaximumRetryAttempts"] <= 100, name
        assert mapping["BisectBatchOnFunctionError"], name


def test_every_schedule_and_rule_has_a_dead_letter_queue(stack: dict[str, Any]) -> None:
    targets = [it["Target"] for it in of_type(stack, "AWS::Scheduler::Schedule").values()]
    targets += [target for it in of_type(stack, "AWS::Events::Rule").values() for target in it["Targets"]]

    assert [] == [target for target in targets if "Arn" not in target.get("DeadLetterConfig", {})]


def test_a_missed_minute_is_not_run_late_on_top_of_the_next(stack: dict[str, Any]) -> None:
    schedules = of_type(stack, "AWS::Scheduler::Schedule")

    assert schedules
    for schedule in schedules.values():
        assert "Name" not in schedule
        assert 60 == schedule["Target"]["RetryPolicy"]["MaximumEventAgeInSeconds"]


def test_every_queue_keeps_its_messages_for_the_longest_time_and_encrypted(stack: dict[str, Any]) -> None:
    for name, queue in of_type(stack, "AWS::SQS::Queue").items():
        assert 14 * 24 * 3600 == queue["MessageRetentionPeriod"], name
        assert queue["SqsManagedSseEnabled"], name


def test_a_message_stays_hidden_for_six_timeouts_of_the_function_that_reads_it(stack: dict[str, Any]) -> None:
    """With less, Lambda may hand out a message again while the first attempt still runs."""
    queues = of_type(stack, "AWS::SQS::Queue")
    functions = of_type(stack, "AWS::Lambda::Function")
    for name, mapping in of_type(stack, "AWS::Lambda::EventSourceMapping").items():
        if queue := queues.get(logical_id(mapping["EventSourceArn"])):
            timeout_seconds = functions[logical_id(mapping["FunctionName"])]["Timeout"]

            assert queue["VisibilityTimeout"] >= 6 * timeout_seconds, name


def test_functions_that_read_a_queue_report_single_failures_and_are_limited(stack: dict[str, Any]) -> None:
    queues = of_type(stack, "AWS::SQS::Queue")
    for name, mapping in of_type(stack, "AWS::Lambda::EventSourceMapping").items():
        if logical_id(mapping["EventSourceArn"]) in queues:
            assert ["ReportBatchItemFailures"] == mapping["FunctionResponseTypes"], name
            assert mapping["ScalingConfig"]["MaximumConcurrency"] <= 10, name


def test_every_route_but_the_webhooks_needs_iam(stack: dict[str, Any]) -> None:
    routes = list(routes_of(stack))
    opened = {route.key for route in routes if route.authorization == "NONE"}

    assert {"POST /webhooks/{channel}", "GET /webhooks/{channel}"} == opened
    assert {"ReceiveWebhookFunction"} == {route.function for route in routes if route.key in opened}
    assert {"AWS_IAM"} == {route.authorization for route in routes if route.key not in opened}


@pytest.mark.parametrize(
    "kind",
    ["AWS::DynamoDB::Table", "AWS::SQS::Queue", "AWS::Events::EventBus", "AWS::Events::Rule", "AWS::SNS::Topic"],
)
def test_what_keeps_things_lives_in_nested_stacks_only(root: dict[str, Any], kind: str) -> None:
    assert {} == of_type(root, kind)


@pytest.mark.parametrize("table", of_type(NESTED["storage"], "AWS::DynamoDB::Table"))
def test_no_table_can_be_lost_by_deploying_or_throttled_by_a_forgotten_setting(table: str) -> None:
    resource = NESTED["storage"]["Resources"][table]
    properties = resource["Properties"]

    assert "Retain" == resource["DeletionPolicy"] == resource["UpdateReplacePolicy"]
    assert properties["DeletionProtectionEnabled"]
    assert properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"]
    assert "PAY_PER_REQUEST" == properties["BillingMode"]


def test_nothing_has_a_fixed_name(root: dict[str, Any]) -> None:
    """Two stacks must fit into one account; a schedule without OmitName is named after its logical id."""
    fixed = [
        f"{name}.{key}"
        for template in (root, *NESTED.values())
        for name, resource in template["Resources"].items()
        for key, value in resource.get("Properties", {}).items()
        if NAMES.match(key) and not _refers(key, value) and "AWS::StackName" not in json.dumps(_given(root, value))
    ]

    assert [] == fixed


def _given(root: dict[str, Any], value: Any) -> Any:
    """What the root passes to a nested stack's parameter; any other value as it is."""
    passed = [
        resource["Properties"].get("Parameters", {})
        for resource in root["Resources"].values()
        if resource["Properties"].get("Parameters")
    ]
    name = value.get("Ref") if isinstance(value, dict) else None
    return next((parameters[name] for parameters in passed if name in parameters), value)


def _refers(key: str, value: Any) -> bool:
    return key in NAMES_OF_OTHERS and (isinstance(value, dict) or value == "$default")

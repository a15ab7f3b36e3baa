"""The benchmark reads tables, queues and variables from the templates of whatever checkout it is given."""

from pathlib import Path
from typing import Any

from tests.bench import compare
from tests.bench.deployment import BenchDeployment
from tests.bench.shop import KINDS, orders, webhook

ROOT = Path(__file__).parents[2]

TEMPLATE = """
Parameters:
  LogLevel: {Type: String, Default: INFO}
Globals:
  Function:
    Environment:
      Variables:
        STOCK_TABLE: !GetAtt Storage.Outputs.StockTableName
        ORDERS_QUEUE_URL: !GetAtt Queues.Outputs.OrdersQueueUrl
        PUSHES_QUEUE_URL: !Ref PushesQueue
        EVENT_BUS_NAME: !Ref EventBus
        SECRETS_PREFIX: !Sub ${AWS::StackName}/
        POWERTOOLS_LOG_LEVEL: !Ref LogLevel
Resources:
  Storage: {Type: AWS::Serverless::Application, Properties: {Location: infra/storage.yaml}}
  Queues: {Type: AWS::Serverless::Application, Properties: {Location: infra/queues.yaml}}
  PushesQueue: {Type: AWS::SQS::Queue}
  EventBus: {Type: AWS::Events::EventBus}
  ProcessOrdersFunction:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: functions/process_orders
      Environment: {Variables: {OWN: "1"}}
  ExpireOrdersFunction:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: functions/expire_orders
      Environment: {Variables: {OF_ANOTHER: "2"}}
"""
STORAGE = """
Resources:
  StockTable:
    Type: AWS::DynamoDB::Table
    Properties: {BillingMode: PAY_PER_REQUEST, DeletionProtectionEnabled: true}
Outputs:
  StockTableName: {Value: !Ref StockTable}
"""
QUEUES = """
Resources:
  OrdersQueue: {Type: AWS::SQS::Queue}
Outputs:
  OrdersQueueUrl: {Value: !Ref OrdersQueue}
"""


class FakeAws:
    """`made`: the tables and queues that were created, with what else was said of them."""

    def __init__(self) -> None:
        self.made: dict[str, dict[str, Any]] = {}

    def create_table(self, TableName: str, **declared: Any) -> None:
        self.made[TableName] = declared

    def create_queue(self, QueueName: str) -> dict[str, str]:
        self.made[QueueName] = {}
        return {"QueueUrl": f"http://aws/{QueueName}"}


def test_variables_are_followed_into_nested_templates(tmp_path: Path) -> None:
    (tmp_path / "infra").mkdir()
    (tmp_path / "template.yaml").write_text(TEMPLATE)
    (tmp_path / "infra" / "storage.yaml").write_text(STORAGE)
    (tmp_path / "infra" / "queues.yaml").write_text(QUEUES)
    aws = FakeAws()

    variables = BenchDeployment(tmp_path, "base", lambda service: aws).variables

    assert variables == {
        "STOCK_TABLE": "base-StockTable",
        "ORDERS_QUEUE_URL": "http://aws/base-OrdersQueue",
        "PUSHES_QUEUE_URL": "http://aws/base-PushesQueue",
        "EVENT_BUS_NAME": "base-EventBus",
        "SECRETS_PREFIX": "base/",
        "POWERTOOLS_LOG_LEVEL": "INFO",
        "OWN": "1",
    }
    assert {"BillingMode": "PAY_PER_REQUEST"} == aws.made["base-StockTable"]
    assert {"base-StockTable", "base-OrdersQueue", "base-PushesQueue"} == set(aws.made)


def test_every_variable_of_this_checkout_can_be_read() -> None:
    aws = FakeAws()

    variables = BenchDeployment(ROOT, "here", lambda service: aws).variables

    assert {"SECRETS_PREFIX", "ORDERS_QUEUE_URL"} <= set(variables)
    assert all(variables.values())
    assert variables["ORDERS_QUEUE_URL"].startswith("http://aws/here-")


def test_both_checkouts_get_the_same_orders() -> None:
    assert orders(5, seed=1) == orders(5, seed=1)
    assert orders(5, seed=1) != orders(5, seed=2)


def test_every_kind_signs_its_webhooks() -> None:
    order = orders(1, seed=1)[0]

    signatures = [name for kind in KINDS for name in webhook(kind, 1, order)["headers"]]

    assert {"webhook-signature", "x-shopify-hmac-sha256"} <= set(signatures)


def test_a_row_gives_costs_ratios_and_the_quartiles_of_the_rounds() -> None:
    row = compare._row("process_orders", [1.0, 2.0, 4.0], [2.0, 2.0, 4.0])

    assert [
        "process_orders",
        "2.000",
        "2.000",
        "1.000",
        "2.000",
        "1.000",
        "2.000",
        *("1.000", "1.000", "2.000"),
    ] == row.split()


def test_one_round_is_enough_for_a_row() -> None:
    assert "0.500" in compare._row("process_orders", [2.0], [1.0])

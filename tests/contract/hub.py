"""All adapters that keep something in DynamoDB, on one recorded client."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError

from lastunit.adapters.dynamodb.catalogue import DynamoCatalogue
from lastunit.adapters.dynamodb.coverages import DynamoCoverages
from lastunit.adapters.dynamodb.drifts import DynamoDrifts
from lastunit.adapters.dynamodb.exceptions import DynamoExceptions
from lastunit.adapters.dynamodb.ledger import DynamoLedger
from lastunit.adapters.dynamodb.listings import DynamoListings
from lastunit.adapters.dynamodb.movements import DynamoMovements
from lastunit.adapters.dynamodb.order_store import DynamoOrderStore
from lastunit.adapters.dynamodb.polls import DynamoPolls
from lastunit.adapters.dynamodb.rate_limit import DynamoRateLimit
from lastunit.adapters.dynamodb.replenishment_tasks import DynamoTasks
from lastunit.adapters.dynamodb.rows import Item
from lastunit.adapters.dynamodb.settings import DynamoSettings
from lastunit.adapters.dynamodb.units_at_risk import DynamoDelays, DynamoPastOrders, DynamoUnitsAtRisk
from lastunit.adapters.dynamodb.webhook_subscriptions import DynamoWebhookSubscriptions
from tests.contract.database import refusal
from tests.simulate.store.client import Answer, Call, DynamoClient
from tests.support.clock import FakeClock

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(slots=True)
class CallRecorder:
    """Passes calls on, and keeps what was asked and answered. What differs from store to store is left out."""

    inner: Call
    calls: list[Any] = field(default_factory=list)

    def __call__(self, operation: str, parameters: Mapping[str, Any]) -> Answer:
        asked = copy.deepcopy(dict(parameters))
        try:
            answer = self.inner(operation, parameters)
        except ClientError as error:
            self.calls.append((operation, asked, refusal(error)))
            raise
        self.calls.append((operation, asked, _without_order(operation, answer)))
        return answer


class RecordedHub:
    """A deployment's adapters. The tables are named alike in both stores, so that calls can be compared."""

    def __init__(self, call: Call, tables: Mapping[str, str], clock: FakeClock) -> None:
        self.recorder, self.clock = CallRecorder(call), clock
        client = cast("DynamoDBClient", DynamoClient(self.recorder))
        stock, orders, ledger, settings = (
            tables[f"{name}Table"] for name in ("Stock", "Orders", "Ledger", "Settings")
        )
        self.book = DynamoOrderStore(client, stock, orders)
        self.catalogue = DynamoCatalogue(client, stock, settings)
        self.settings = DynamoSettings(client, settings)
        self.movements = DynamoMovements(client, stock, ledger, settings)
        self.listings = DynamoListings(client, stock, settings)
        self.polls = DynamoPolls(client, settings, stock, orders)
        self.pace = DynamoRateLimit(client, settings, clock)
        self.coverages = DynamoCoverages(client, settings)
        self.drifts = DynamoDrifts(client, settings, stock)
        self.exceptions = DynamoExceptions(client, orders)
        self.ledger = DynamoLedger(client, ledger)
        self.webhooks = DynamoWebhookSubscriptions(client, settings)
        self.tasks = DynamoTasks(client, orders)
        self.risks = DynamoUnitsAtRisk(client, stock)
        self.delays = DynamoDelays(client, settings)
        self.past_orders = DynamoPastOrders(client, orders, clock)


def _without_order(operation: str, answer: Mapping[str, Any]) -> dict[str, Any]:
    """A batch and a scan are answered in any order."""
    kept = {name: content for name, content in answer.items() if name != "ResponseMetadata"}
    if operation == "BatchGetItem":
        kept["Responses"] = {table: _sorted(found) for table, found in kept["Responses"].items()}
    if operation == "Scan":
        kept["Items"] = _sorted(kept["Items"])
    return kept


def _sorted(found: list[Item]) -> list[Item]:
    return sorted(found, key=lambda item: sorted(map(str, item.items())))

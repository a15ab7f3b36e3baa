"""The book in DynamoDB: what its answers mean, those that moto never gives."""

from typing import Any

import boto3
import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)
from botocore.stub import Stubber

from lastunit.adapters.dynamodb.order_store import DynamoOrderStore
from lastunit.domain.errors import OutcomeUnknown, Unwritable
from lastunit.domain.orders.change import OrderChange
from lastunit.domain.orders.commit_groups import CommitGroup
from tests.support.aws.dynamo import Call, HubStore, intercept
from tests.support.clock import NOON
from tests.support.orders.commits import SHIRT, new, order, refused


def stubbed() -> tuple[DynamoOrderStore, Stubber]:
    client = boto3.client("dynamodb", region_name="eu-west-1")
    return DynamoOrderStore(client, "stock", "orders"), Stubber(client)


def cancel_with(stubber: Stubber, *codes: str) -> None:
    stubber.add_client_error(
        "transact_write_items",
        "TransactionCanceledException",
        http_status_code=400,
        modeled_fields={"CancellationReasons": [{"Code": code} for code in codes]},
    )


@pytest.mark.parametrize("code", ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"])
def test_a_conflict_on_any_item_is_contention(code: str) -> None:
    order_store, stubber = stubbed()
    cancel_with(stubber, "None", code, "None")

    with stubber:
        answer = refused(lambda: order_store.commit("c1", new(order()), NOON))

    assert (True, {}, {}) == (answer.contended, answer.orders, answer.levels)


def test_a_conflict_beside_a_refusal_reports_both() -> None:
    order_store, stubber = stubbed()
    cancel_with(stubber, "TransactionConflict", "ConditionalCheckFailed", "None")

    with stubber:
        answer = refused(lambda: order_store.commit("c1", new(order()), NOON))

    assert (True, {}, {SHIRT: None}) == (answer.contended, answer.orders, answer.levels)


@pytest.mark.parametrize(
    "code", ["TransactionInProgressException", "ThrottlingException", "ProvisionedThroughputExceededException"]
)
def test_a_call_at_a_bad_moment_is_contention(code: str) -> None:
    order_store, stubber = stubbed()
    stubber.add_client_error("transact_write_items", code)

    with stubber:
        answer = refused(lambda: order_store.commit("c1", new(order()), NOON))

    assert answer.contended


@pytest.mark.parametrize("code", ["ValidationException", "IdempotentParameterMismatchException"])
def test_what_dynamodb_finds_malformed_can_never_be_written(code: str) -> None:
    order_store, stubber = stubbed()
    stubber.add_client_error("transact_write_items", code)

    with stubber, pytest.raises(Unwritable):
        order_store.commit("c1", new(order()), NOON)


@pytest.mark.parametrize("code", ["ValidationError", "ItemCollectionSizeLimitExceeded"])
def test_a_single_malformed_item_makes_its_group_unwritable(code: str) -> None:
    order_store, stubber = stubbed()
    cancel_with(stubber, "None", code, "None")

    with stubber, pytest.raises(Unwritable):
        order_store.commit("c1", new(order()), NOON)


def test_a_group_of_more_than_a_hundred_items_is_unwritable(store: HubStore) -> None:
    with pytest.raises(Unwritable):
        store.order_store.commit(
            "c1",
            CommitGroup(changes=tuple(OrderChange(before=None, after=order(str(number))) for number in range(101))),
            NOON,
        )


def test_an_error_inside_dynamodb_leaves_the_outcome_unknown() -> None:
    order_store, stubber = stubbed()
    stubber.add_client_error("transact_write_items", "InternalServerError", http_status_code=500)

    with stubber, pytest.raises(OutcomeUnknown):
        order_store.commit("c1", new(order()), NOON)


def test_an_error_nobody_expects_passes_untouched() -> None:
    order_store, stubber = stubbed()
    stubber.add_client_error("transact_write_items", "AccessDeniedException", http_status_code=400)

    with stubber, pytest.raises(ClientError, match="AccessDenied"):
        order_store.commit("c1", new(order()), NOON)


@pytest.mark.parametrize(
    "error",
    [
        ReadTimeoutError(endpoint_url="dynamodb"),
        ConnectionClosedError(endpoint_url="dynamodb"),
        ConnectTimeoutError(endpoint_url="dynamodb"),
        EndpointConnectionError(endpoint_url="dynamodb"),
    ],
)
def test_no_answer_leaves_the_outcome_unknown(error: Exception) -> None:
    client = boto3.client("dynamodb", region_name="eu-west-1")

    def silent(operation: str, call: Call) -> Any:
        raise error

    intercept(client, silent)

    with pytest.raises(OutcomeUnknown):
        DynamoOrderStore(client, "stock", "orders").commit("c1", new(order()), NOON)

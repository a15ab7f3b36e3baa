"""The pause that a message gets before it comes again is a courtesy: it fails nobody."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError

from lastunit.adapters.sqs import SqsQueue

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

ADDRESS = "http://127.0.0.1:9"


@pytest.fixture
def sqs(aws: None) -> Iterator["SQSClient"]:
    client = boto3.client("sqs")
    yield client
    client.close()


def refused(code: str, status: int) -> ClientError:
    return ClientError(
        {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}},  # type: ignore[typeddict-item]
        "ChangeMessageVisibility",
    )


def pausing(sqs: "SQSClient", error: Exception) -> tuple[SqsQueue, list[int]]:
    """A queue whose pauses end like this, and the pauses that were asked for."""
    asked = list[int]()

    def fail(params: dict[str, int], **_: object) -> None:
        asked.append(params["VisibilityTimeout"])
        raise error

    sqs.meta.events.register("provide-client-params.sqs.ChangeMessageVisibility", fail)
    return SqsQueue(sqs, sqs.create_queue(QueueName="orders")["QueueUrl"]), asked


@pytest.mark.parametrize(
    "error",
    [
        ConnectTimeoutError(endpoint_url=ADDRESS),
        EndpointConnectionError(endpoint_url=ADDRESS),
        ReadTimeoutError(endpoint_url=ADDRESS),
        refused("ThrottlingException", 400),
        refused("InternalFailure", 500),
        refused("ReceiptHandleIsInvalid", 400),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_message_whose_pause_is_lost_comes_again_when_the_queue_sees_fit(
    sqs: "SQSClient", error: Exception
) -> None:
    queue, asked = pausing(sqs, error)

    queue.retry_later("receipt", 7)

    assert [7] == asked


def test_a_pause_that_is_forbidden_is_said_aloud(sqs: "SQSClient") -> None:
    queue, _ = pausing(sqs, refused("AccessDenied", 403))

    with pytest.raises(ClientError) as denied:
        queue.retry_later("receipt", 7)

    assert "AccessDenied" == denied.value.response["Error"]["Code"]

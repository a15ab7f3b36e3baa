"""SQS queues of JSON messages."""

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from lastunit.adapters.dynamodb.calls import store_errors_translated
from lastunit.domain.errors import BodyTooLarge, OutcomeUnknown, StoreUnavailable
from lastunit.ports.system import Message

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

BATCH_MAX = 10  # Entries of one SendMessageBatch.
MESSAGE_MAX_BYTES = 1024 * 1024
VISIBLE_AGAIN = frozenset(
    {"MessageNotInflight", "AWS.SimpleQueueService.MessageNotInflight", "InvalidParameterValue"}
    | {"ReceiptHandleIsInvalid"}
)
"""The message is no longer ours to hold back: it comes again anyway."""


class SqsQueue:
    def __init__(self, client: "SQSClient", url: str) -> None:
        self._client, self._url = client, url

    def send(self, messages: Sequence[Message]) -> None:
        if len(messages) == 1:
            body = messages[0].to_json()
            if len(body) > MESSAGE_MAX_BYTES:  # JSON of ASCII: a character is a byte.
                raise BodyTooLarge(f"a message holds at most {MESSAGE_MAX_BYTES} bytes")
            self._client.send_message(QueueUrl=self._url, MessageBody=body)
            return
        for start in range(0, len(messages), BATCH_MAX):
            self._send_batch(messages[start : start + BATCH_MAX])

    def retry_later(self, receipt_handle: str, seconds: int) -> None:
        """The message a Lambda reports as failed comes back after `seconds` instead of the queue's own timeout."""
        # Failing here would bring back the whole batch, for a pause that is only a courtesy.
        with suppress(StoreUnavailable), store_errors_translated():
            try:
                self._client.change_message_visibility(
                    QueueUrl=self._url, ReceiptHandle=receipt_handle, VisibilityTimeout=seconds
                )
            except ClientError as error:
                if error.response["Error"]["Code"] not in VISIBLE_AGAIN:
                    raise

    def _send_batch(self, messages: Sequence[Message]) -> None:
        answer = self._client.send_message_batch(
            QueueUrl=self._url,
            Entries=[{"Id": str(index), "MessageBody": one.to_json()} for index, one in enumerate(messages)],
        )
        if answer.get("Failed"):
            raise OutcomeUnknown(f"{len(answer['Failed'])} messages were not stored")

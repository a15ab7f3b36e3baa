"""SQS queues of JSON messages."""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from lastunit.domain.errors import OutcomeUnknown

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

BATCH_MAX = 10  # Entries of one SendMessageBatch.


class SqsQueue:
    def __init__(self, client: "SQSClient", url: str) -> None:
        self._client, self._url = client, url

    def send(self, messages: Sequence[Mapping[str, object]]) -> None:
        if len(messages) == 1:
            self._client.send_message(QueueUrl=self._url, MessageBody=_text(messages[0]))
            return
        for start in range(0, len(messages), BATCH_MAX):
            self._send_batch(messages[start : start + BATCH_MAX])

    def retry_later(self, receipt_handle: str, seconds: int) -> None:
        """The message a Lambda reports as failed comes back after `seconds` instead of the queue's own timeout."""
        self._client.change_message_visibility(
            QueueUrl=self._url, ReceiptHandle=receipt_handle, VisibilityTimeout=seconds
        )

    def _send_batch(self, messages: Sequence[Mapping[str, object]]) -> None:
        answer = self._client.send_message_batch(
            QueueUrl=self._url,
            Entries=[{"Id": str(index), "MessageBody": _text(one)} for index, one in enumerate(messages)],
        )
        if answer.get("Failed"):
            raise OutcomeUnknown(f"{len(answer['Failed'])} messages were not stored")


def _text(message: Mapping[str, object]) -> str:
    return json.dumps(message, separators=(",", ":"))

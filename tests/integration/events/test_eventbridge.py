"""Announcements on EventBridge: every one of them, in as few calls as its limits allow."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from lastunit.adapters.eventbridge import BYTES_MAX, ENTRIES_MAX, ROUNDS_MAX, EventBridgeBus, entry_bytes
from lastunit.domain.errors import OutcomeUnknown
from lastunit.domain.events.business_events import BusinessEvent
from tests.support.events.announced import examples

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient


@dataclass(slots=True)
class Watched:
    """A bus of EventBridge. `refused`: how often an announcement with that id is not taken at first."""

    client: "EventBridgeClient"
    refused: dict[str, int] = field(default_factory=dict)
    calls: list[list[str]] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    pauses: list[int] = field(default_factory=list)

    @property
    def bus(self) -> EventBridgeBus:
        return EventBridgeBus(self.client, "shop", self.pauses.append)

    def around(self, operation: str, parameters: Mapping[str, Any], call: Any) -> Any:
        if operation != "PutEvents":
            return call(operation, parameters)
        entries = parameters["Entries"]
        self.calls.append([json.loads(entry["Detail"])["id"] for entry in entries])
        self.sizes.append(sum(map(entry_bytes, entries)))
        answer = call(operation, parameters)
        for at, identity in enumerate(self.calls[-1]):
            if self.refused.get(identity, 0):
                self.refused[identity] -= 1
                answer["Entries"][at] = {"ErrorCode": "ThrottlingException", "ErrorMessage": "too many"}
        return answer


@pytest.fixture
def watched(aws: None) -> Watched:
    client = boto3.client("events", region_name="eu-west-1")
    client.create_event_bus(Name="shop")
    found, inner = Watched(client), client._make_api_call  # type: ignore[attr-defined]

    def call(operation: str, parameters: Mapping[str, Any]) -> Any:
        return found.around(operation, parameters, inner)

    client._make_api_call = call  # type: ignore[attr-defined]
    return found


def announcements(count: int, filler: int = 0) -> list[BusinessEvent]:
    return [
        BusinessEvent(event_id=f"evt_{at}", type="order.reserved", at="now", data={"filler": "x" * filler})
        for at in range(count)
    ]


def test_what_is_published_reaches_those_who_listen(watched: Watched) -> None:
    sqs = boto3.client("sqs", region_name="eu-west-1")
    url = sqs.create_queue(QueueName="listener")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    pattern = json.dumps({"source": ["lastunit"], "detail-type": ["order.cancelled"]})
    watched.client.put_rule(Name="cancelled", EventBusName="shop", EventPattern=pattern)
    watched.client.put_targets(Rule="cancelled", EventBusName="shop", Targets=[{"Id": "1", "Arn": arn}])

    watched.bus.publish(list(examples().values()))

    [message] = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    event = json.loads(message["Body"])
    assert "order.cancelled" == event["detail-type"]
    assert examples()["order.cancelled"].message() == event["detail"]


def test_a_call_carries_ten_announcements_in_their_order(watched: Watched) -> None:
    watched.bus.publish(announcements(23))

    assert [10, 10, 3] == [len(call) for call in watched.calls]
    assert [f"evt_{at}" for at in range(23)] == [one for call in watched.calls for one in call]


def test_a_call_stays_within_the_size_that_is_taken(watched: Watched) -> None:
    watched.bus.publish(announcements(9, filler=100_000))

    assert [2, 2, 2, 2, 1] == [len(call) for call in watched.calls]
    assert max(watched.sizes) <= BYTES_MAX


def test_what_was_not_taken_is_sent_again_alone(watched: Watched) -> None:
    watched.refused = {"evt_3": 2, "evt_7": 1}

    watched.bus.publish(announcements(ENTRIES_MAX))

    assert [["evt_3", "evt_7"], ["evt_3"]] == watched.calls[1:]
    assert [1, 2] == watched.pauses


def test_what_is_never_taken_is_an_error_after_some_rounds(watched: Watched) -> None:
    """The stream then brings the batch again, and the ids tell repeats apart."""
    watched.refused = {"evt_0": 99}

    with pytest.raises(OutcomeUnknown):
        watched.bus.publish(announcements(2))

    assert ROUNDS_MAX == len(watched.calls)


def test_nothing_to_publish_is_no_call(watched: Watched) -> None:
    watched.bus.publish([])

    assert [] == watched.calls

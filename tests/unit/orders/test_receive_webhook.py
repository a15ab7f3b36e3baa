"""A webhook is believed only after its signature, and leaves one message."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from lastunit.domain.channel import Channel
from lastunit.domain.errors import BadSignature, BodyTooLarge, InvalidInput, LastunitError, NotFound
from lastunit.domain.orders.snapshot import Notification
from lastunit.ports.channel import WebhookRequest
from lastunit.use_cases.messages import NotificationMessage
from lastunit.use_cases.orders.receive_webhook import BODY_MAX_BYTES, CHANNEL_NAME_MAX, ReceiveWebhook
from tests.support.clock import NOON, FakeClock
from tests.support.listings.pushing import FakeChannel, FakeQueue
from tests.support.settings import FakeSettings

ORDER = Notification(
    channel="web", event_id="event-1", order_id="A-1", topic="order.created", payload={"lines": []}
)


@dataclass(slots=True)
class SignedChannel(FakeChannel):
    """Notes what it was asked, in order; `says` is what an envelope tells."""

    says: Notification | LastunitError | None = None
    forged: bool = False
    asked: list[str] = field(default_factory=list)

    def challenge(self, request: WebhookRequest) -> Mapping[str, str] | None:
        code = request.query.get("challenge_code")
        return {"challengeResponse": code} if code else None

    def verify(self, request: WebhookRequest) -> None:
        self.asked.append("verify")
        if self.forged:
            raise BadSignature("forged")

    def parse(self, request: WebhookRequest) -> Notification | None:
        self.asked.append("parse")
        if isinstance(self.says, LastunitError):
            raise self.says
        return self.says


def receiver(channel: SignedChannel, queue: FakeQueue) -> ReceiveWebhook:
    settings = FakeSettings({"web": Channel(name="web", kind="generic")}, ())
    return ReceiveWebhook(settings=settings, api=lambda _: channel, queue=queue, clock=FakeClock())


def post(body: bytes = b"{}") -> WebhookRequest:
    return WebhookRequest(method="POST", headers={}, body=body)


def test_an_accepted_webhook_is_one_message_with_the_time_of_its_receipt() -> None:
    channel, queue = SignedChannel(says=ORDER), FakeQueue()

    accepted = receiver(channel, queue).notify("web", post())

    assert (True, 1, ["verify", "parse"]) == (accepted, queue.sends, channel.asked)
    assert [
        NotificationMessage(
            channel="web",
            event_id="event-1",
            order_id="A-1",
            topic="order.created",
            payload={"lines": []},
            received_at=NOON.isoformat(),
        )
    ] == queue.sent


def test_a_verified_webhook_that_asks_for_nothing_leaves_nothing() -> None:
    queue = FakeQueue()

    accepted = receiver(SignedChannel(says=None), queue).notify("web", post())

    assert (False, 0) == (accepted, queue.sends)


@pytest.mark.parametrize(
    ("channel", "name", "body", "error"),
    [
        (SignedChannel(says=ORDER, forged=True), "web", b"{}", BadSignature),
        (SignedChannel(says=InvalidInput("order_id", "is missing")), "web", b"{}", InvalidInput),
        (SignedChannel(says=ORDER), "web", b" " * (BODY_MAX_BYTES + 1), BodyTooLarge),
        (SignedChannel(says=ORDER), "other", b"{}", NotFound),
    ],
)
def test_what_is_refused_leaves_nothing(
    channel: SignedChannel, name: str, body: bytes, error: type[LastunitError]
) -> None:
    queue = FakeQueue()

    with pytest.raises(error):
        receiver(channel, queue).notify(name, post(body))

    assert 0 == queue.sends


def test_nothing_is_read_from_a_body_that_is_unsigned_or_too_large() -> None:
    forged, large = SignedChannel(says=ORDER, forged=True), SignedChannel(says=ORDER)

    with pytest.raises(BadSignature):
        receiver(forged, FakeQueue()).notify("web", post())
    with pytest.raises(BodyTooLarge):
        receiver(large, FakeQueue()).notify("web", post(b" " * (BODY_MAX_BYTES + 1)))

    assert (["verify"], []) == (forged.asked, large.asked)


def test_a_body_of_exactly_the_limit_is_taken() -> None:
    assert receiver(SignedChannel(says=ORDER), FakeQueue()).notify("web", post(b" " * BODY_MAX_BYTES))


def test_a_name_no_channel_can_have_is_not_looked_up() -> None:
    name = "a" * (CHANNEL_NAME_MAX + 1)
    settings = FakeSettings({name: Channel(name=name, kind="generic")}, ())
    receive = ReceiveWebhook(
        settings=settings, api=lambda _: SignedChannel(says=ORDER), queue=FakeQueue(), clock=FakeClock()
    )

    with pytest.raises(NotFound):
        receive.notify(name, post())


def test_a_challenge_is_answered_by_the_channel_that_has_one() -> None:
    receive = receiver(SignedChannel(), FakeQueue())

    answer = receive.challenge("web", WebhookRequest(method="GET", headers={}, query={"challenge_code": "7"}))

    assert {"challengeResponse": "7"} == answer
    with pytest.raises(NotFound):
        receive.challenge("web", WebhookRequest(method="GET", headers={}))

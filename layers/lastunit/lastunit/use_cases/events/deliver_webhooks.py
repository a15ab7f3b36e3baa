"""Use case: announcements reach the merchant's own addresses, signed, and again until they are taken."""

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from http import HTTPStatus

from lastunit.domain.errors import InvalidInput, UnknownMessage
from lastunit.domain.events.business_events import BusinessEvent
from lastunit.domain.events.subscriptions import WebhookSubscription
from lastunit.ports.events import Sign, WebhookSubscriptions
from lastunit.ports.system import HttpClient, HttpResponse, Queue, ReportError
from lastunit.use_cases.messages import DeliverWebhookMessage, webhook_work
from lastunit.use_cases.unexpected import contained

DELIVERIES_MAX = 10  # At once: a whole batch of the queue, so that one slow receiver delays no other.
WORK_SECONDS = 20.0  # Of the function's 30: who has not answered by then comes again, the others are done.
RETRY_AFTER_MAX_SECONDS = 6 * 3600


@dataclass(frozen=True, slots=True)
class Delivered:
    """Nothing more is to be done for this message. `why`, in one word, and `webhook` are for the log."""

    why: str
    webhook: str | None = None


@dataclass(frozen=True, slots=True)
class DeliverAgain:
    """The message must come again. `seconds`: the receiver's wish, None: as the queue sees fit."""

    why: str
    webhook: str | None = None
    seconds: int | None = None


Result = Delivered | DeliverAgain


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverWebhooks:
    webhooks: WebhookSubscriptions
    queue: Queue
    sign: Sign
    http: HttpClient
    report_error: ReportError
    work_seconds: float = WORK_SECONDS

    def handle(self, bodies: Mapping[str, str]) -> dict[str, Result]:
        """A result per message, by its key; one that fails keeps no other from its delivery."""
        pool = ThreadPoolExecutor(DELIVERIES_MAX)
        tasks = {key: pool.submit(self._handle, body) for key, body in bodies.items()}
        wait(tasks.values(), timeout=self.work_seconds)
        # A receiver that answers byte by byte outlasts every timeout of the connection: it is left alone.
        pool.shutdown(wait=False, cancel_futures=True)
        return {key: _result(task) for key, task in tasks.items()}

    def _handle(self, body: str) -> Result:
        try:
            work = webhook_work(body)
        except (InvalidInput, UnknownMessage):
            return DeliverAgain("unreadable")  # It goes round alone and ends as a dead letter.
        name = work.webhook if isinstance(work, DeliverWebhookMessage) else None
        try:
            done = self._deliver(work) if isinstance(work, DeliverWebhookMessage) else self._fan_out(work)
        except Exception as error:
            return DeliverAgain(type(contained(error, self.report_error)).__name__, name)
        return replace(done, webhook=name)

    def _fan_out(self, event: BusinessEvent) -> Result:
        """One message per webhook, each with its own retries. Done twice it delivers twice, under the same id."""
        wanted = [one.name for one in self.webhooks.all() if one.wants(event.type)]
        if wanted:
            self.queue.send([DeliverWebhookMessage.of(name, event) for name in wanted])
        return Delivered("fanned_out")

    def _deliver(self, message: DeliverWebhookMessage) -> Result:
        webhook = self.webhooks.find(message.webhook)
        if webhook is None or not webhook.enabled:
            return Delivered("switched_off")
        body = _body(message.event)
        headers = {"content-type": "application/json", **self.sign(webhook.name, message.event_id, body)}
        return self._judge(webhook, self.http.request("POST", webhook.url, headers=headers, body=body))

    def _judge(self, webhook: WebhookSubscription, answer: HttpResponse) -> Result:
        """Anything but a 2xx comes again, a wrong path or key too: the receiver may mend it within the day."""
        if HTTPStatus(200) <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
            return Delivered("delivered")
        if answer.status == HTTPStatus.GONE:
            self.webhooks.disable(webhook)
            return Delivered("gone")
        return DeliverAgain(f"status_{answer.status}", seconds=_retry_after_seconds(answer))


def _result(task: Future[Result]) -> Result:
    return task.result() if task.done() and not task.cancelled() else DeliverAgain("too_slow")


def _body(event: BusinessEvent) -> bytes:
    """The same bytes at every attempt: Standard Webhooks' own shape, whose id travels in a header."""
    content = {name: value for name, value in event.message().items() if name != "id"}
    return json.dumps(content, separators=(",", ":")).encode()


def _retry_after_seconds(answer: HttpResponse) -> int | None:
    wish = answer.headers.get("retry-after", "")
    if not (wish.isascii() and wish.isdigit() and len(wish) < 10):
        return None  # Absent, or a date: our own pauses are long enough.
    return min(RETRY_AFTER_MAX_SECONDS, int(wish))


def failed(results: Mapping[str, Result]) -> Sequence[tuple[str, DeliverAgain]]:
    return [(key, result) for key, result in results.items() if isinstance(result, DeliverAgain)]

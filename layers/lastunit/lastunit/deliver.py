"""Use case: announcements reach the merchant's own addresses, signed, and again until they are taken."""

import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any

from lastunit.channel_ports import HttpClient, HttpResponse
from lastunit.domain.errors import InvalidInput, LastunitError
from lastunit.domain.outgoing import OutgoingWebhook
from lastunit.ports import OutgoingWebhooks, Queue, Sign

DELIVERIES_MAX = 10  # At once: a whole batch of the queue, so that one slow receiver delays no other.
WORK_SECONDS = 20.0  # Of the function's 30: who has not answered by then comes again, the others are done.
PAUSE_MAX_SECONDS = 3 * 3600
RETRY_AFTER_MAX_SECONDS = 6 * 3600
FIELDS = ("id", "type", "timestamp", "data")


@dataclass(frozen=True, slots=True)
class Delivered:
    """Nothing more is to be done for this message. `why`, in one word, and `webhook` are for the log."""

    why: str
    webhook: str | None = None


@dataclass(frozen=True, slots=True)
class Again:
    """The message must come again. `seconds`: the receiver's wish, None: as the queue sees fit."""

    why: str
    webhook: str | None = None
    seconds: int | None = None


Result = Delivered | Again


@dataclass(frozen=True, slots=True)
class DeliverWebhooks:
    webhooks: OutgoingWebhooks
    queue: Queue
    sign: Sign
    http: HttpClient
    work_seconds: float = WORK_SECONDS

    def __call__(self, bodies: Mapping[str, str]) -> dict[str, Result]:
        """A result per message, by its key; one that fails keeps no other from its delivery."""
        pool = ThreadPoolExecutor(DELIVERIES_MAX)
        tasks = {key: pool.submit(self._handle, body) for key, body in bodies.items()}
        wait(tasks.values(), timeout=self.work_seconds)
        # A receiver that answers byte by byte outlasts every timeout of the connection: it is left alone.
        pool.shutdown(wait=False, cancel_futures=True)
        return {key: _result(task) for key, task in tasks.items()}

    def _handle(self, body: str) -> Result:
        try:
            message = _read(body)
        except InvalidInput:
            return Again("unreadable")
        name = message.get("webhook")
        try:
            return replace(self._deliver(name, message) if name else self._fan_out(message), webhook=name)
        except LastunitError as error:
            return Again(type(error).__name__, name)

    def _fan_out(self, announcement: Mapping[str, Any]) -> Result:
        """One message per webhook, each with its own retries. Done twice it delivers twice, under the same id."""
        wanted = [one.name for one in self.webhooks.all() if one.wants(announcement["type"])]
        if wanted:
            self.queue.send([{**announcement, "webhook": name} for name in wanted])
        return Delivered("fanned_out")

    def _deliver(self, name: str, message: Mapping[str, Any]) -> Result:
        webhook = self.webhooks.find(name)
        if webhook is None or not webhook.enabled:
            return Delivered("switched_off")
        body = _body(message)
        headers = {"content-type": "application/json", **self.sign(webhook.name, message["id"], body)}
        return self._judge(webhook, self.http.request("POST", webhook.url, headers=headers, body=body))

    def _judge(self, webhook: OutgoingWebhook, answer: HttpResponse) -> Result:
        """Anything but a 2xx comes again, a wrong path or key too: the receiver may mend it within the day."""
        if HTTPStatus(200) <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
            return Delivered("delivered")
        if answer.status == HTTPStatus.GONE:
            self.webhooks.disable(webhook)
            return Delivered("gone")
        return Again(f"status_{answer.status}", seconds=_retry_after_seconds(answer))


def _result(task: Future[Result]) -> Result:
    return task.result() if task.done() and not task.cancelled() else Again("too_slow")


def _read(body: str) -> Mapping[str, Any]:
    """Raises InvalidInput when it is no announcement: it goes round alone and ends as a dead letter."""
    try:
        message = json.loads(body)
    except ValueError as error:
        raise InvalidInput("message", "is not JSON") from error
    if not isinstance(message, Mapping) or not all(name in message for name in FIELDS):
        raise InvalidInput("message", "is no announcement")
    return message


def _body(message: Mapping[str, Any]) -> bytes:
    """The same bytes at every attempt: Standard Webhooks' own shape."""
    told = {name: message[name] for name in FIELDS if name != "id"}
    return json.dumps(told, separators=(",", ":")).encode()


def _retry_after_seconds(answer: HttpResponse) -> int | None:
    wish = answer.headers.get("retry-after", "")
    if not (wish.isascii() and wish.isdigit() and len(wish) < 10):
        return None  # Absent, or a date: our own pauses are long enough.
    return min(RETRY_AFTER_MAX_SECONDS, int(wish))


def pause_seconds(again: Again, received: int, chance: Callable[[], float]) -> int:
    """Before the next attempt: 5 s, doubling up to 3 hours, so that 20 attempts take about a day.

    A quarter of jitter keeps what failed together from coming back together. A receiver may ask for longer.
    """
    usual = min(PAUSE_MAX_SECONDS, 5 << min(received - 1, 20))
    return max(again.seconds or 0, round(usual * (1 - chance() / 4)))


def failed(results: Mapping[str, Result]) -> Sequence[tuple[str, Again]]:
    return [(key, result) for key, result in results.items() if isinstance(result, Again)]

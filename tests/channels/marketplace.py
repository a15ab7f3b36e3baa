"""What all simulated marketplaces share: shelves, orders, webhooks with retries, and faults on demand."""

import random
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import BytesIO
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Self
from urllib.parse import unquote_to_bytes, urlsplit

import urllib3
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, MapAdapter, Rule
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


@dataclass(slots=True)
class Misbehaviour:
    """Shares (0..1) of calls and deliveries that go wrong. All zero: a marketplace on its best day.

    `throttled`: our call is answered 429 in the marketplace's own form, not applied. `broken`: 500, not applied.
    `lost`: applied, then the connection dies without an answer. `duplicated`, `dropped`: webhook deliveries sent
    twice, or never. `delay_seconds`: each delivery waits up to so long, which also reorders them.
    """

    throttled: float = 0.0
    broken: float = 0.0
    lost: float = 0.0
    duplicated: float = 0.0
    dropped: float = 0.0
    delay_seconds: float = 0.0
    retry_after_seconds: float = 1.0


@dataclass(frozen=True, slots=True)
class ShelfChange:
    """`cause`: listed, sale, push, cancel or edit. `at`: the marketplace's `seconds`."""

    at: float
    name: str
    quantity: int
    cause: str


@dataclass(frozen=True, slots=True)
class ApiCall:
    at: float
    method: str
    path: str
    fault: str | None


@dataclass(slots=True)
class Counts:
    delivered: int = 0
    duplicates: int = 0
    dropped: int = 0
    attempts: int = 0
    undelivered: int = 0


class SoldOut(Exception):
    """The shelf shows fewer units than the buyer wants: no order comes into being."""


class Dropped(ConnectionError):
    """Ends a connection without an answer, after the call took effect."""


class _QuietHandler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: object) -> None:
        pass

    def connection_dropped(self, error: BaseException, environ: "WSGIEnvironment | None" = None) -> None:
        # werkzeug answers 500 for any other exception, and would keep this connection open.
        self.close_connection = True
        self.connection.close()


@dataclass(frozen=True, slots=True)
class Delivery:
    """One signed webhook attempt. `headers` and `body` are made anew for every attempt."""

    headers: Mapping[str, str]
    body: bytes


Make = Callable[[], Delivery]
"""Signs one attempt of a webhook; its id stays from attempt to attempt."""


def wall_clock() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class Marketplace:
    """Entered, a real HTTP server on loopback; else one in process. Subclasses add routes, orders and signatures.

    All state is guarded by `changed`; wait on it instead of sleeping. In process, `respond` answers one call and
    nothing happens by itself: `courier` takes the webhooks. `now` (in UTC) and `seconds` tell the time; whatever is
    random is drawn from the seed. `host`: where the hub is told that it is.
    """

    chooses_host: ClassVar[bool] = False  # Each has an address of its own, as a merchant's store has.

    seed: int = 0
    port: int = 0
    host: str = ""
    now: Callable[[], datetime] = wall_clock
    seconds: Callable[[], float] = time.monotonic
    deliver_webhook: Callable[[Make], None] | None = None
    misbehaviour: Misbehaviour = field(default_factory=Misbehaviour)
    retry_seconds: tuple[float, ...] = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0)
    webhook_workers: int = 3  # Webhooks under way at once; each costs the local stack a worker process of its own.
    webhook_url: str = ""
    shelves: dict[str, int] = field(default_factory=dict)
    history: list[ShelfChange] = field(default_factory=list)
    calls: list[ApiCall] = field(default_factory=list)
    counts: Counts = field(default_factory=Counts)
    posted: list[Delivery] = field(default_factory=list)  # Every attempt as it went out, for sending it again.
    answered: list[float] = field(default_factory=list)  # When each delivery got its 2xx, by `seconds`.
    changed: threading.Condition = field(default_factory=threading.Condition)
    _random: random.Random = field(init=False)
    _server: BaseWSGIServer | None = field(default=None, init=False)
    _webhook_workers: ThreadPoolExecutor | None = field(default=None, init=False)
    _under_way: set["Future[None]"] = field(default_factory=set, init=False)
    _stopping: threading.Event = field(default_factory=threading.Event, init=False)
    _http: urllib3.PoolManager = field(
        default_factory=lambda: urllib3.PoolManager(maxsize=32, retries=False, timeout=10.0), init=False
    )

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)  # noqa: S311 - reproducible faults, not secrets

    # -- what a subclass provides ---------------------------------------------------------------------------

    def routes(self) -> MapAdapter:
        """Each rule's endpoint is a method of the class, taking the request and the path's variables."""
        raise NotImplementedError

    @property
    def own_host(self) -> str:
        """Where the real one is."""
        raise NotImplementedError

    @property
    def hosts(self) -> tuple[str, ...]:
        """All that its calls may go to."""
        return (self.host,)

    def register(self, endpoint: str) -> None:
        """Webhooks go there from now on."""
        self.webhook_url = endpoint

    def aliases(self, name: str) -> list[str]:
        """The ids that its orders name beside, or instead of, the SKU."""
        return []

    def throttle_answer(self) -> Response:
        """How this marketplace says 'too many requests'."""
        return Response(status=429, headers={"Retry-After": f"{self.misbehaviour.retry_after_seconds:g}"})

    # -- life ------------------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        self._server = make_server(
            "127.0.0.1", self.port, self._application, threaded=True, request_handler=_QuietHandler
        )
        self.port = self._server.server_port
        self._webhook_workers = ThreadPoolExecutor(self.webhook_workers, thread_name_prefix=type(self).__name__)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        if self._webhook_workers:
            self._webhook_workers.shutdown(wait=True, cancel_futures=True)
        if self._server:
            self._server.shutdown()
            self._server.server_close()

    @property
    def url(self) -> str:
        return f"https://{self.host}" if self.host else f"http://127.0.0.1:{self.port}"

    # -- shelves ---------------------------------------------------------------------------------------------

    def put_on_shelf(self, name: str, quantity: int, cause: str) -> None:
        """Sets what the marketplace shows for `name` and remembers when and why."""
        with self.changed:
            self.shelves[name] = quantity
            self.history.append(ShelfChange(self.seconds(), name, quantity, cause))
            self.changed.notify_all()

    def take_from_shelf(self, lines: Mapping[str, int]) -> None:
        """The marketplace's own stock counting: all lines or SoldOut."""
        with self.changed:
            if any(self.shelves.get(name, 0) < quantity for name, quantity in lines.items()):
                raise SoldOut(", ".join(lines))
            for name, quantity in lines.items():
                self.put_on_shelf(name, self.shelves[name] - quantity, "sale")

    def await_condition(self, holds: Callable[[], bool], timeout_seconds: float = 30.0) -> bool:
        """Waits until something on the shelves makes `holds` true. False when time ran out."""
        with self.changed:
            return self.changed.wait_for(holds, timeout_seconds)

    def await_shown(self, name: str, quantity: int, timeout_seconds: float = 30.0) -> bool:
        return self.await_condition(lambda: self.shelves.get(name) == quantity, timeout_seconds)

    # -- webhooks --------------------------------------------------------------------------------------------

    def send(self, make: Make) -> None:
        """Delivers in the background: retried until 2xx, misbehaving as told, unless a courier does all that."""
        if self.deliver_webhook:
            self.deliver_webhook(make)
            return
        if self._chance(self.misbehaviour.dropped):
            with self.changed:
                self.counts.dropped += 1
            return
        copies = 2 if self._chance(self.misbehaviour.duplicated) else 1
        with self.changed:
            self.counts.duplicates += copies - 1
        for _ in range(copies):
            self._start(make, self._random.uniform(0.0, self.misbehaviour.delay_seconds))

    def await_delivered(self, timeout_seconds: float = 60.0) -> bool:
        """True once no delivery is under way."""
        with self.changed:
            return self.changed.wait_for(lambda: not self._under_way, timeout_seconds)

    def _start(self, make: Make, delay_seconds: float) -> None:
        assert self._webhook_workers, "enter the marketplace first, or give it a courier"
        with self.changed:
            future = self._webhook_workers.submit(self._deliver, make, delay_seconds)
            self._under_way.add(future)
        future.add_done_callback(self._finished)

    def _finished(self, future: "Future[None]") -> None:
        with self.changed:
            self._under_way.discard(future)
            self.changed.notify_all()
        if not future.cancelled():
            future.result()  # An error of the simulator itself is shown by its thread, not swallowed.

    def _deliver(self, make: Make, delay_seconds: float) -> None:
        for wait in (delay_seconds, *self.retry_seconds):
            if self._stopping.wait(wait):
                return
            with self.changed:
                self.counts.attempts += 1
            if self._post(make()):
                with self.changed:
                    self.counts.delivered += 1
                    self.answered.append(self.seconds())
                return
        with self.changed:
            self.counts.undelivered += 1

    def _post(self, delivery: Delivery) -> bool:
        with self.changed:
            self.posted.append(delivery)
        try:
            answer = self._http.request(
                "POST", self.webhook_url, body=delivery.body, headers=dict(delivery.headers)
            )
        except urllib3.exceptions.HTTPError:
            return False
        return 200 <= answer.status < 300

    # -- serving ---------------------------------------------------------------------------------------------

    def respond(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        """One call in process: status, headers with lower-case names, body. Raises Dropped without an answer."""
        answer = self._answer(Request(_environ(method, url, headers, body or b"")))
        lowered = {name.lower(): value for name, value in answer.headers.items()}
        return answer.status_code, lowered, answer.get_data()

    def _application(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        return self._answer(Request(environ))(environ, start_response)

    def _answer(self, request: Request) -> Response:
        fault = self._choose_fault()
        self.calls.append(ApiCall(self.seconds(), request.method, request.path, fault))
        try:
            endpoint, values = self.routes().match(request.path, request.method)
            if fault == "throttled":
                return self.throttle_answer()
            if fault == "broken":
                return Response("internal error", status=500)
            answer: Response = endpoint(self, request, **values)
        except HTTPException as problem:
            return problem.get_response(request.environ)
        if fault == "lost":
            raise Dropped
        return answer

    def _choose_fault(self) -> str | None:
        for name in ("throttled", "broken", "lost"):
            if self._chance(getattr(self.misbehaviour, name)):
                return name
        return None

    def _chance(self, share: float) -> bool:
        with self.changed:
            return share > 0 and self._random.random() < share

    def _uuid(self) -> str:
        with self.changed:
            return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def _random_bytes(self, count: int) -> bytes:
        with self.changed:
            return self._random.randbytes(count)


def in_process[Kind: Marketplace](
    kind: type[Kind], seed: int, now: Callable[[], datetime], courier: Callable[[Make], None], **settings: Any
) -> Kind:
    """At the host of the real one, and wholly by this clock and seed. `settings`: any other fields."""
    market = kind(seed=seed, now=now, seconds=lambda: now().timestamp(), deliver_webhook=courier, **settings)
    market.host = market.host or market.own_host
    return market


def bound(*rules: Rule) -> MapAdapter:
    """Compiling a route takes longer than answering a call, so do it once for all marketplaces of a kind."""
    return Map(rules).bind("")


def _environ(method: str, url: str, headers: Mapping[str, str], body: bytes) -> "WSGIEnvironment":
    """What a server would make of the call. Bytes travel as Latin-1, as WSGI demands."""
    parts = urlsplit(url)
    named = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
    return named | {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(parts.path).decode("latin-1"),
        "QUERY_STRING": parts.query,
        "SERVER_NAME": "in-process",
        "SERVER_PORT": "443",
        "HTTP_HOST": parts.netloc,
        "CONTENT_TYPE": named.get("HTTP_CONTENT_TYPE", ""),
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.url_scheme": "https",
        "wsgi.input": BytesIO(body),
    }

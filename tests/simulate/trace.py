"""Everything that happens in a history, line by line: calls to tables, faults, actions, numbers on the channels."""

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from tests.channels.marketplace import Marketplace
from tests.simulate.actions import Actions
from tests.simulate.faults import Faults
from tests.simulate.plan import Intent
from tests.simulate.scheduler import Actor, Scheduler
from tests.simulate.store import Store

TYPED = re.compile(r'\{"[SN]": ("(?:[^"\\]|\\.)*")\}')
NOISE = frozenset({"ReturnValues", "ReturnValuesOnConditionCheckFailure", "ClientRequestToken", "ConsistentRead"})

Tell = Callable[[str], object]


@contextmanager
def traced(tell: Tell) -> Iterator[None]:
    """Of every history that begins in here, each line as soon as it happens. One history at a time."""
    with ExitStack() as stack:
        teller = _Teller(tell)
        for owner, name, around in (
            (Scheduler, "_switch", teller.switch),
            (Store, "execute", teller.execute),
            (Faults, "strikes", teller.strikes),
            (Actions, "do", teller.do),
            (Marketplace, "put_on_shelf", teller.put_on_shelf),
        ):
            stack.enter_context(_wrapped(owner, name, around))
        yield


def digested[Result](do: Callable[[], Result]) -> tuple[Result, str]:
    """What it returns, and the digest of everything that happened in it."""
    digest = hashlib.sha256()
    with traced(lambda line: digest.update(line.encode())):
        result = do()
    return result, digest.hexdigest()


@contextmanager
def _wrapped(owner: type, name: str, around: Callable[..., Any]) -> Iterator[None]:
    """Nothing of the simulator is slower or longer while nobody looks."""
    original = getattr(owner, name)
    setattr(owner, name, lambda *given: around(partial(original, *given), *given))
    try:
        yield
    finally:
        setattr(owner, name, original)


class _Teller:
    """Each `around` gets what it stands for, ready to be called, and then what that was called with."""

    def __init__(self, tell: Tell) -> None:
        self.tell = tell
        self.scheduler = Scheduler()
        self.numbers: dict[Actor, int] = {}

    def switch(self, call: Callable[[], None], scheduler: Scheduler, actor: Actor) -> None:
        self.scheduler = scheduler
        call()

    def execute(self, call: Callable[[], Any], store: Store, operation: str, parameters: Mapping[str, Any]) -> Any:
        try:
            answer = call()
        except ClientError as error:
            self._line(f"{operation} {_short(parameters)} -> {_refusal(error)}")
            raise
        self._line(f"{operation} {_short(parameters)} -> {_short(answer)}")
        return answer

    def strikes(self, call: Callable[[], bool], faults: Faults, kind: str) -> bool:
        struck = call()
        if struck:
            self._line(f"FAULT {kind}")
        return struck

    def do(self, call: Callable[[], None], actions: Actions, intent: Intent) -> None:
        self._line(
            f"ACTION {intent.number} {intent.action} {intent.channel} {dict(intent.lines)} {intent.draw:.4f}"
        )
        call()

    def put_on_shelf(
        self, call: Callable[[], Any], market: Marketplace, name: str, quantity: int, cause: str
    ) -> Any:
        self._line(f"SHELF {market.host} {name}: {market.shelves.get(name)} -> {quantity} by {cause}")
        return call()

    def _line(self, text: str) -> None:
        self.tell(f"{self.scheduler.now:10.3f} {self._actor()} {text}\n")

    def _actor(self) -> str:
        actor = self.scheduler.current
        if actor is None:
            return "-"
        return f"{actor.name}/{self.numbers.setdefault(actor, len(self.numbers))}"


def _short(parameters: Mapping[str, Any]) -> str:
    told = {name: value for name, value in parameters.items() if name not in NOISE}
    return TYPED.sub(r"\1", json.dumps(told, default=str))


def _refusal(error: ClientError) -> str:
    reasons = [reason["Code"] for reason in error.response.get("CancellationReasons", ())]
    return " ".join((error.response["Error"]["Code"], *reasons))

"""The real adapters on both stores: the same calls, the same answers, the same rows and records in the end."""

import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lastunit.domain.errors import LastunitError
from tests.contract import channel_acts, stock_acts
from tests.contract.database import DatabaseRefusal, refusal
from tests.contract.hub import RecordedHub
from tests.contract.shop import Act, open_shop
from tests.contract.stores import emulated
from tests.simulate.store import Store
from tests.support.aws.dynamo import declared_tables
from tests.support.clock import FakeClock

ACTS = stock_acts.ACTS + channel_acts.ACTS
ACTS_MAX = 160
STREAMED = ("StockTable", "OrdersTable")


@pytest.mark.parametrize("seed", [1, 2])
def test_the_adapters_behave_alike_on_every_store(
    emulator: str, seed: int, record_property: Callable[[str, object], None]
) -> None:
    real = emulated(emulator, *declared_tables())
    store = Store({real.tables[name]: declared for name, declared in declared_tables().items()})
    hubs = [RecordedHub(call, real.tables, FakeClock()) for call in (store.execute, real.client._make_api_call)]
    rng, counts = random.Random(seed), Counter[str]()  # noqa: S311 - repeatable
    for hub in hubs:
        open_shop(hub)

    for number in range(ACTS_MAX):
        [act] = rng.choices(*zip(*ACTS, strict=True))
        simulated, emulated_ = (_done(hub, act, f"{seed}-{number}") for hub in hubs)
        counts.update(_kinds(simulated[1]))

        assert (act.__name__, emulated_) == (act.__name__, simulated)

    for table in real.tables.values():
        assert _rows(hubs[1], table) == _rows(hubs[0], table)
    for name in STREAMED:
        assert _told(real.records(real.tables[name])) == _told(store.stream(real.tables[name]))
    record_property("summary", f"seed {seed}, {ACTS_MAX} acts alike on both stores: {dict(counts.most_common())}")


def _done(hub: RecordedHub, act: Act, seed: str) -> tuple[Any, list[Any]]:
    """What came of an act, and all that it asked of its store."""
    hub.clock.pass_minutes(1)
    hub.recorder.calls.clear()
    answer = _answer(hub, act, random.Random(seed))  # noqa: S311 - the same choices on both stores
    return answer, list(hub.recorder.calls)


def _answer(hub: RecordedHub, act: Act, rng: random.Random) -> Any:
    try:
        return act(hub, rng)
    except LastunitError as error:
        return type(error), vars(error)
    except ClientError as error:
        return refusal(error)


def _kinds(calls: list[Any]) -> list[str]:
    return [answer.code if isinstance(answer, DatabaseRefusal) else operation for operation, _, answer in calls]


def _rows(hub: RecordedHub, table: str) -> list[Any]:
    return sorted(hub.recorder.inner("Scan", {"TableName": table, "ConsistentRead": True})["Items"], key=str)


def _told(records: Any) -> list[Any]:
    """Of each row in the order of its writes: the stream promises no more."""
    told = [
        (record["eventName"], *map(record["dynamodb"].get, ("Keys", "OldImage", "NewImage"))) for record in records
    ]
    return sorted(told, key=lambda change: str(change[1]))

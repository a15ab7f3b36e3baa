"""Rules among channels hold whoever changes channels at the same time."""

from collections.abc import Callable
from contextlib import suppress
from itertools import count
from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError

from lastunit.adapters.dynamodb import rows
from lastunit.adapters.dynamodb.catalogue import DynamoCatalogue
from lastunit.adapters.dynamodb.settings import DynamoSettings
from lastunit.domain.channel import Channel, Mode, Sync
from lastunit.domain.errors import Conflict, Contention, InvalidInput, StoreUnavailable
from lastunit.use_cases.settings.configure_channel import ATTEMPTS_MAX, ConfigureChannel
from tests.support.aws.dynamo import Around, Call, HubStore, intercept
from tests.support.clock import NOON, FakeClock
from tests.support.listings.pushing import FakeQueue

STEPS = 7  # Calls up to the write: the revision, the channel, all locations, the names of channels, each, then it.


def writer(store: HubStore, before_writing: Callable[[], None] | None = None) -> ConfigureChannel:
    """`before_writing` happens after it has read and decided."""

    def around(operation: str, call: Call) -> Any:
        if operation == "TransactWriteItems" and before_writing:
            before_writing()
        return call()

    return watched(store, around)


def watched(store: HubStore, around: Around) -> ConfigureChannel:
    client = boto3.client("dynamodb", region_name="eu-west-1")
    intercept(client, around)
    return ConfigureChannel(
        catalogue=DynamoCatalogue(client, store.tables.stock, store.tables.settings),
        settings=DynamoSettings(client, store.tables.settings),
        pushes=FakeQueue(),
        clock=FakeClock(),
    )


def once(act: Callable[[], object]) -> Callable[[], None]:
    acts = [act]

    def run() -> None:
        if acts:
            acts.pop()()

    return run


def exclusive(name: str, percent: int) -> Channel:
    return Channel(name=name, kind="generic", mode=Mode.EXCLUSIVE, share_percent=percent)


def settings(store: HubStore) -> dict[str, tuple[int, int]]:
    """Channel → its share and its version."""
    stored = DynamoSettings(store.client, store.tables.settings)
    found = [channel for name in stored.channels() if (channel := stored.channel(name))]
    return {channel.name: (channel.share_percent, channel.version) for channel in found}


@pytest.mark.parametrize("existing", [True, False])
def test_two_channels_changed_at_once_never_get_more_than_all_of_it(store: HubStore, existing: bool) -> None:
    rival = writer(store)
    if existing:
        rival.put_channel(exclusive("ebay", 40))
        rival.put_channel(exclusive("web", 40))
    late = writer(store, once(lambda: rival.put_channel(exclusive("ebay", 60))))

    with pytest.raises(InvalidInput) as caught:
        late.put_channel(exclusive("web", 60))

    assert ("share_percent", "40 % is free") == (caught.value.field, caught.value.remedy)
    assert ({"ebay": (60, 2), "web": (40, 1)} if existing else {"ebay": (60, 1)}) == settings(store)


def test_a_rival_may_come_between_any_two_steps(store: HubStore) -> None:
    rival = writer(store)
    for step in range(STEPS):
        for name in ("ebay", "web"):
            rival.put_channel(exclusive(name, 10))
        calls = count()

        def around(operation: str, call: Call, step: int = step, calls: "count[int]" = calls) -> Any:
            if next(calls) == step:
                rival.put_channel(exclusive("ebay", 60))
            return call()

        with suppress(InvalidInput):
            watched(store, around).put_channel(exclusive("web", 60))

        shares = [share for share, _ in settings(store).values()]
        assert (step, [60, 10]) == (step, shares)


def test_changes_at_once_that_go_together_are_both_made(store: HubStore) -> None:
    rival = writer(store)
    late = writer(store, once(lambda: rival.put_channel(exclusive("ebay", 60))))

    late.put_channel(exclusive("web", 40))

    assert {"ebay": (60, 1), "web": (40, 1)} == settings(store)


def test_a_hold_keeps_what_was_changed_at_the_same_time(store: HubStore) -> None:
    rival = writer(store)
    rival.put_channel(exclusive("web", 10))
    late = writer(store, once(lambda: rival.put_channel(exclusive("web", 20))))

    late.pause(["web"], on=True)

    stored = DynamoSettings(store.client, store.tables.settings).channel("web")
    assert (20, True, 3) == (stored and stored.share_percent, stored and stored.paused, stored and stored.version)


def test_a_change_based_on_a_version_is_not_tried_on_another(store: HubStore) -> None:
    rival = writer(store)
    rival.put_channel(exclusive("web", 10))
    late = writer(store, once(lambda: rival.put_channel(exclusive("web", 20))))

    with pytest.raises(Conflict):
        late.put_channel(exclusive("web", 30), based_on=1)

    assert {"web": (20, 2)} == settings(store)


def test_a_rehearsal_of_settings_that_change_meanwhile_turns_nothing_on(store: HubStore) -> None:
    rival = writer(store)
    rival.put_channel(exclusive("web", 10))
    late = writer(store, once(lambda: rival.put_channel(exclusive("web", 20))))

    with pytest.raises(Conflict):
        late.switch_outbound("web", on=True, seen="v1")

    stored = DynamoSettings(store.client, store.tables.settings).channel("web")
    assert stored
    assert not stored.outbound


def test_a_call_that_never_gets_a_slot_is_asked_to_try_again(store: HubStore) -> None:
    rival, turns = writer(store), list(range(1, ATTEMPTS_MAX + 1))

    def meddle() -> None:
        rival.put_channel(exclusive("ebay", turns.pop()))

    late = writer(store, meddle)

    with pytest.raises(Contention):
        late.put_channel(exclusive("web", 10))

    assert ({"ebay": (1, ATTEMPTS_MAX)}, []) == (settings(store), turns)


def test_tables_that_do_not_answer_are_no_refusal(store: HubStore) -> None:
    def silent(operation: str, call: Call) -> Any:
        raise EndpointConnectionError(endpoint_url="dynamodb")

    client = boto3.client("dynamodb", region_name="eu-west-1")
    intercept(client, silent)
    catalogue = DynamoCatalogue(client, store.tables.stock, store.tables.settings)

    for act in (
        catalogue.revision,
        lambda: catalogue.versions("web", 1),
        lambda: catalogue.put_channel(exclusive("web", 1), 0, NOON),
    ):
        with pytest.raises(StoreUnavailable):
            act()


def test_settings_stored_before_there_were_modes_mean_what_they_did(store: HubStore) -> None:
    client, table = store.client, store.tables.settings
    old = rows.key("CHANNEL#web", "SETTINGS") | rows.encode(
        {"kind": "generic", "policy": "pooled", "takes_requests": False, "share_percent": 100, "buffer": 0}
        | {"minimum": 0, "version": 7}
    )
    client.put_item(TableName=table, Item=old)
    client.put_item(TableName=table, Item=rows.key("CHANNELS", "web"))

    before = DynamoSettings(client, table).channel("web")
    after = writer(store).put_channel(Channel(name="web", kind="generic", buffer=1)).channel

    assert before
    assert (Mode.SHARED, Sync.LIVE, True, False) == (before.mode, before.sync, before.outbound, before.paused)
    assert (8, 1, True) == (after.version, after.buffer, after.outbound)

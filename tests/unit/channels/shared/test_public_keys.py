"""Keys are fetched once an hour, and made-up ids cannot make the hub ask without end."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from lastunit.channels.shared.public_keys import KEYS_MAX, PublicKeys, StormLimit
from lastunit.domain.errors import (
    BadSignature,
    ChannelUnavailable,
    LastunitError,
    NotSent,
    OutcomeUnknown,
    Throttled,
)
from tests.support.clock import NOON

STORM = StormLimit(lookups=3, window=timedelta(minutes=1))


@dataclass(slots=True)
class Channel:
    """A channel that publishes `keys`, told one by one or all at once."""

    tells_all: bool = False
    keys: dict[str, str] = field(default_factory=lambda: {"good": "key"})
    failure: LastunitError | None = None
    asked: list[str] = field(default_factory=list)
    time: datetime = NOON
    memory: dict[str, Any] = field(default_factory=dict)

    def now(self) -> datetime:
        return self.time

    def fetch(self, kid: str) -> Mapping[str, str]:
        self.asked.append(kid)
        if self.failure:
            raise self.failure
        return dict(self.keys) if self.tells_all else {kid: self.keys[kid]} if kid in self.keys else {}

    def key(self, kid: str) -> str:
        made = PublicKeys("the shop", self.fetch, STORM, self, self.memory, tells_all=self.tells_all)
        return made.key(kid)

    def refuses(self, kid: str) -> type[Exception]:
        with pytest.raises((BadSignature, ChannelUnavailable)) as caught:
            self.key(kid)
        return caught.type


every = pytest.mark.parametrize("tells_all", [False, True])


@every
def test_a_key_is_asked_for_once_an_hour_by_all_accounts_of_the_channel(tells_all: bool) -> None:
    channel = Channel(tells_all)
    for minutes in (0, 30, 59, 60):
        channel.time = NOON + timedelta(minutes=minutes)
        assert "key" == channel.key("good")

    assert ["good", "good"] == channel.asked


@every
def test_a_key_that_was_withdrawn_is_forgotten_within_the_hour(tells_all: bool) -> None:
    channel = Channel(tells_all)
    channel.key("good")
    channel.keys, channel.time = {}, NOON + timedelta(hours=1)

    assert BadSignature is channel.refuses("good")


def test_a_key_that_is_missing_from_all_that_are_reported_is_forgotten_at_once() -> None:
    channel = Channel(tells_all=True)
    channel.key("good")
    channel.keys = {"new": "other"}

    assert "other" == channel.key("new")
    assert BadSignature is channel.refuses("good")


@every
def test_an_unknown_id_is_asked_for_once(tells_all: bool) -> None:
    channel = Channel(tells_all)

    assert {BadSignature} == {channel.refuses("made-up") for _ in range(9)}
    assert 1 == len(channel.asked)


@pytest.mark.parametrize(("tells_all", "refusal"), [(False, ChannelUnavailable), (True, BadSignature)])
def test_a_storm_of_made_up_ids_is_not_asked_for(tells_all: bool, refusal: type[Exception]) -> None:
    """All keys were told a moment ago: a made-up id is none of them. Told one by one, it may be one of them."""
    channel = Channel(tells_all)

    refusals = [channel.refuses(f"made-up-{number}") for number in range(20)]

    assert (3, [BadSignature] * 3) == (len(channel.asked), refusals[:3])
    assert {refusal} == set(refusals[3:])


@every
def test_a_storm_ends_with_its_window(tells_all: bool) -> None:
    channel = Channel(tells_all)
    for number in range(20):
        channel.refuses(f"made-up-{number}")
    channel.time += STORM.window
    channel.keys["new"] = "other"

    assert "other" == channel.key("new")


@every
def test_a_storm_neither_blocks_nor_evicts_a_key_that_was_good(tells_all: bool) -> None:
    channel = Channel(tells_all)
    channel.key("good")
    for number in range(2 * KEYS_MAX):
        channel.refuses(f"made-up-{number}")
        channel.time += STORM.window / 2
    for number in range(5):
        channel.refuses(f"more-{number}")

    assert "key" == channel.key("good")


@every
@pytest.mark.parametrize("failure", [Throttled(9), NotSent("n"), OutcomeUnknown("n"), ChannelUnavailable("n")])
def test_a_key_that_cannot_be_had_is_no_bad_signature_and_is_not_asked_for_each_time(
    tells_all: bool, failure: LastunitError
) -> None:
    channel = Channel(tells_all, failure=failure)

    assert {ChannelUnavailable} == {channel.refuses("good") for _ in range(9)}
    assert 3 == len(channel.asked)


@every
def test_a_good_key_that_cannot_be_renewed_is_not_asked_for_each_time_either(tells_all: bool) -> None:
    channel = Channel(tells_all)
    channel.key("good")
    channel.time, channel.failure = NOON + timedelta(hours=1), NotSent("n")

    assert {ChannelUnavailable} == {channel.refuses("good") for _ in range(9)}
    assert 1 + 3 == len(channel.asked)

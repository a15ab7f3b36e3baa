"""Channels that share units: which may do so together, and how exclusive ones divide what there is."""

from collections.abc import Mapping
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lastunit.domain.channel import Channel, Mode
from lastunit.domain.errors import InvalidInput
from lastunit.domain.listings.sharing import apportion, check_sharing, exclusive_units

NAMES = ("amazon", "ebay", "shop", "web")
PLACES = ("L", "M", "S")


def channel(
    name: str, percent: int = 100, *places: str, mode: Mode = Mode.EXCLUSIVE, buffer: int = 0, at: str | None = None
) -> Channel:
    return Channel(
        name=name,
        kind="generic",
        locations=frozenset(places),
        share_percent=percent,
        buffer=buffer,
        mode=mode,
        default_location=at,
    )


def refusal(wanted: Channel, *others: Channel) -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        check_sharing(wanted, others)
    return caught.value


# Dividing


@pytest.mark.parametrize(
    ("units", "percents", "expected"),
    [
        (10, {"web": 50, "ebay": 50}, {"web": 5, "ebay": 5}),
        (11, {"web": 50, "ebay": 50}, {"web": 5, "ebay": 6}),  # A tie goes by name.
        (1, {"web": 60, "ebay": 40}, {"web": 1, "ebay": 0}),  # The last unit is on sale somewhere.
        (1, {"web": 50}, {"web": 1}),  # A tie with what is unallocated goes to the channel.
        (1, {"web": 40}, {"web": 0}),
        (10, {"web": 33, "ebay": 33, "shop": 34}, {"web": 3, "ebay": 3, "shop": 4}),
        (10, {"web": 33, "ebay": 33}, {"web": 3, "ebay": 3}),
        (7, {"web": 100, "ebay": 0}, {"web": 7, "ebay": 0}),
        (7, {}, {}),
        (0, {"web": 70, "ebay": 30}, {"web": 0, "ebay": 0}),
    ],
)
def test_units_are_divided_by_largest_remainder(
    units: int, percents: Mapping[str, int], expected: Mapping[str, int]
) -> None:
    assert expected == apportion(units, percents)


cuts = st.lists(st.integers(0, 100), min_size=4, max_size=4).map(sorted)
shares = cuts.map(lambda at: [high - low for low, high in pairwise([0, *at])])


@given(st.integers(0, 10_000), shares)
def test_dividing_neither_loses_nor_invents_a_unit(units: int, parts: list[int]) -> None:
    percents = dict(zip(NAMES, parts, strict=True))

    divided = apportion(units, percents)

    assert percents.keys() == divided.keys()
    assert 0 <= sum(divided.values()) <= units
    assert sum(parts) < 100 or sum(divided.values()) == units
    assert all(abs(100 * divided[name] - units * percent) < 100 for name, percent in percents.items())


def test_more_than_all_of_it_cannot_be_divided() -> None:
    with pytest.raises(InvalidInput):
        apportion(10, {"web": 60, "ebay": 41})


# Exclusive channels


def test_exclusive_channels_of_one_pool_show_together_what_there_is() -> None:
    channels = [channel("web", 33, "M"), channel("ebay", 33, "M"), channel("shop", 34, "M")]

    assert [3, 3, 4] == [exclusive_units(one, channels, 10) for one in channels]


def test_channels_of_other_modes_and_other_locations_do_not_take_part() -> None:
    web = channel("web", 50, "M")
    others = [channel("ebay", 50, "L"), channel("shop", 50, "M", mode=Mode.SHARED)]

    assert 6 == exclusive_units(web, [web, *others], 11)


def test_the_largest_buffer_is_held_back_before_the_division() -> None:
    web, ebay = channel("web", 50, buffer=1), channel("ebay", 50, buffer=4)

    assert [3, 3] == [exclusive_units(one, [web, ebay], 10) for one in (web, ebay)]
    assert 0 == exclusive_units(web, [web, ebay], 3)


def test_a_listings_own_share_or_buffer_does_not_change_the_division() -> None:
    web, ebay = channel("web", 50), channel("ebay", 50)
    terms = channel("web", 90, buffer=5)

    assert 5 == exclusive_units(terms, [web, ebay], 10)


def test_settings_that_are_not_stored_yet_can_be_asked_about() -> None:
    assert 5 == exclusive_units(channel("web", 50), [], 10)


@st.composite
def towns(draw: st.DrawFn) -> list[Channel]:
    """Exclusive channels with any pools, each accepted beside those before it."""
    accepted = list[Channel]()
    for name in NAMES:
        places = draw(st.sets(st.sampled_from(PLACES)))
        asked = channel(name, draw(st.integers(0, 100)), *places, buffer=draw(st.integers(0, 3)))
        try:
            check_sharing(asked, accepted)
        except InvalidInput:
            continue
        accepted.append(asked)
    return accepted


@given(towns(), st.fixed_dictionaries({place: st.integers(0, 30) for place in PLACES}))
def test_exclusive_channels_never_show_more_than_there_is_whatever_they_pool(
    channels: list[Channel], stock: Mapping[str, int]
) -> None:
    numbers = {
        one.name: exclusive_units(one, channels, sum(stock[at] for at in PLACES if one.may_use(at)))
        for one in channels
    }

    # Of any locations: those that pool nothing else can be served from there.
    for mask in range(1, 2 ** len(PLACES)):
        places = {place for bit, place in enumerate(PLACES) if mask >> bit & 1}
        inside = [one for one in channels if {at for at in PLACES if one.may_use(at)} <= places]
        assert sum(numbers[one.name] for one in inside) <= sum(stock[at] for at in places)


# Which may share


def test_exclusive_shares_of_more_than_100_percent_are_refused_with_what_is_free() -> None:
    error = refusal(channel("web", 41, "M"), channel("ebay", 35), channel("shop", 25, "M", "L"))

    assert ("share_percent", "40 % is free") == (error.field, error.remedy)
    assert "ebay 35 %, shop 25 %" in error.problem


@pytest.mark.parametrize(
    "others",
    [
        [channel("ebay", 60)],
        [channel("ebay", 90, "L")],
        [channel("ebay", 90, mode=Mode.SHARED)],
        [channel("web", 90, "M")],  # What it was before.
        [channel("ebay", 60, "M", "L"), channel("shop", 40, "L")],
    ],
)
def test_shares_that_fit_wherever_channels_meet_are_accepted(others: list[Channel]) -> None:
    check_sharing(channel("web", 40, "M"), others)


def test_the_default_location_counts_where_channels_meet() -> None:
    assert "share_percent" == refusal(channel("web", 60, "M", at="L"), channel("ebay", 60, "L")).field


def test_channels_that_pool_all_locations_meet_at_those_still_to_come() -> None:
    assert "share_percent" == refusal(channel("web", 60), channel("ebay", 60)).field


def test_shared_channels_may_all_see_everything() -> None:
    check_sharing(channel("web", mode=Mode.SHARED), [channel("ebay", mode=Mode.SHARED), channel("shop")])


def test_escrow_channels_pool_the_same_locations() -> None:
    web = channel("web", 100, "M", mode=Mode.ESCROW, at="L")

    check_sharing(web, [channel("ebay", 100, "L", "M", mode=Mode.ESCROW), channel("shop", 100, "S")])
    error = refusal(web, channel("ebay", 100, "L", mode=Mode.ESCROW))

    assert ("locations", True) == (error.field, "'ebay'" in error.problem)

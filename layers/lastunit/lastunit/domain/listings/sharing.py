"""Channels that share units: which may do so together, and how exclusive ones divide what there is."""

from collections.abc import Iterable, Mapping, Sequence

from lastunit.domain.channel import Channel, Mode
from lastunit.domain.errors import InvalidInput

UNALLOCATED = ""  # No channel has this name.
ELSEWHERE = ""  # Stands for every location that no channel names: those that pool all of them meet there.


def apportion(units: int, percents: Mapping[str, int]) -> dict[str, int]:
    """Channel → its units, by largest remainder; ties go by channel name, and last to what is unallocated.

    Together with what is unallocated (the rest of 100 %) exactly `units`.
    """
    parts = {**percents, UNALLOCATED: 100 - sum(percents.values())}
    if parts[UNALLOCATED] < 0:
        raise InvalidInput("share_percent", f"the shares come to {sum(percents.values())} %", "at most 100")
    given = {name: units * percent // 100 for name, percent in parts.items()}
    by_remainder = sorted(parts, key=lambda name: (-(units * parts[name] % 100), name == UNALLOCATED, name))
    for name in by_remainder[: units - sum(given.values())]:
        given[name] += 1
    return {name: given[name] for name in percents}


def exclusive_units(channel: Channel, all_channels: Iterable[Channel], pool_units: int) -> int:
    """An exclusive channel's part of the units at its locations, before its `cap` and `minimum`.

    The largest buffer of the channels that share them is held back first. A listing's own share or buffer counts
    for nothing here: every channel must see the same division. Where pools overlap without being the same, shares
    are rounded down, since remainders of different totals may add up to a unit that is not there.
    """
    stored = {channel.name: channel} | {one.name: one for one in all_channels if one.mode is Mode.EXCLUSIVE}
    own = stored[channel.name]
    peers = [one for one in stored.values() if _meet(own, one)]
    units = max(0, pool_units - max(peer.buffer for peer in peers))
    if any(peer.pool != own.pool for peer in peers):
        return units * own.share_percent // 100
    return apportion(units, {peer.name: peer.share_percent for peer in peers})[own.name]


def check_sharing(channel: Channel, others: Iterable[Channel]) -> None:
    """Raises InvalidInput unless the channel may share units as it wants to with those of its own mode."""
    peers = [one for one in others if one.mode is channel.mode and one.name != channel.name]
    if channel.mode is Mode.EXCLUSIVE:
        _check_shares(channel, peers)
    elif channel.mode is Mode.ESCROW:
        _check_pools(channel, peers)


def _check_shares(channel: Channel, peers: Sequence[Channel]) -> None:
    """Wherever they meet, at most 100 %: then no unit is anywhere given to two of them."""
    named = {place for one in (channel, *peers) for place in one.pool}
    places = [place for place in sorted({ELSEWHERE, *named}) if channel.may_use(place)]
    rivals = max(([peer for peer in peers if peer.may_use(place)] for place in places), key=_share)
    free = max(0, 100 - _share(rivals))
    if channel.share_percent > free:
        taken = ", ".join(f"{one.name} {one.share_percent} %" for one in sorted(rivals, key=lambda one: one.name))
        problem = f"{channel.share_percent} % is more than the exclusive channels there leave ({taken or 'none'})"
        raise InvalidInput("share_percent", problem, f"{free} % is free")


def _share(channels: Iterable[Channel]) -> int:
    return sum(one.share_percent for one in channels)


def _check_pools(channel: Channel, peers: Sequence[Channel]) -> None:
    """Escrow counts one pool: an exposure has to mean the same units on every channel."""
    other = next((one for one in peers if one.pool != channel.pool), None)
    if other is not None:
        pooled = ", ".join(sorted(other.pool)) or "all locations"
        problem = f"channel {other.name!r} is in escrow and pools {pooled}"
        raise InvalidInput("locations", problem, "pool the same locations on all escrow channels")


def _meet(one: Channel, other: Channel) -> bool:
    return not one.pool or not other.pool or bool(one.pool & other.pool)

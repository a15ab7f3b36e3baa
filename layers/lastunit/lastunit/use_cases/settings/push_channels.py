"""Asking for pushes of all listings of channels after their settings, or those of others, changed."""

from collections.abc import Iterable, Sequence

from lastunit.domain.channel import Channel, Sync
from lastunit.ports.system import Queue
from lastunit.use_cases.messages import PushChannelMessage


def push_channels(pushes: Queue, channels: Iterable[Channel]) -> None:
    """Push this change to the channels that every change is pushed to (rule 1.5-13)."""
    pushed = [channel.name for channel in channels if channel.is_pushed and channel.sync is Sync.LIVE]
    if pushed:
        pushes.send([PushChannelMessage(channel=name) for name in pushed])


def overwrite_channels(pushes: Queue, channels: Sequence[Channel]) -> tuple[str, ...]:
    """Whatever their sync. The channels that cannot be pushed."""
    pushed = [channel.name for channel in channels if channel.is_pushed]
    if pushed:
        pushes.send([PushChannelMessage(channel=name, overwrite=True) for name in pushed])
    return tuple(channel.name for channel in channels if not channel.is_pushed)

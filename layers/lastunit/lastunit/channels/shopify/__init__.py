"""Shopify (docs/channels/shopify.md)."""

from lastunit.channels.shared.kind import ChannelKind
from lastunit.ports.channel import Capability

KIND = ChannelKind(
    name="shopify",
    connection="lastunit.channels.shopify.settings:Connection",
    secret="lastunit.channels.shopify.settings:Secret",  # noqa: S106 - where its model is
    refs="lastunit.channels.shopify.settings:Refs",
    open="lastunit.channels.shopify.api:Api",
    capabilities=frozenset({Capability.WEBHOOKS, Capability.ORDERS, Capability.QUANTITIES, Capability.ADJUSTMENTS}),
)

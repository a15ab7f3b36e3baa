"""The kinds of channels there are, one line each. A kind is loaded when its first channel is met."""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass

from lastunit.channels.shared.kind import ChannelKind
from lastunit.domain.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Kinds:
    """`packages`: a kind's name → the package that offers its KIND."""

    packages: Mapping[str, str]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(sorted(self.packages))

    def kind(self, name: str) -> ChannelKind:
        """Raises InvalidInput for a name that is no kind's."""
        package = self.packages.get(name)
        if package is None:
            raise InvalidInput("kind", f"{name!r} is not known", f"use one of {', '.join(self.names)}")
        found: ChannelKind = importlib.import_module(package).KIND
        return found


KINDS = Kinds(
    {
        "ebay": "lastunit.channels.ebay",
        "generic": "lastunit.channels.generic",
        "shipstation": "lastunit.channels.shipstation",
        "shopify": "lastunit.channels.shopify",
    }
)

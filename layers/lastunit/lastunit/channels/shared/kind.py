"""What a package of a kind of channel offers: its name, what it can do, and where its code is."""

import importlib
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

from lastunit.domain.channel import Channel
from lastunit.domain.errors import ChannelUnavailable, InvalidInput, MissingCapability
from lastunit.domain.listings.push_protocol import Form
from lastunit.ports.channel import Capability
from lastunit.ports.system import Clock, HttpClient

LACKS: Mapping[Capability, tuple[str, str]] = {
    Capability.WEBHOOKS: ("sends no webhooks", "let it be polled"),
    Capability.ORDERS: ("tells no orders", "enter them by POST /orders"),
    Capability.QUANTITIES: ("takes no quantities", "list the SKU on the channel that sells it"),
    Capability.ADJUSTMENTS: ("takes no deltas", "push whole numbers"),
    Capability.STOCK: ("is no source of stock", "book its stock by POST /adjustments"),
}
"""What a kind without the capability does not do, and what to do instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelKind:
    """The manifest of one kind.

    Settings models and the API are object references, `module:name`, which are loaded when they are needed first:
    to name a kind costs nothing, and a function pays for the kinds whose channels it meets.
    """

    name: str
    connection: str  # The pydantic model of its addresses and ids.
    secret: str  # The pydantic model of its credentials.
    open: str  # The class of an opened account: (channel, secret, http, clock, memory).
    capabilities: frozenset[Capability]
    refs: str | None = None  # The pydantic model of a listing's ids there; None where nothing is listed.

    def __post_init__(self) -> None:
        if (self.refs is None) is (Capability.QUANTITIES in self.capabilities):
            raise ValueError("a kind has refs exactly when it takes quantities")
        if Capability.ADJUSTMENTS in self.capabilities and Capability.QUANTITIES not in self.capabilities:
            raise ValueError("whoever takes deltas takes quantities too")
        if Capability.WEBHOOKS in self.capabilities and Capability.ORDERS not in self.capabilities:
            raise ValueError("what webhooks speak of is read as orders")

    @property
    def account(self) -> type[Any]:
        """The class that `open` names."""
        found: type[Any] = _load(self.open)
        return found

    @property
    def form(self) -> Form:
        """How it takes absolute numbers. Raises MissingCapability."""
        self.require(Capability.QUANTITIES)
        form: Form = self.account.form
        return form

    def require(self, capability: Capability) -> None:
        """Raises MissingCapability."""
        if capability not in self.capabilities:
            lack, remedy = LACKS[capability]
            raise MissingCapability("kind", f"a channel of kind {self.name!r} {lack}", remedy)

    def check_connection(self, values: Mapping[str, Any]) -> None:
        """Raises InvalidInput naming the field below `connection`."""
        _check(self.connection, values, "connection")

    def check_refs(self, values: Mapping[str, Any]) -> None:
        """Raises InvalidInput naming the field below `refs`, or MissingCapability where nothing is listed."""
        self.require(Capability.QUANTITIES)
        _check(self.refs or "", values, "refs")

    def open_account(
        self,
        channel: Channel,
        secret: Mapping[str, Any],
        http: HttpClient,
        clock: Clock,
        memory: MutableMapping[str, Any],
    ) -> Any:
        """The channel's account, which implements the protocol of each capability. `memory` outlives it.

        Raises ChannelUnavailable naming the fields of settings or secret that are wrong.
        """
        from pydantic import ValidationError

        from lastunit.channels.shared.problems import field_path

        try:
            return self.account(channel, secret, http, clock, memory)
        except ValidationError as error:
            wrong = ", ".join(field_path(one["loc"]) for one in error.errors(include_input=False))
            raise ChannelUnavailable(
                f"settings or secret of channel {channel.name!r} are wrong: {wrong}"
            ) from error


def _check(reference: str, values: Mapping[str, Any], field: str) -> None:
    from pydantic import ValidationError

    from lastunit.channels.shared.problems import first_problem

    try:
        _load(reference).model_validate(dict(values))
    except ValidationError as error:
        raise InvalidInput(*first_problem(error, (field,))) from error


def _load(reference: str) -> Any:
    module, _, name = reference.partition(":")
    return getattr(importlib.import_module(module), name)

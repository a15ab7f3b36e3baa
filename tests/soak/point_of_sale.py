"""A till of the merchant's own: it asks the hub before it sells, again and again until it is answered."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from infra.local.api import Answer
from infra.local.tools import StackError
from tests.channels.generic.simulator import GenericStore
from tests.channels.marketplace import SoldOut
from tests.soak.catalogue import LOCATIONS, stocked
from tests.soak.expected_orders import ExpectedOrder
from tests.soak.hub import HubClient

Units = Mapping[str, int]

REFUSED = 409
DONE = frozenset({200, 201})


@dataclass(slots=True)
class Ticket:
    """`parcels` and `returns` by their ids; a parcel that came back is not voided any more."""

    lines: dict[str, int]
    version: int = 1
    cancelled: bool = False
    parcels: dict[str, Units] = field(default_factory=dict)
    returns: set[str] = field(default_factory=set)


@dataclass(slots=True)
class PointOfSale:
    """`market`: its list of orders stays empty, for each was placed through the API. `returned`: by stocked SKU."""

    name: str
    family: str
    market: GenericStore
    hub: HubClient
    drops_only: bool = True
    tickets: dict[str, Ticket] = field(default_factory=dict)
    asked: int = 0
    returned: Counter[str] = field(default_factory=Counter)

    def sell(self, basket: Units) -> str:
        self.asked += 1
        external_id, ticket = f"T-{self.asked}", Ticket(dict(basket))
        answer = self._place(external_id, ticket)
        if answer.status == REFUSED:
            raise SoldOut(", ".join(basket))
        _demand_done(answer)
        self.tickets[external_id] = ticket
        return external_id

    def change(self, expected: ExpectedOrder, lines: Units) -> None:
        ticket = self.tickets[expected.external_id]
        ticket.lines, ticket.version = dict(lines), ticket.version + 1
        _demand_done(self._place(expected.external_id, ticket))

    def cancel(self, expected: ExpectedOrder) -> None:
        self._post(expected, "/cancel")
        self.tickets[expected.external_id].cancelled = True

    def ship(self, expected: ExpectedOrder, lines: Units) -> None:
        parcels = self.tickets[expected.external_id].parcels
        shipment_id = f"P-{len(parcels) + 1}"
        rows = [{"sku": sku, "quantity": units} for sku, units in lines.items()]
        self._post(expected, "/shipments", {"shipment_id": shipment_id, "lines": rows})
        parcels[shipment_id] = lines

    def undo(self, expected: ExpectedOrder) -> None:
        """Every second parcel was never handed over; the others come back, a unit of each line damaged."""
        ticket = self.tickets[expected.external_id]
        latest = next((one for one in ticket.parcels if ticket.parcels[one] and one not in ticket.returns), None)
        if latest is None:
            return
        if len(expected.external_id) + int(expected.external_id[2:]) & 1:
            self._post(expected, f"/shipments/{latest}/void")
            ticket.parcels[latest] = {}
        else:
            self._take_back(expected, latest, ticket)

    def expected_orders(self) -> list[ExpectedOrder]:
        return [self.expected_order(external_id) for external_id in list(self.tickets)]

    def expected_order(self, external_id: str) -> ExpectedOrder:
        ticket, left = self.tickets[external_id], Counter[str]()
        for parcel in ticket.parcels.values():
            left.update(parcel)
        return ExpectedOrder(f"{self.name}:{external_id}", ticket.lines, left, ticket.cancelled)

    def _place(self, external_id: str, ticket: Ticket) -> Answer:
        lines = [{"line_id": sku, "sku": sku, "quantity": units} for sku, units in ticket.lines.items()]
        order = {"channel": self.name, "order_id": external_id, "version": ticket.version, "lines": lines}
        return self.hub.ask("POST", "/orders", order)

    def _take_back(self, expected: ExpectedOrder, parcel: str, ticket: Ticket) -> None:
        units = ticket.parcels[parcel]
        found = {sku: {"sellable": quantity - 1, "damaged": 1} for sku, quantity in units.items()}
        self._post(expected, "/returns", {"return_id": parcel, "lines": dict(units)})
        self._post(expected, f"/returns/{parcel}/receipt", {"location": next(iter(LOCATIONS))})
        self._post(expected, f"/returns/{parcel}/inspection", {"lines": found})
        ticket.returns.add(parcel)
        self.returned += stocked({sku: one["sellable"] for sku, one in found.items()})

    def _post(self, expected: ExpectedOrder, path: str, content: object = None) -> None:
        _demand_done(self.hub.ask("POST", f"/orders/{expected.order_id}{path}", content))


def _demand_done(answer: Answer) -> None:
    """Whoever is told no here was promised something else before."""
    if answer.status not in DONE:
        raise StackError(f"the till was answered {answer.status}: {answer.body.decode(errors='replace')}")

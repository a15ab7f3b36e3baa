"""A till of the merchant's own: it asks the hub before it sells, again and again until it is answered."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from infra.local.api import Answer
from infra.local.soak.deals import Deal
from infra.local.soak.goods import LOCATIONS, stocked
from infra.local.soak.hub import Hub
from infra.local.tools import StackError
from tests.channels.generic import GenericStore
from tests.channels.marketplace import SoldOut

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
class Till:
    """`market`: its list of orders stays empty, for each was placed through the API. `returned`: by stocked SKU."""

    name: str
    family: str
    market: GenericStore
    hub: Hub
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

    def change(self, deal: Deal, lines: Units) -> None:
        ticket = self.tickets[deal.external_id]
        ticket.lines, ticket.version = dict(lines), ticket.version + 1
        _demand_done(self._place(deal.external_id, ticket))

    def cancel(self, deal: Deal) -> None:
        self._post(deal, "/cancel")
        self.tickets[deal.external_id].cancelled = True

    def ship(self, deal: Deal, lines: Units) -> None:
        parcels = self.tickets[deal.external_id].parcels
        shipment_id = f"P-{len(parcels) + 1}"
        rows = [{"sku": sku, "quantity": units} for sku, units in lines.items()]
        self._post(deal, "/shipments", {"shipment_id": shipment_id, "lines": rows})
        parcels[shipment_id] = lines

    def undo(self, deal: Deal) -> None:
        """Every second parcel was never handed over; the others come back, a unit of each line damaged."""
        ticket = self.tickets[deal.external_id]
        latest = next((one for one in ticket.parcels if ticket.parcels[one] and one not in ticket.returns), None)
        if latest is None:
            return
        if len(deal.external_id) + int(deal.external_id[2:]) & 1:
            self._post(deal, f"/shipments/{latest}/void")
            ticket.parcels[latest] = {}
        else:
            self._take_back(deal, latest, ticket)

    def deals(self) -> list[Deal]:
        return [self.deal(external_id) for external_id in list(self.tickets)]

    def deal(self, external_id: str) -> Deal:
        ticket, left = self.tickets[external_id], Counter[str]()
        for parcel in ticket.parcels.values():
            left.update(parcel)
        return Deal(f"{self.name}:{external_id}", ticket.lines, left, ticket.cancelled)

    def _place(self, external_id: str, ticket: Ticket) -> Answer:
        lines = [{"line_id": sku, "sku": sku, "quantity": units} for sku, units in ticket.lines.items()]
        order = {"channel": self.name, "order_id": external_id, "version": ticket.version, "lines": lines}
        return self.hub.ask("POST", "/orders", order)

    def _take_back(self, deal: Deal, parcel: str, ticket: Ticket) -> None:
        units = ticket.parcels[parcel]
        found = {sku: {"sellable": quantity - 1, "damaged": 1} for sku, quantity in units.items()}
        self._post(deal, "/returns", {"return_id": parcel, "lines": dict(units)})
        self._post(deal, f"/returns/{parcel}/receipt", {"location": next(iter(LOCATIONS))})
        self._post(deal, f"/returns/{parcel}/inspection", {"lines": found})
        ticket.returns.add(parcel)
        self.returned += stocked({sku: one["sellable"] for sku, one in found.items()})

    def _post(self, deal: Deal, path: str, content: object = None) -> None:
        _demand_done(self.hub.ask("POST", f"/orders/{deal.order_id}{path}", content))


def _demand_done(answer: Answer) -> None:
    """Whoever is told no here was promised something else before."""
    if answer.status not in DONE:
        raise StackError(f"the till was answered {answer.status}: {answer.body.decode(errors='replace')}")

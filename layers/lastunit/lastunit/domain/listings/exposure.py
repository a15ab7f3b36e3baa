"""How many units a channel may still sell on what was pushed to it (`docs/escrow.md`).

Per channel `s` is what it shows now and `u` what it has sold and the hub has not imported. Whatever is lost, late
or doubled, `s + u <= exposure`: every step here keeps that, and adds no more than that needs.
"""

from dataclasses import dataclass, replace

from lastunit.domain.listings.push_protocol import Form


@dataclass(frozen=True, slots=True)
class PushRequest:
    """A number under way: `quantity` in that form, sent because the channel was expected to show `expected`."""

    form: Form
    quantity: int
    expected: int = 0

    @property
    def delta(self) -> int:
        """By how much what the channel shows changes when it is applied; a blind set re-lists all of its number."""
        return self.quantity if self.form is Form.SET else self.quantity - self.expected

    @property
    def need(self) -> int:
        """Units of room it takes while nobody knows whether it was applied."""
        return max(0, self.delta)


@dataclass(frozen=True, slots=True)
class Exposure:
    """`granted` and `booked` count from the beginning of time, as `sold` does: an imported order lowers the
    exposure by being counted as sold, in the one write that takes its units from stock.

    """

    granted: int = 0
    """Units that the channel may have sold in all, by every request but the one under way."""
    booked: int = 0
    """Units more that the request under way may yet show."""
    sold: int = 0
    """Units in imported orders."""

    @property
    def units(self) -> int:
        return max(0, self.granted + self.booked - self.sold)

    def on_sending(self, request: PushRequest) -> "Exposure":
        """Before the request leaves. What an earlier one left open stays granted, for it may still be applied."""
        return replace(self, granted=self._base, booked=request.need)

    def on_confirmed(self, request: PushRequest, shown: int) -> "Exposure":
        """The request was applied, and the answer showed this number.

        A lowering frees what it certainly took off; a channel that adjusts may have stopped at 0.
        """
        clamped = request.form is Form.ADJUST and shown == 0
        freed = 0 if clamped else min(0, request.delta)
        return replace(self, granted=self.granted + self.booked + freed, booked=0)

    def on_rejected(self) -> "Exposure":
        """The channel rejected the request: free the units booked for it."""
        return replace(self, booked=0)

    def on_unconfirmed(self) -> "Exposure":
        """No answer arrived and none is expected: keep the units granted until a later poll settles them."""
        return replace(self, granted=self._base, booked=0)

    def on_reading(self, shown: int) -> "Exposure":
        """A reading showed this number. More than was booked: somebody else raised it, and it counts without room.

        To be asked of the row as it was before the reading; sales imported meanwhile count by themselves.
        """
        return replace(self, granted=max(self.granted, shown + self.sold - self.booked))

    def on_sales_imported(self, shown: int, restocked: int) -> "Exposure":
        """The channel showed this number, and all that it had sold by then is imported.

        `restocked`: units that it put back on its own shelf, by what was imported since that number was asked for;
        they may have come on top of it. To be asked of a row that was read after those imports.
        """
        return Exposure(min(self.granted + self.booked, shown + restocked + self.sold), 0, self.sold)

    @property
    def _base(self) -> int:
        return max(self.granted + self.booked, self.sold)

"""What would be pushed to a channel: before it is turned on, and before its settings are changed."""

from functions.api.schemas.common import Answer
from lastunit.use_cases.listings.rehearse import Compared, PickingBins, Preview, Rehearsal, RehearsalLine, Unmatched


class RehearsalLineOut(Answer):
    """What would be pushed to a listing now, and what its channel shows as far as is known."""

    listing: str
    sku: str
    quantity: int
    expected_shown: int | None

    @classmethod
    def of(cls, line: RehearsalLine) -> "RehearsalLineOut":
        return cls(listing=line.listing, sku=line.sku, quantity=line.number, expected_shown=line.expected_shown)


class UnmatchedOut(Answer):
    """A listing that no number can be pushed to."""

    listing: str
    sku: str
    problem: str

    @classmethod
    def of(cls, unmatched: Unmatched) -> "UnmatchedOut":
        return cls(listing=unmatched.listing, sku=unmatched.sku, problem=unmatched.problem)


class PickingBinsOut(Answer):
    """More picking bins of a SKU at one location than the one that there may be."""

    sku: str
    location: str
    bins: list[str]

    @classmethod
    def of(cls, found: PickingBins) -> "PickingBinsOut":
        return cls(sku=found.sku, location=found.location, bins=list(found.bins))


class RehearsalOut(Answer):
    """A page of a rehearsal. `next`: where to go on; on the last page `rehearsed_version` takes its place."""

    listings: list[RehearsalLineOut]
    unmatched: list[UnmatchedOut]
    picking_bins: list[PickingBinsOut]
    next: str | None
    rehearsed_version: str | None

    @classmethod
    def of(cls, page: Rehearsal) -> "RehearsalOut":
        return cls(
            listings=[RehearsalLineOut.of(line) for line in page.listings],
            unmatched=[UnmatchedOut.of(one) for one in page.unmatched],
            picking_bins=[PickingBinsOut.of(one) for one in page.picking_bins],
            next=page.next,
            rehearsed_version=page.rehearsed_version,
        )


class ComparedOut(Answer):
    """A listing's number before and after a change of settings."""

    listing: str
    sku: str
    before: int
    after: int

    @classmethod
    def of(cls, compared: Compared) -> "ComparedOut":
        return cls(listing=compared.listing, sku=compared.sku, before=compared.before, after=compared.after)


class PreviewOut(Answer):
    """A page of a preview. `next`: where to go on, null on the last one."""

    listings: list[ComparedOut]
    next: str | None

    @classmethod
    def of(cls, page: Preview) -> "PreviewOut":
        return cls(listings=[ComparedOut.of(one) for one in page.listings], next=page.next)

"""What the tests ask of a listing most often; None: there is no such number."""

from lastunit.domain.listings.listing import Listing


def acknowledged_quantity(listing: Listing) -> int | None:
    return listing.acknowledged.quantity if listing.acknowledged else None


def acknowledged_sold(listing: Listing) -> int | None:
    return listing.acknowledged.sold if listing.acknowledged else None


def in_flight_quantity(listing: Listing) -> int | None:
    return listing.in_flight.quantity if listing.in_flight else None


def in_flight_sold(listing: Listing) -> int | None:
    return listing.in_flight.sold if listing.in_flight else None

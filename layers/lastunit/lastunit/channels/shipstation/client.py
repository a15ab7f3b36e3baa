"""Calls to ShipStation: only to allowed addresses, page by page, and what its refusals mean."""

import base64
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit

from pydantic import BaseModel, ConfigDict, Field

from lastunit.channels.shared.http_status import RETRY_AFTER, check_served
from lastunit.channels.shared.json_body import strict_json
from lastunit.channels.shared.one_record import one_record
from lastunit.channels.shipstation.settings import Connection, is_allowed
from lastunit.domain.errors import ChannelUnavailable, ForbiddenAddress, UnreadableOrder
from lastunit.domain.orders.inbound import ShipmentNotice
from lastunit.domain.orders.snapshot import QUANTITY_MAX
from lastunit.ports.system import Clock, HttpClient, HttpResponse

# A V1 batch holds at most 500 labels, which are 5 pages of 100; 20 requests are half of what V1 allows a minute.
PAGES_MAX = 20
QUERY_FIELDS_MAX = 50
RESOURCE_URL_CHARACTERS_MAX = 2000  # ShipStation documents 200.
PAUSE_HEADERS = (*RETRY_AFTER, "x-rate-limit-reset")
MESSAGE_HOST = r"[a-z0-9.\[\]:-]{1,100}"


@dataclass(frozen=True, slots=True)
class Address:
    """An allowed address, kept in parts and put together anew: no two parsers can read it differently."""

    base: str
    path: str
    query: tuple[tuple[str, str], ...] = ()

    @property
    def name(self) -> str:
        """What the list there is called in its answer."""
        return self.path.rpartition("/")[2]

    def url(self, fixed: Mapping[str, str]) -> str:
        """`fixed` parameters replace those of the same name, however they are written."""
        names = {name.lower() for name in fixed}
        kept = [(name, value) for name, value in self.query if name.lower() not in names]
        query = urlencode([*kept, *fixed.items()])
        return f"{self.base}{self.path}" + (f"?{query}" if query else "")

    def asks_for(self, name: str) -> str | None:
        return dict(self.query).get(name)


def allowed_address(resource_url: object, connection: Connection) -> Address:
    """Raises ForbiddenAddress for every other host than ShipStation's."""
    # Whitespace, controls and backslashes are what URL parsers disagree about.
    if not isinstance(resource_url, str) or not re.fullmatch(r"[!-\[\]-~]+", resource_url):
        raise ForbiddenAddress("resource_url", "is not an address")
    try:
        parts = urlsplit(resource_url)
        query = parse_qsl(parts.query, keep_blank_values=True, max_num_fields=QUERY_FIELDS_MAX)
    except ValueError as error:
        raise ForbiddenAddress("resource_url", "is not an address") from error
    if not is_allowed(parts, connection):
        raise ForbiddenAddress("resource_url", f"points to {_shown(parts)}, which is not ShipStation's; not asked")
    return Address(f"{parts.scheme}://{parts.netloc}", parts.path, tuple(query))


def _shown(parts: SplitResult) -> str:
    """Without a user, path or query, which may be secrets of someone."""
    host = parts.netloc.rpartition("@")[2].lower()
    known = re.fullmatch(r"[a-z]{1,10}", parts.scheme) and re.fullmatch(MESSAGE_HOST, host)
    return f"{parts.scheme}://{host}" if known else "an unreadable host"


class Client:
    """`login`: the headers that carry the credentials."""

    def __init__(self, connection: Connection, login: Mapping[str, str], http: HttpClient, clock: Clock) -> None:
        self._connection, self._login = connection, login
        self._http, self._clock = http, clock

    def address(self, resource_url: object, path: str) -> Address:
        """Raises ForbiddenAddress outside the allow-list, UnreadableOrder for another of ShipStation's lists."""
        found = allowed_address(resource_url, self._connection)
        if found.path.rstrip("/").lower() != path:
            raise UnreadableOrder("resource_url", f"is not a list of {path.rpartition('/')[2]}")
        return Address(found.base, path, found.query)

    def own(self, path: str, **query: str) -> Address:
        return Address(self._connection.base, path, tuple(query.items()))

    def records(self, address: Address, fixed: Mapping[str, str]) -> list[Any]:
        """Those of all pages, by page number: a link in an answer could lead elsewhere."""
        records: list[Any] = []
        for number in range(1, PAGES_MAX + 1):
            found, pages = self.page(address, number, fixed)
            records.extend(found)
            if number >= pages:
                return records
        raise UnreadableOrder(
            "pages", f"has {pages} pages, at most {PAGES_MAX} are read", "ship in smaller batches"
        )

    def page(self, address: Address, number: int, fixed: Mapping[str, str] | None = None) -> tuple[list[Any], int]:
        """The records of one page, and how many pages there are."""
        content = self.get(address.url({**(fixed or {}), "page": str(number)}))
        return _page(content, address.name, number)

    def get(self, url: str) -> Any:
        answer = self._http.request("GET", url, headers={"Accept": "application/json", **self._login})
        self._refuse(answer)
        try:
            return strict_json(answer.body)
        except ValueError as error:
            raise UnreadableOrder("resource_url", "was not answered with JSON") from error

    def _refuse(self, answer: HttpResponse) -> None:
        check_served(answer, self._clock.now(), "ShipStation", "check the API key in the secret", PAUSE_HEADERS)
        if answer.status != 200:
            # A redirect is among these: following it would carry the credentials elsewhere.
            raise UnreadableOrder("resource_url", f"was answered with {answer.status}")


def _page(content: Any, name: str, number: int) -> tuple[list[Any], int]:
    fields = content if isinstance(content, dict) else {}
    records, page, pages = (fields.get(field) for field in (name, "page", "pages"))
    if not isinstance(records, list):
        raise UnreadableOrder(name, "is missing in ShipStation's answer")
    if type(page) is not int or type(pages) is not int:
        raise UnreadableOrder("pages", "ShipStation's answer does not say how many there are")
    if page != number:
        raise UnreadableOrder("page", f"ShipStation was asked for page {number} and answered with {page}")
    return records, pages


def basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


class Payload(BaseModel):
    """What ShipStation tells. Its errors never show the input, which may hold personal data."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True, coerce_numbers_to_str=True)


Id = Annotated[str, Field(min_length=1, max_length=100)]
Text = Annotated[str, Field(max_length=200)]


def units(value: object, field: str) -> int:
    if type(value) is not int or not 1 <= value <= QUANTITY_MAX:
        raise UnreadableOrder(field, f"must be a whole number from 1 to {QUANTITY_MAX}")
    return value


type Reported = ShipmentNotice | UnreadableOrder


def each(
    name: str, id_field: str, records: Sequence[Any], read_one: Callable[[str, Any], Sequence[ShipmentNotice]]
) -> Iterator[Reported]:
    if not records:
        # The notification may be ahead of the list that it points to, so the queue asks again.
        raise ChannelUnavailable(f"ShipStation does not show the {name} yet")
    yield from (reported for _, reported in placed(name, id_field, records, read_one))


def placed(
    name: str, id_field: str, records: Sequence[Any], read_one: Callable[[str, Any], Sequence[ShipmentNotice]]
) -> Iterator[tuple[str, Reported]]:
    """One unreadable record must not keep the others of its batch from being applied."""
    # By place, because a record that slid to the next page meanwhile is there twice.
    for place, record in {_place(name, one, id_field, at): one for at, one in enumerate(records)}.items():
        try:
            with one_record():
                reports = list(read_one(place, record))
            yield from ((place, fact) for fact in reports)
        except UnreadableOrder as error:
            yield place, error


def _place(name: str, record: Any, id_field: str, number: int) -> str:
    """How an error names a record: by its id where it has one."""
    found = record.get(id_field) if isinstance(record, dict) else None
    known = isinstance(found, int | str) and len(str(found)) <= 100
    return f"{name}[{found if known else f'#{number}'}]"

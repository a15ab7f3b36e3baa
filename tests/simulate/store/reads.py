"""Reads of one item, of one partition and of all rows, each from rows that may be a stale copy."""

import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from typing import Any

from tests.simulate.store import keys
from tests.simulate.store.conditions import Values
from tests.simulate.store.keys import Clause, Entry, Span
from tests.simulate.store.refusals import invalid
from tests.simulate.store.rows import Rows
from tests.simulate.store.statements import Statement, statement
from tests.simulate.store.table import Table
from tests.simulate.store.values import Item, measured, surely_fits

PAGE_BYTES_MAX = 1024 * 1024

Parameters = Mapping[str, Any]
Answer = dict[str, Any]


def get(table: Table, rows: Rows, parameters: Parameters) -> Answer:
    found = rows.get(table.key(parameters["Key"]))
    if "ProjectionExpression" not in parameters and "ExpressionAttributeNames" not in parameters:
        return {} if found is None else {"Item": found}
    names = statement(parameters).projection or ()
    return {} if found is None else {"Item": _projected(found, names)}


def query(table: Table, rows: Rows, parameters: Parameters) -> Answer:
    compiled = statement(parameters)
    values = compiled.bind(parameters)
    if compiled.filtered & {rows.hash_name, rows.range_name}:
        raise invalid("Filter Expression can only contain non-primary key attributes")
    partition, clause = keys.split(compiled.keys, rows.hash_name, rows.range_name)
    entries = rows.partitions.get(_texts(partition, values)[0], [])
    first, last = keys.span(entries, clause.sign, _texts(clause, values)) if clause else (0, len(entries))
    forward = parameters.get("ScanIndexForward", True)
    start = _start(table, rows, parameters)
    if start:
        first, last = _beyond(entries, start, (first, last), forward=forward)
    chosen = entries[first:last] if forward else entries[first:last][::-1]
    return _page(table, rows, chosen, compiled, values, parameters)


def scan(table: Table, rows: Rows, parameters: Parameters) -> Answer:
    compiled = statement(parameters)
    values = compiled.bind(parameters)
    entries = sorted((entry for part in rows.partitions.values() for entry in part), key=_scan_place)
    start = _start(table, rows, parameters)
    first = bisect_right(entries, _scan_place(start), key=_scan_place) if start else 0
    return _page(table, rows, entries[first:], compiled, values, parameters)


def _scan_place(entry: Entry) -> tuple[int, Entry]:
    """DynamoDB scans partitions in the order of a hash: neither by name nor by age."""
    return zlib.crc32(entry[1].encode()), entry


def _texts(clause: Clause, values: Values) -> list[str]:
    texts = [values[name]["S"] for name in clause.values]
    if not all(texts):
        raise invalid(f"A key attribute cannot contain an empty string value. Key: {clause.name}")
    return texts


def _start(table: Table, rows: Rows, parameters: Parameters) -> Entry | None:
    """The place of the row after which the page begins. That row may be gone."""
    given = parameters.get("ExclusiveStartKey")
    if given is None:
        return None
    names = {table.hash_name, table.range_name, rows.hash_name, rows.range_name}
    if given.keys() != names or any("S" not in given[name] for name in names):
        raise invalid("The provided starting key is invalid")
    return rows.place(table.key_of(given), given)


def _beyond(entries: Sequence[Entry], start: Entry, chosen: Span, *, forward: bool) -> Span:
    first, last = chosen
    if forward:
        return max(first, bisect_right(entries, start)), last
    return first, min(last, bisect_left(entries, start))


def _page(
    table: Table,
    rows: Rows,
    chosen: Sequence[Entry],
    compiled: Statement,
    values: Values,
    parameters: Parameters,
) -> Answer:
    limit = parameters.get("Limit")
    if limit is not None and limit < 1:
        raise invalid("Value at 'limit' failed to satisfy constraint: Member must have value greater than 0")
    read = [rows.existing(entry) for entry in chosen[:limit]]
    fitting = _fitting(read)
    kept = [item for item in fitting if not compiled.filter or compiled.filter(item, values)]
    shown = kept if compiled.projection is None else [_projected(item, compiled.projection) for item in kept]
    answer: Answer = {"Items": shown, "Count": len(kept), "ScannedCount": len(fitting)}
    # A full page ends with a key even where nothing comes after it: DynamoDB does not look ahead.
    if len(fitting) == limit or len(fitting) < len(read):
        answer["LastEvaluatedKey"] = _last_key(table, rows, fitting[-1])
    return answer


def _fitting(read: Sequence[Item]) -> Sequence[Item]:
    """The first of them that are not more than one page; at least one."""
    if surely_fits(read, PAGE_BYTES_MAX):
        return read
    total, count = 0, 0
    for item in read:
        total += measured(item)
        if total > PAGE_BYTES_MAX:
            break
        count += 1
    return read[:count]


def _last_key(table: Table, rows: Rows, item: Item) -> Item:
    names = dict.fromkeys((table.hash_name, table.range_name, rows.hash_name, rows.range_name))
    return {name: item[name] for name in names}


def _projected(item: Item, names: Sequence[str]) -> Item:
    return {name: item[name] for name in names if name in item}

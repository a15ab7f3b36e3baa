"""The part of boto3's DynamoDB client that Lastunit uses, on top of any function that answers calls."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Answer = dict[str, Any]
Call = Callable[[str, Mapping[str, Any]], Answer]


@dataclass(frozen=True, slots=True)
class DynamoClient:
    """`call`: (operation, parameters) → answer, as Store.execute."""

    call: Call

    def get_item(self, **parameters: Any) -> Answer:
        return self.call("GetItem", parameters)

    def batch_get_item(self, **parameters: Any) -> Answer:
        return self.call("BatchGetItem", parameters)

    def put_item(self, **parameters: Any) -> Answer:
        return self.call("PutItem", parameters)

    def update_item(self, **parameters: Any) -> Answer:
        return self.call("UpdateItem", parameters)

    def delete_item(self, **parameters: Any) -> Answer:
        return self.call("DeleteItem", parameters)

    def query(self, **parameters: Any) -> Answer:
        return self.call("Query", parameters)

    def scan(self, **parameters: Any) -> Answer:
        return self.call("Scan", parameters)

    def transact_write_items(self, **parameters: Any) -> Answer:
        return self.call("TransactWriteItems", parameters)

    def batch_write_item(self, **parameters: Any) -> Answer:
        return self.call("BatchWriteItem", parameters)

    def get_paginator(self, name: str) -> "Paginator":
        return Paginator(self.call, {"query": "Query", "scan": "Scan"}[name])


@dataclass(frozen=True, slots=True)
class Paginator:
    call: Call
    operation: str

    def paginate(
        self,
        *,
        PaginationConfig: Mapping[str, int] | None = None,
        **parameters: Any,
    ) -> Iterator[Answer]:
        """Pages, each read when it is asked for."""
        config = dict(PaginationConfig or {})
        if "PageSize" in config:
            parameters["Limit"] = config.pop("PageSize")
        if config:
            raise ValueError(f"not known here: {config}")
        page = self.call(self.operation, parameters)
        yield page
        while "LastEvaluatedKey" in page:
            page = self.call(self.operation, parameters | {"ExclusiveStartKey": page["LastEvaluatedKey"]})
            yield page

"""Calls to AWS that found nobody at home: whoever asked may ask again."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import ClientError, ConnectionError, HTTPClientError

from lastunit.adapters.dynamodb.refusals import RETRYABLE, SERVER_ERROR
from lastunit.domain.errors import StoreUnavailable


@contextmanager
def store_errors_translated() -> Iterator[None]:
    """For reads, and writes that may be asked again. Raises StoreUnavailable once the SDK has given up."""
    try:
        yield
    except (HTTPClientError, ConnectionError) as error:
        raise StoreUnavailable(f"no answer: {type(error).__name__}") from error
    except ClientError as error:
        code, status = error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]
        if code in RETRYABLE or status >= SERVER_ERROR:
            raise StoreUnavailable(f"no clear answer: {code}") from error
        raise

"""Channel secrets from Secrets Manager, kept for a short while."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.parameters import SecretsProvider
from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError, TransformParameterError

from lastunit.domain.errors import ChannelUnavailable

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

MAX_AGE_SECONDS = 300  # A rotated secret is known everywhere after five minutes; both are valid meanwhile.


class ChannelSecrets:
    def __init__(self, client: Callable[[], "SecretsManagerClient"], prefix: str) -> None:
        self._client, self._prefix = client, prefix
        self._provider: SecretsProvider | None = None

    def secret(self, channel: str) -> Mapping[str, Any]:
        """As the channel module's `Secret` describes it. Raises ChannelUnavailable when there is none."""
        if self._provider is None:
            self._provider = SecretsProvider(boto3_client=self._client())
        try:
            content = self._provider.get(f"{self._prefix}{channel}", max_age=MAX_AGE_SECONDS, transform="json")
        except (GetParameterError, TransformParameterError) as error:
            # The name may be said, the reason may quote the secret's content: it stays out of message and log.
            raise ChannelUnavailable(f"the secret {self._prefix}{channel} cannot be read") from error
        return content if isinstance(content, Mapping) else {}

"""Where announcements may be sent to: names on the internet over TLS, and nothing inside."""

from dataclasses import dataclass, field

import pytest

from lastunit.domain.errors import Conflict, InvalidInput, NotFound
from lastunit.domain.events.subscriptions import WEBHOOKS_MAX, WebhookSubscription
from lastunit.use_cases.events.configure_webhooks import ConfigureWebhooks

GOOD = "https://hooks.shop.example/lastunit?key=1"


@dataclass(slots=True)
class FakeWebhooks:
    rows: dict[str, WebhookSubscription] = field(default_factory=dict)

    def all(self) -> tuple[WebhookSubscription, ...]:
        return tuple(self.rows.values())

    def find(self, name: str) -> WebhookSubscription | None:
        return self.rows.get(name)

    def put(self, webhook: WebhookSubscription) -> None:
        self.rows[webhook.name] = webhook

    def delete(self, name: str) -> bool:
        return self.rows.pop(name, None) is not None

    def disable(self, webhook: WebhookSubscription) -> None:
        raise AssertionError("only a delivery finds out that an address is gone")


@pytest.mark.parametrize(
    "url", [GOOD, "https://a.b:8443/", "https://xn--caf-dma.example", "https://1password.example"]
)
def test_a_name_on_the_internet_over_tls_is_fine(url: str) -> None:
    assert url == WebhookSubscription(name="erp", url=url).url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hooks.shop.example",
        "http://hooks.shop.example/",
        "ftp://hooks.shop.example/",
        "https:///path",
        "https://user:secret@hooks.shop.example/",
        "https://hooks.shop.example/#part",
        "https://hooks.shop.example:port/",
        "https://hooks.shop.example:99999/",
        "https://hooks.shop.example/a b",
        "https://hooks.shop.example/\n",
        "https://café.example/",
        "https://intranet/",
        "https://[::ffff:10.0.0.1]/",
        "https://[fd00::1]/",
        "https://[fe80::1%a.b]/",
        "https://10.0.0.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://8.8.8.8/",
        "https://127.1/",
        "https://2130706433/",
        "https://0x7f.0.0.1/",
        "https://0x7f000001/",
        "https://10.0.0.1./",
        "https://ip-10-0-0-1.ec2.internal/",
        "https://printer.local/",
        "https://x.localhost/",
        "https://hooks.shop.example/" + "a" * 500,
    ],
)
def test_anything_else_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        WebhookSubscription(name="erp", url=url)

    assert "url" == refused.value.field


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9001/2018-06-01/runtime", "https://localhost/", "http://[::1]:80/"]
)
def test_loopback_is_for_stacks_on_this_machine_only(url: str) -> None:
    """In AWS it is where Lambda keeps its own interfaces."""
    webhook, local = WebhookSubscription(name="erp", url=url), FakeWebhooks()
    ConfigureWebhooks(local, local=True).put(webhook)

    with pytest.raises(InvalidInput, match="internet"):
        ConfigureWebhooks(FakeWebhooks()).put(webhook)

    assert (webhook,) == local.all()


@pytest.mark.parametrize(
    ("types", "type_", "wanted"),
    [
        ((), "stock.low", True),
        (("order.",), "order.cancelled", True),
        (("order.",), "stock.low", False),
        (("order.cancelled", "stock."), "stock.low", True),
        (("order.cancelled",), "order.reserved", False),
    ],
)
def test_a_webhook_gets_the_types_it_names_the_beginning_of(
    types: tuple[str, ...], type_: str, wanted: bool
) -> None:
    webhook = WebhookSubscription(name="erp", url=GOOD, types=types)

    assert wanted is webhook.wants(type_)


def test_a_webhook_that_is_switched_off_gets_nothing() -> None:
    assert WebhookSubscription(name="erp", url=GOOD, enabled=False).wants("stock.low") is False


@pytest.mark.parametrize("wrong", ["orders.", "", "Order."])
def test_a_type_that_cannot_occur_is_a_mistake(wrong: str) -> None:
    with pytest.raises(InvalidInput, match="types"):
        WebhookSubscription(name="erp", url=GOOD, types=("stock.low", wrong))


def test_there_is_a_limit_and_a_change_of_one_stays_within_it() -> None:
    kept = FakeWebhooks({f"w-{at}": WebhookSubscription(name=f"w-{at}", url=GOOD) for at in range(WEBHOOKS_MAX)})
    configure = ConfigureWebhooks(kept)
    configure.put(WebhookSubscription(name="w-0", url=GOOD, enabled=False))

    with pytest.raises(Conflict):
        configure.put(WebhookSubscription(name="one-more", url=GOOD))

    assert (WEBHOOKS_MAX, False) == (len(kept.rows), configure.get("w-0").enabled)


def test_what_is_not_there_can_neither_be_shown_nor_deleted() -> None:
    configure = ConfigureWebhooks(FakeWebhooks({"erp": WebhookSubscription(name="erp", url=GOOD)}))
    configure.delete("erp")

    with pytest.raises(NotFound):
        configure.get("erp")
    with pytest.raises(NotFound):
        configure.delete("erp")

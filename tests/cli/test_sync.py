"""`gateway orders sync`: credentials are checked and sealed, orders and deliveries come over."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.marketplaces.otto.local import CLIENT_ID, CLIENT_SECRET, LocalOtto, a_shipment
from gateway.resources import default_config
from gateway.storage import tasks
from gateway.usecases import holding
from gateway.usecases.services import Services
from tests.builders import order_number
from tests.cli.conftest import Gateway
from tests.conftest import NOW, Clock
from tests.marketplaces.otto.live import fails, passes, serving
from tests.usecases.otto import SKU, an_otto_order

CREDENTIALS = json.dumps({"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}).encode()


@pytest.fixture
def otto(environment: dict[str, str], clock: Clock, tmp_path: Path) -> Iterator[LocalOtto]:
    """OTTO with three orders, one of them broken, and one delivered; the settings lead to it."""
    otto = LocalOtto(clock, lambda: 0.0)
    otto.deliver_by({SKU: "FORWARDER_CURBSIDE"})
    otto.put(an_otto_order(1), an_otto_order(2), an_otto_order(3, orderDate="yesterday"))
    otto.shipments.append(a_shipment(an_otto_order(2), 1, NOW, NOW))
    with serving(otto) as url:
        config = tmp_path / "config" / "marketplaces" / "otto.toml"
        config.parent.mkdir(parents=True)
        shipped = (default_config() / "marketplaces" / "otto.toml").read_text()
        local = shipped.replace("http://127.0.0.1:8085", url).replace(
            "attempts = 6", "attempts = 1"
        )
        config.write_text(local)
        (tmp_path / "config" / "gateway.toml").touch()
        environment["GATEWAY_CONFIG"] = str(tmp_path / "config" / "gateway.toml")
        yield otto


@pytest.fixture
def set_up(gateway: Gateway, otto: LocalOtto) -> Gateway:
    """The commands, with credentials that work."""
    result = gateway("orders", "sync", "--set-credentials", "-", "--host=local", stdin=CREDENTIALS)
    assert result.exit_code == 0, result.output
    return gateway


def test_credentials_are_checked_and_kept(
    otto: LocalOtto, told: Callable[..., Any], data: Path
) -> None:
    """Sealed beside the keyring; no file of the data directory holds them in the clear."""
    words = ("orders", "sync", "--set-credentials", "-", "--host=local")
    assert told(*words, stdin=CREDENTIALS) == {"merchant": "default", "host": "local"}
    assert otto.seen == ["/v1/token"]
    assert (data / "credentials.json").exists()
    for path in filter(Path.is_file, data.rglob("*")):
        content = path.read_bytes()
        assert CLIENT_SECRET.encode() not in content
        assert CLIENT_ID.encode() not in content


@pytest.mark.parametrize(
    ("stdin", "says"),
    [
        (b"{", "client_id: is missing"),
        (b'{"client_id": "hunter2"}', "client_secret: is missing"),
        (b'{"client_id": "hunter2", "client_secret": 7}', "client_secret: is missing"),
        (b'{"client_id": "hunter2", "client_secret": "hunter3"}', "OTTO gives no token"),
    ],
)
def test_credentials_that_do_not_work_are_not_kept(
    otto: LocalOtto, gateway: Gateway, data: Path, stdin: bytes, says: str
) -> None:
    """The fault is told without a word of them."""
    result = gateway("orders", "sync", "--set-credentials", "-", "--host=local", stdin=stdin)
    assert result.exit_code == 1
    assert says in result.output
    assert "hunter" not in result.output
    assert not (data / "credentials.json").exists()


def test_a_host_that_is_not_configured_is_named(otto: LocalOtto, gateway: Gateway) -> None:
    """With those that are."""
    result = gateway("orders", "sync", "--set-credentials", "-", "--host=moon", stdin=CREDENTIALS)
    assert result.exit_code == 1
    assert "host: must be one of local, production, sandbox" in result.output


def test_without_credentials_the_way_to_them_is_told(otto: LocalOtto, gateway: Gateway) -> None:
    """Nothing is asked of OTTO."""
    result = gateway("orders", "sync")
    assert result.exit_code == 1
    assert "gateway orders sync --set-credentials" in result.output
    assert otto.seen == []


def test_orders_and_deliveries_come_over(set_up: Gateway) -> None:
    """Counts are shown, each rejected order is named with its fault, and nothing of a contact."""
    result = set_up("orders", "sync")
    assert result.exit_code == 1, result.output
    assert "Orders: 2 stored, 0 unchanged, 1 rejected, on 1 pages" in result.stdout
    assert "Deliveries: 1 shipments arrived, of 1 orders here" in result.stdout
    assert f"rejected: order {order_number(3)}: orderDate: " in result.stderr
    assert "erika" not in result.output.casefold()
    again = set_up("orders", "sync")
    assert again.exit_code == 0, again.output
    assert "Orders: 0 stored, 2 unchanged, 0 rejected" in again.stdout


def test_all_of_it_is_told_as_json(set_up: Gateway, otto: LocalOtto) -> None:
    """For monitoring; with the paths that OTTO takes down."""
    otto.orders.popitem()
    otto.sunset = NOW.replace(year=2027)
    otto.shipments.append({"creationDate": NOW.isoformat()})
    result = set_up("orders", "sync", "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout) == {
        "orders": {"pages": 1, "stored": 2, "unchanged": 0, "rejected": 0, "complete": True},
        "deliveries": {"pages": 1, "delivered": 1, "orders": 1, "unreadable": 1},
        "sunsets": {"/v4/orders": "2027-11-23T12:00:00Z"},
    }
    spoken = set_up("orders", "sync").stdout
    assert "OTTO takes /v4/orders down on 2027-11-23T12:00:00Z" in spoken
    assert "1 shipments had not the shape of one" in spoken


def test_the_end_of_a_path_is_told_though_the_sync_fails(set_up: Gateway, otto: LocalOtto) -> None:
    """Before it, by the day; after it, by what to look for."""
    otto.sunset = NOW.replace(year=2027)
    otto.troubles += [passes, passes, fails(400)]
    result = set_up("orders", "sync")
    assert result.exit_code == 1
    assert "OTTO takes /v4/orders down on 2027-11-23T12:00:00Z" in result.stderr
    otto.troubles += [passes, fails(410)]
    assert "was it taken down? look for a newer version" in set_up("orders", "sync").stderr


def test_everything_since_a_day_is_read_again(set_up: Gateway, otto: LocalOtto) -> None:
    """Though it came before."""
    otto.orders.popitem()
    set_up("orders", "sync")
    otto.put(an_otto_order(4, minutes=60 * 24 * 60))
    assert "1 stored" in set_up("orders", "sync", "--since=2026-09-01").stdout


def test_two_do_not_sync_at_a_time(set_up: Gateway, services: Services) -> None:
    """The second is told so; it is no fault of OTTO's."""
    assert holding.take(services.store, "otto.orders:default", "another") is not None
    result = set_up("orders", "sync")
    assert result.exit_code == 1
    assert "are being synced already" in result.output


def test_a_fault_lets_go_of_the_turn(set_up: Gateway, otto: LocalOtto, services: Services) -> None:
    """The next sync may begin at once; how this one ended is remembered."""
    otto.troubles.append(fails(503))
    result = set_up("orders", "sync")
    assert result.exit_code == 1
    assert "OTTO answers with status 503" in result.output
    with services.store.read() as connection:
        [task] = tasks.every(connection)
    assert (task.holder, task.outcome) == (None, "failed")


def test_the_doctor_asks_what_otto_allows(set_up: Gateway, otto: LocalOtto) -> None:
    """A scope that is missing is named before a sync fails for want of it."""

    def said() -> dict[str, str]:
        found = json.loads(set_up("doctor", "--json").stdout)["findings"]
        return {one["says"]: one["health"] for one in found if one["part"] == "OTTO"}

    assert said() == {"default: answers, and allows what is needed": "ok"}
    otto.scopes = frozenset({"orders", "availability", "shipping-profiles"})
    assert said() == {"default: the credentials do not allow shipments": "broken"}


def test_another_merchant_has_credentials_of_its_own(set_up: Gateway) -> None:
    """One merchant's do not serve the other."""
    result = set_up("orders", "sync", "--merchant=other")
    assert result.exit_code == 1
    assert "no credentials for OTTO of other" in result.output
    words = ("orders", "sync", "--merchant=other", "--set-credentials", "-", "--host=local")
    assert set_up(*words, stdin=CREDENTIALS).exit_code == 0
    assert "2 stored" in set_up("orders", "sync", "--merchant=other").stdout


def test_a_host_that_left_the_configuration_is_named(
    set_up: Gateway, environment: dict[str, str]
) -> None:
    """The kept credentials belong there, and nowhere else."""
    config = Path(environment["GATEWAY_CONFIG"]).parent / "marketplaces" / "otto.toml"
    config.write_text(config.read_text().replace("\nlocal = ", "\nlokal = "))
    result = set_up("orders", "sync")
    assert result.exit_code == 1
    assert "api.hosts.local: the kept credentials belong there" in result.output

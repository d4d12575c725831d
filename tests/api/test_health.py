"""Whether the service lives, whether it can work, and what happens to releases when it cannot."""

import json
from collections.abc import Callable

import pytest
from sqlalchemy import event, text

from gateway.app import create_app
from gateway.usecases.services import Services
from tests.api.conftest import Api
from tests.conftest import Clock

NUMBER = "bagm62dvgp"
PRIVATE = ("Erika", "Mustermann", "23125001", "erika@example.org")


def make_read_only(services: Services) -> None:
    """From now on every connection refuses to write, as a database on a broken disk does."""
    engine = services.store.database.engine
    engine.dispose()
    event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA query_only=1"))


def make_full(services: Services) -> None:
    """From now on the database may not grow by a page."""
    engine = services.store.database.engine
    engine.dispose()
    event.listen(
        engine, "connect", lambda connection, _: connection.execute("PRAGMA max_page_count=1")
    )


def entries(services: Services) -> int:
    """How many entries are on record."""
    with services.store.read() as connection:
        return int(connection.execute(text("SELECT count(*) FROM entries")).scalar_one())


def test_the_process_says_that_it_lives(api: Api, services: Services) -> None:
    """Also when the database is gone: restarting would not mend that."""
    services.store.database.engine.dispose()
    make_read_only(services)
    assert api.get("/healthz").get_json() == {"status": "alive"}


def test_readiness_names_every_part(api: Api) -> None:
    """Each of them was asked, and works."""
    answer = api.get("/readyz")
    assert answer.status_code == 200
    parts = {"database": "ok", "migrations": "ok", "keyring": "ok", "policy": "ok"}
    assert answer.get_json() == {"status": "ready", "parts": parts}


def test_without_a_record_nothing_is_released(api: Api, services: Services, clock: Clock) -> None:
    """503 for the release, the refusal, the batch and the decision; /readyz says why."""
    api.assigned()
    before = entries(services)
    make_read_only(services)
    batch = {"purpose": "delivery-appointment", "items": [{"order_number": NUMBER}]}
    marketing = {"order_number": NUMBER, "purpose": "marketing"}
    for answer in (
        api.release(),
        api.post("/v1/releases", "dachser", json=marketing),
        api.post("/v1/releases/batch", "dachser", json=batch),
        api.post("/v1/decisions", "dachser", json=marketing),
        api.get("/v1/audit/entries", "reviewer"),
    ):
        assert answer.status_code == 503
        assert answer.get_json()["parts"].keys() == {"log"}
        assert not any(private in answer.text for private in PRIVATE)
    clock.advance(seconds=1)
    answer = api.get("/readyz")
    assert answer.status_code == 503
    assert "cannot be written" in answer.get_json()["parts"]["database"]
    assert entries(services) == before


def test_on_a_full_disk_every_contact_that_left_is_on_record(api: Api, services: Services) -> None:
    """Releases go on as long as their entries fit, and stop with them."""
    api.assigned()
    before = entries(services)
    make_full(services)
    released = 0
    while (answer := api.release()).status_code == 200:
        released += 1
    assert answer.status_code == 503
    assert not any(private in answer.text for private in PRIVATE)
    assert entries(services) == before + released


def test_without_its_key_no_contact_is_claimed_to_have_left(
    api: Api, a_gateway: Callable[..., Services], services: Services
) -> None:
    """A lost keyring: 503 before there is an entry; readiness tells of the key by its name alone."""
    api.assigned()
    before = entries(services)
    services.settings.keys.keyring.unlink()
    restarted = Api(create_app(a_gateway()), api.tokens)
    answer = restarted.get("/readyz")
    assert answer.get_json()["parts"].keys() == {"keyring"}
    assert "contact-2026-11-23-1" in answer.text
    assert restarted.release().status_code == 503
    assert entries(services) == before


def test_a_database_of_another_version_is_told(api: Api, services: Services) -> None:
    """With the command that mends it."""
    with services.store.database.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'later'"))
    answer = api.get("/readyz")
    assert answer.get_json()["parts"].keys() == {"migrations"}
    assert "gateway init" in answer.get_json()["parts"]["migrations"]


def test_asking_often_costs_one_commit_a_second(api: Api, services: Services, clock: Clock) -> None:
    """Whoever asks without a token gets the last answer, until it is a second old."""
    commits: list[str] = []
    event.listen(services.store.database.engine, "commit", lambda _: commits.append("commit"))
    for _ in range(5):
        api.get("/readyz")
    once = len(commits)
    clock.advance(seconds=1)
    api.get("/readyz")
    assert len(commits) == 2 * once


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"])
def test_the_metrics_are_for_this_machine(api: Api, header: str) -> None:
    """Not for another address, and not for what a proxy on this machine passes on."""
    assert api.get("/metrics").status_code == 200
    assert api.get("/metrics", headers={header: "127.0.0.1"}).status_code == 401
    assert api.get("/metrics", environ_base={"REMOTE_ADDR": "192.0.2.1"}).status_code == 401
    assert api.get("/metrics", environ_base={"REMOTE_ADDR": "::1"}).status_code == 200


def test_with_a_token_of_their_own_the_metrics_are_for_whoever_has_it(
    an_api: Callable[..., Api],
) -> None:
    """And then for nobody else, on this machine neither; it opens nothing but the metrics."""
    token = "metrics-token-of-this-test"
    api = an_api(GATEWAY_SERVICE__METRICS_TOKEN=token)
    mine = {"Authorization": f"Bearer {token}"}
    away = {"REMOTE_ADDR": "192.0.2.1"}
    assert api.get("/metrics", headers=mine, environ_base=away).status_code == 200
    assert api.get("/metrics").status_code == 401
    assert api.get("/metrics", "reviewer").status_code == 401
    assert api.get("/v1/policy", headers=mine).status_code == 401


def test_requests_are_counted_by_template_and_never_by_address(api: Api) -> None:
    """The order's number is in no label, nor is any address that nobody has heard of."""
    api.orders()
    api.get(f"/v1/orders/{NUMBER}", "merchant")
    api.get(f"/{NUMBER}")
    api("BREW", "/healthz")
    metrics = api.get("/metrics").text
    counted = 'gateway_requests_total{method="GET",route="/v1/orders/<order_number>",status="404"}'
    assert f"{counted} 1.0" in metrics
    assert 'gateway_requests_total{method="GET",route="unmatched",status="404"} 1.0' in metrics
    assert 'method="OTHER"' in metrics
    assert "BREW" not in metrics
    assert NUMBER not in metrics
    assert 'gateway_request_seconds_count{method="GET",route="/healthz"}' not in metrics


def test_the_probes_hold_no_data(api: Api) -> None:
    """Orders, contacts and clients do not show in what anybody may ask."""
    api.assigned()
    api.release()
    for path in ("/healthz", "/readyz", "/metrics", "/docs", "/openapi.json"):
        text_ = api.get(path).text
        assert not any(private in text_ for private in (*PRIVATE, NUMBER, *api.tokens.values()))
        assert json.dumps(text_)

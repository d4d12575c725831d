"""Who is let in, from which moment on no more, and what a stranger is told."""

from datetime import timedelta

import pytest

from gateway.app import create_app
from gateway.usecases import clients
from gateway.usecases.services import Services
from policies.question import Role
from tests.api.conftest import Api
from tests.conftest import Clock, Template

UNKNOWN = "cgw_" + "A" * 43


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        f"Bearer {UNKNOWN}",
        f"Bearer {UNKNOWN} {UNKNOWN}",
        f"Basic {UNKNOWN}",
        UNKNOWN,
        "Bearer " + "A" * 100_000,
        "Bearer cgw_\u00e4",
    ],
)
def test_whoever_has_no_good_token_is_told_how_to_send_one(api: Api, header: str | None) -> None:
    """401 with a challenge (RFC 6750 §3), and no hint which tokens there ever were."""
    headers = {} if header is None else {"Authorization": header}
    answer = api.get("/v1/policy", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="')
    assert ("invalid_token" in answer.headers["WWW-Authenticate"]) == (header is not None)
    assert "AAAA" not in answer.text


def test_the_scheme_is_written_in_any_case(api: Api) -> None:
    """Authentication schemes are compared without regard to case (RFC 9110 §11.1)."""
    headers = {"Authorization": f"bEaReR {api.tokens['reviewer']}"}
    assert api.get("/v1/policy", headers=headers).status_code == 200


def test_a_revoked_token_stops_working_in_every_worker_at_once(
    template: Template, services: Services, a_gateway: object
) -> None:
    """Two applications on one database: what is revoked through one counts in the other."""
    assert callable(a_gateway)
    here = Api(create_app(services), template.tokens)
    there = Api(create_app(a_gateway()), template.tokens)
    assert there.get("/v1/policy", "reviewer").status_code == 200
    [reviewer] = [
        one for one in clients.listing(services.store, "default") if one.role is Role.REVIEWER
    ]
    clients.revoke(services.store, "default", reviewer.client_id)
    assert here.get("/v1/policy", "reviewer").status_code == 401
    assert there.get("/v1/policy", "reviewer").status_code == 401


def test_an_expired_token_stops_working(
    template: Template, services: Services, clock: Clock
) -> None:
    """A token counts until the moment it expires, and not in it."""
    _, token = clients.create(
        services.store, "default", Role.REVIEWER, None, "guest", None, timedelta(days=1)
    )
    api = Api(create_app(services), {"guest": token})
    clock.advance(days=1, microseconds=-1)
    assert api.get("/v1/policy", "guest").status_code == 200
    clock.advance(microseconds=1)
    assert api.get("/v1/policy", "guest").status_code == 401


@pytest.mark.parametrize("name", ["access_token", "token", "api_key"])
def test_a_token_in_the_address_is_refused_even_beside_a_good_header(api: Api, name: str) -> None:
    """Addresses end up in logs: nobody is to get used to it."""
    answer = api.get(f"/v1/policy?{name}={api.tokens['reviewer']}", "reviewer")
    assert answer.status_code == 400
    assert answer.get_json(force=True)["title"] == "Token in the address"
    assert api.tokens["reviewer"] not in answer.text


def test_a_client_sees_its_own_merchants_orders_only(api: Api) -> None:
    """The same number with another merchant is another order, or none."""
    api.assigned()
    assert api.get("/v1/orders/bagm62dvgp", "other-merchant").status_code == 404
    assert api.get("/v1/orders/bagm62dvgp/shop-contact", "other-shop").status_code == 404
    refusal = api.release("other-dachser")
    assert refusal.status_code == 403
    codes = [reason["code"] for reason in refusal.get_json(force=True)["reasons"]]
    assert codes == ["recipient_not_responsible"]
    entries = api.get("/v1/audit/entries", "other-reviewer").get_json()["entries"]
    assert {entry["merchant"] for entry in entries} == {"other"}

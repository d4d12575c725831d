"""Who may call what: walked over the real route table, so that no route can be forgotten."""

import re
from collections.abc import Iterator

import pytest
from flask import Flask

from gateway.app import create_app
from gateway.usecases.services import Services
from policies.question import Role
from tests.api.conftest import Api

LOGS = ("/v1/audit", "/v1/audit/logs/<merchant>/<period>")
"""The current log of the default merchant, and every log under its own address."""

OPEN = {
    *(
        "/healthz",
        "/readyz",
        "/metrics",
        "/openapi.json",
        "/docs",
        "/docs/docs.css",
        "/docs/integrate",
    ),
    *("/oauth/token", "/.well-known/oauth-authorization-server"),
    *(f"{log}/{file}" for log in LOGS for file in ("key", "checkpoint", "checkpoint/witnessed")),
    *(f"{log}/tile/<level>/<path:index>" for log in LOGS),
}

ROLES = {
    ("POST", "/v1/orders"): {"merchant"},
    ("GET", "/v1/orders/<order_number>"): {"merchant"},
    ("PUT", "/v1/orders/<order_number>/carrier"): {"merchant"},
    ("GET", "/v1/orders/<order_number>/shop-contact"): {"merchant", "shop"},
    ("POST", "/v1/releases"): set(Role),
    ("POST", "/v1/releases/batch"): set(Role),
    ("POST", "/v1/decisions"): set(Role),
    ("POST", "/v1/handovers/<carrier>"): {"merchant"},
    ("GET", "/v1/appointments"): {"carrier"},
    ("PUT", "/v1/appointments/<order_number>"): {"carrier"},
    ("POST", "/v1/appointments/<order_number>/delivered"): {"carrier"},
    ("GET", "/v1/audit/entries"): {"reviewer"},
    ("GET", "/v1/audit/receipts/<release_id>"): {"reviewer", "carrier"},
    ("GET", "/v1/policy"): {"reviewer"},
    **{("GET", f"{log}/tile/entries/<path:index>"): {"reviewer"} for log in LOGS},
}


def routes(app: Flask) -> Iterator[tuple[str, str]]:
    """Every method of every rule that the application knows."""
    for rule in app.url_map.iter_rules():
        for method in rule.methods or ():
            yield method, rule.rule


def test_every_route_wants_a_token_unless_it_is_on_the_list(services: Services) -> None:
    """A route that was added without authentication fails here."""
    app = create_app(services)
    walked = 0
    for method, rule in routes(app):
        answer = app.test_client().open(re.sub("<[a-z_:]+>", "x", rule), method=method)
        assert (answer.status_code == 401) == (rule not in OPEN), (method, rule)
        walked += 1
    assert walked > len(ROLES)


def test_every_route_is_for_the_roles_of_the_contract(api: Api) -> None:
    """Each role is let in where the contract says so, and nowhere else."""
    walked = {(method, rule) for method, rule in routes(api.app) if rule not in OPEN}
    assert {route for route in walked if route[0] != "HEAD"} == ROLES.keys()
    for (method, rule), roles in ROLES.items():
        for role in Role:
            client = "dachser" if role is Role.CARRIER else role.value
            answer = api(method, re.sub("<[a-z_:]+>", "x", rule), client)
            problem = answer.get_json(silent=True, force=True) or {}
            refused = problem.get("title") == "Not for this role"
            assert refused == (role not in roles), (method, rule, role)
            assert not refused or answer.status_code == 403


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/v1/nothing", 404),
        ("GET", "/v1//policy", 404),
        ("GET", "/v1/policy/", 404),
        ("GET", "/docs/../openapi.json", 404),
        ("GET", "/docs/docs.html", 404),
        ("DELETE", "/v1/orders/bagm62dvgp", 405),
        ("OPTIONS", "/v1/releases", 405),
        ("POST", "/healthz", 405),
    ],
)
def test_what_is_no_route_is_a_problem_and_never_a_redirect(
    api: Api, method: str, path: str, status: int
) -> None:
    """Addresses are taken as they stand: a redirect would repeat them, to whoever asks."""
    answer = api(method, path)
    assert answer.status_code == status
    assert "Location" not in answer.headers
    assert ("Allow" in answer.headers) == (status == 405)


def test_a_segment_of_odd_characters_names_nothing(api: Api) -> None:
    """No database is asked for a name that no order can have."""
    for odd in ("%00", "a%00b", "%F0%9F%98%80", "%ff", "a b", "a" * 65):
        assert api.get(f"/v1/orders/{odd}", "merchant").status_code == 404


def test_a_head_is_answered_like_a_get_but_without_the_body(api: Api) -> None:
    """HEAD passes the same gates."""
    assert api.app.test_client().head("/v1/policy").status_code == 401
    answer = api.app.test_client().head(
        "/v1/policy", headers={"Authorization": f"Bearer {api.tokens['reviewer']}"}
    )
    assert (answer.status_code, answer.data) == (200, b"")

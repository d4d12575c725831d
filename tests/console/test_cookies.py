"""A session belongs to the browser that signed in, and to no cookie that was there before."""

from collections.abc import Callable

import pytest

from gateway.app import create_app
from gateway.model.account import Office
from gateway.usecases.people import accounts
from gateway.usecases.services import Services
from tests.conftest import Clock
from tests.console.conftest import Reader

PLANTED = "A" * 43


def planted(reader: Reader, name: str) -> None:
    """A cookie that somebody else put into this browser."""
    reader.client.set_cookie(name, PLANTED, domain="localhost", path="/console")


@pytest.mark.parametrize("name", ["console", "console_form"])
def test_a_planted_cookie_is_worth_nothing_after_sign_in(
    a_reader: Callable[[], Reader], name: str
) -> None:
    """Session fixation: whoever planted it is not signed in with its victim."""
    victim, attacker = a_reader(), a_reader()
    planted(victim, name)
    planted(attacker, "console")
    victim.sign_in(Office.REVIEWER)
    cookie = victim.client.get_cookie("console", domain="localhost", path="/console")
    assert cookie is not None
    assert cookie.value != PLANTED
    assert attacker.get("/console/account").status_code == 303


def test_the_cookie_is_for_this_site_and_no_script(reader: Reader, services: Services) -> None:
    """Not readable by scripts, not sent along from other sites, gone with the browser."""
    token = accounts.link(
        services.store, accounts.create(services.store, "default", "ada", Office.REVIEWER)
    )
    reader.get(f"/console/link/{token}")
    [cookie] = reader.post(f"/console/link/{token}").headers.getlist("Set-Cookie")
    assert {part.strip() for part in cookie.split(";")[1:]} == {
        "HttpOnly",
        "Path=/console",
        "SameSite=Strict",
    }


def test_over_https_the_cookie_is_bound_to_host_and_encryption(
    a_gateway: Callable[..., Services],
) -> None:
    """The prefix has browsers refuse it from anywhere else."""
    services = a_gateway(GATEWAY_CONSOLE__ADDRESS="https://gateway.example")
    client = create_app(services).test_client()
    answer = client.get("/console/sign-in", base_url="https://gateway.example")
    [cookie] = answer.headers.getlist("Set-Cookie")
    assert cookie.startswith("__Host-console_form=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Strict"} <= {
        part.strip() for part in cookie.split(";")
    }


def test_signing_out_forgets_the_session_on_both_sides(reviewer: Reader) -> None:
    """The cookie goes, and whoever kept it has nothing."""
    cookie = reviewer.client.get_cookie("console", domain="localhost", path="/console")
    assert cookie is not None
    reviewer.get("/console/account")
    reviewer.post("/console/sign-out")
    assert reviewer.client.get_cookie("console", domain="localhost", path="/console") is None
    reviewer.client.set_cookie("console", cookie.value, domain="localhost", path="/console")
    assert reviewer.get("/console/account").status_code == 303


def test_a_session_without_use_ends(reviewer: Reader, clock: Clock) -> None:
    """Half an hour away from the desk."""
    clock.advance(minutes=31)
    assert reviewer.get("/console/account").status_code == 303

"""A visitor is never sent anywhere but to the console's own pages."""

import pytest

from gateway.model.account import Office
from gateway.usecases.people import accounts
from gateway.usecases.services import Services
from tests.console.conftest import Reader

ELSEWHERE = [
    "https://evil.example/",
    "//evil.example/console/",
    "/console//evil.example",
    "/console/../v1/policy",
    "\\\\evil.example",
    "/\\evil.example",
    "/console/\\evil.example",
    "/console/account\r\nSet-Cookie: a=b",
    "javascript:alert(1)",
    "/console/nothing-here",
    "/console/sign-out",
    "/v1/policy",
    "console/account",
    "",
]


@pytest.mark.parametrize("address", ELSEWHERE)
def test_changing_the_language_leads_back_to_own_pages_only(reader: Reader, address: str) -> None:
    """What the form says is checked, not believed."""
    reader.get("/console/sign-in")
    answer = reader.post("/console/language", language="en", next=address)
    assert answer.headers["Location"] == "/console/"


@pytest.mark.parametrize("address", ELSEWHERE)
def test_the_sign_in_page_carries_no_foreign_address(reader: Reader, address: str) -> None:
    """Neither into its form nor out of it."""
    answer = reader.get("/console/sign-in", query_string={"next": address})
    assert 'name="next" value=""' in answer.text


def test_signing_in_leads_to_where_one_wanted_to_go(reader: Reader, services: Services) -> None:
    """A bookmark survives the way through the door."""
    answer = reader.get("/console/account?done=password")
    assert answer.headers["Location"] == "/console/sign-in?next=/console/account?done%3Dpassword"
    shown = reader.follow(answer)
    assert 'name="next" value="/console/account?done=password"' in shown.text
    accounts.create(services.store, "default", "ada", Office.REVIEWER)


def test_a_link_on_another_site_does_not_sign_out(reviewer: Reader) -> None:
    """Its cookie stays at home at first, so the page is asked for again from here."""
    reviewer.client.delete_cookie("console", domain="localhost", path="/console")
    answer = reviewer.get(
        "/console/account?done=sessions", headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert 'http-equiv="refresh"' in answer.text
    assert 'href="/console/account?done=sessions"' in answer.text
